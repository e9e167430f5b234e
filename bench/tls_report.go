package main

import "fmt"

// tlsTables prints what was measured over TLS.
func (m *measurement) tlsTables(p *page) {
	p.printf("\n### Over TLS\n\n")
	if m.TLS.Skipped != "" {
		p.printf("Not measured: %s.\n", m.TLS.Skipped)
		return
	}
	for what, why := range map[string]string{"at 0.1 CPU": m.TLS.NoQuota, "instructions": m.TLS.NoInstructions} {
		if why != "" {
			p.printf("Not measured, %s: %s.\n\n", what, why)
		}
	}
	m.TLS.coldTable(p)
	m.TLS.warmTable(p)
	m.TLS.sweepTable(p)
}

func (r *overTLS) coldTable(p *page) {
	p.printf("| start to first verdict | poll, ms | first event, ms | CPU, ms | ÷ floor | instructions, million | page faults | resident after, KB | at 0.1 CPU, ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, q := range r.Programs {
		c := q.Cold
		p.printf("| %s | %.2f | %.2f | %.2f | %.2f | %s | %d | %d | %s |\n", q.Name, c.Poll/1000, c.Event/1000, c.CPU/1000, c.CPU/r.Programs[tlsFloor].Cold.CPU,
			orEmpty("%.1f", q.Instructions/1e6), c.Faults, c.AfterEvent, orEmpty("%.0f", q.Quota/1000))
	}
}

func (r *overTLS) warmTable(p *page) {
	p.printf("\n| warm event, each of a bucket of its own | ms | CPU, ms | full handshakes | resumed |\n|---|--:|--:|--:|--:|\n")
	for _, q := range r.Programs {
		if w := q.Warm; w != nil {
			p.printf("| %s | %.2f | %.2f | %.2f | %.2f |\n", q.Name, w.Event/1000, w.CPU/1000, w.Full, w.Resumed)
		}
	}
}

func (r *overTLS) sweepTable(p *page) {
	p.printf("\n| buckets, OSS 20 ms | | s | CPU per bucket, ms | peak, KB | full handshakes | resumed |\n|--:|---|--:|--:|--:|--:|--:|\n")
	for _, s := range r.Sweeps {
		p.printf("| %d | %s | %.2f | %.2f | %d | %d | %d |\n", s.Buckets, s.What, s.Seconds, s.CPU/1000, s.Peak, s.Full, s.Resumed)
	}
}

// orEmpty prints v unless it was not measured.
func orEmpty(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// goals are those that were measured.
func (r *overTLS) goals() (goals []goal) {
	if r.Skipped != "" {
		return nil
	}
	floor, put, ours := r.Programs[tlsFloor], r.Programs[tlsPut], r.Programs[tlsDeployed]
	goals = []goal{
		{"TLS: CPU to the first verdict, × put", 0.35, ours.Cold.CPU / put.Cold.CPU},
		{"TLS: CPU to the first verdict, × floor", 1.5, ours.Cold.CPU / floor.Cold.CPU},
		{"TLS: resident after the first event, MB", 10.5, float64(ours.Cold.AfterEvent) / 1000},
		{"TLS: CPU of a warm event of a new bucket, ms", 1.25, ours.Warm.CPU / 1000},
		{"TLS: full handshakes of a warm event of a new bucket", 0.05, ours.Warm.Full},
	}
	if ours.Instructions > 0 {
		goals = append(goals, goal{"TLS: instructions to the first verdict, million", 13, ours.Instructions / 1e6})
	}
	for _, s := range r.Sweeps {
		if s.What == sweepAlone {
			goals = append(
				goals,
				goal{fmt.Sprintf("TLS: sweep of %d: CPU per bucket, ms", s.Buckets), 0.6, s.CPU / 1000},
				goal{fmt.Sprintf("TLS: sweep of %d: full handshakes", s.Buckets), 64 + 0.05*float64(s.Buckets), float64(s.Full)},
			)
		}
	}
	return goals
}
