package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// publish prints the tables, and writes what o asks for.
func publish(o options, m *measurement) error {
	tables := m.markdown()
	fmt.Print(tables)
	if o.json != "" {
		body, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(o.json), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(body, '\n'), 0o600); err != nil {
			return err
		}
	}
	if o.doc == "" {
		return nil
	}
	doc, err := os.ReadFile(o.doc)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(doc), docStart)
	_, after, closed := strings.Cut(rest, docEnd)
	if !found || !closed {
		return errors.New(o.doc + " has no place for the tables: " + docStart + " ... " + docEnd)
	}
	return os.WriteFile(o.doc, []byte(before+docStart+"\n"+tables+docEnd+after), 0o600)
}

// The tables stand between these in the document.
const (
	docStart = "<!-- bench: begin -->"
	docEnd   = "<!-- bench: end -->"
)

// page collects Markdown.
type page struct{ strings.Builder }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (m *measurement) markdown() string {
	var p page
	p.printf("\n%s, %d CPUs, %s, Linux amd64.\n", m.Time.Format("2 January 2006"), m.CPUs, m.Go)
	m.goalTable(&p)
	m.coldTable(&p)
	m.warmTable(&p)
	m.sweepTable(&p)
	m.tlsTables(&p)
	m.commandTable(&p)
	m.moduleTable(&p)
	return p.String()
}

func (m *measurement) goalTable(p *page) {
	p.printf("\n### Goals\n\n| goal | limit | measured | |\n|---|--:|--:|---|\n")
	for _, g := range m.goals() {
		met := "met"
		if g.value > g.limit {
			met = "**not met**"
		}
		p.printf("| %s | %s | %s | %s |\n", g.name, number(g.limit), number(g.value), met)
	}
}

// number prints with no more digits than mean something.
func number(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func (m *measurement) coldTable(p *page) {
	p.printf("\n### Size and cold start\n\n| | bare | put | bucketwarden | ÷ bare | ÷ put |\n|---|--:|--:|--:|--:|--:|\n")
	for _, row := range []struct {
		name, format string
		of           func(*program) float64
	}{
		{"binary, KB", "%.0f", func(p *program) float64 { return float64(p.Binary) / 1000 }},
		{"zip, KB", "%.0f", func(p *program) float64 { return float64(p.Zip) / 1000 }},
		{"start to first poll, ms", "%.2f", func(p *program) float64 { return p.Cold.Poll / 1000 }},
		{"CPU until then, ms", "%.2f", func(p *program) float64 { return p.Cold.PollCPU / 1000 }},
		{"first event, ms", "%.2f", func(p *program) float64 { return p.Cold.Event / 1000 }},
		{"CPU from the start to its answer, ms", "%.2f", func(p *program) float64 { return p.Cold.EventCPU / 1000 }},
		{"resident at the first poll, KB", "%.0f", func(p *program) float64 { return float64(p.Cold.Resident) }},
		{"of it memory of its own, KB", "%.0f", func(p *program) float64 { return float64(p.Cold.Own) }},
		{"resident after the first event, KB", "%.0f", func(p *program) float64 { return float64(p.Cold.AfterEvent) }},
	} {
		b, s, w := row.of(m.Programs[bare]), row.of(m.Programs[put]), row.of(m.Programs[warden])
		p.printf("| %s | "+row.format+" | "+row.format+" | "+row.format+" | %.2f | %.2f |\n", row.name, b, s, w, w/b, w/s)
	}
	p.printf("\nWith Bucketwarden's build flags, bare is %d KB; the binary is %.2f times that.\n", m.BareOurWay/1000, float64(m.Programs[warden].Binary)/float64(m.BareOurWay))
}

func (m *measurement) warmTable(p *page) {
	p.printf("\n### Warm events\n\n| load | | events/s | one event, µs | CPU, µs | bytes | allocations | OSS calls | new connections | peak, KB |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for i, l := range loads {
		for _, program := range m.Programs {
			w := program.Warm[i]
			p.printf("| %s | %s | %.0f | %.0f | %.0f | %s | %s | %s | %.0f | %d |\n", l, program.Name,
				w.Rate, w.Event, w.CPU, orNone(w.Bytes), orNone(w.Count), number(w.Calls), w.Conns, w.Peak)
		}
	}
}

// String describes the load for people.
func (l load) String() string {
	return fmt.Sprintf("%s, %d in flight, OSS %d ms", l.Verdict, l.InFlight, l.Latency/time.Millisecond)
}

func orNone(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", v)
}

func (m *measurement) sweepTable(p *page) {
	p.printf("\n### Sweeps\n\n| buckets | addressing | OSS, ms | really, ms | s | bound, s | × bound | × a plain loop | CPU per bucket, µs | peak, KB | connections |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range m.Sweeps {
		var really, least, bound, plain string
		if s.Latency > 0 {
			really, least = fmt.Sprintf("%.1f", us(s.Real)/1000), fmt.Sprintf("%.2f", s.Bound)
			bound, plain = fmt.Sprintf("%.2f", s.Seconds/s.Bound), fmt.Sprintf("%.2f", s.Seconds/s.Plain)
		}
		p.printf("| %d | %s | %d | %s | %.2f | %s | %s | %s | %.0f | %d | %d |\n", s.Buckets, s.addressing(), s.Latency/time.Millisecond, really, s.Seconds, least, bound, plain, s.CPU, s.Peak, s.Conns)
	}
}

func (m *measurement) moduleTable(p *page) {
	p.printf("\n### What each dependency costs\n\n| | code and data, KB | init, µs | init, bytes | init, allocations |\n|---|--:|--:|--:|--:|\n")
	for _, d := range m.Modules {
		if d.Size >= 1000 || d.Init.Allocs > 0 {
			p.printf("| %s | %.0f | %.0f | %d | %d |\n", d.Path, float64(d.Size)/1000, d.Init.Time, d.Init.Bytes, d.Init.Allocs)
		}
	}
}
