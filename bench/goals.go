package main

import "fmt"

// goal is a number that is to stay within a limit.
type goal struct {
	name         string
	limit, value float64
}

func (m *measurement) goals() []goal {
	b, p, w := m.Programs[bare], m.Programs[put], m.Programs[warden]
	goals := []goal{
		{"start to first poll, × bare", 1.15, w.Cold.Poll / b.Cold.Poll},
		{"first event of a cold process, × put", 1.2, w.Cold.Event / p.Cold.Event},
		{"binary, × bare", 1.4, float64(w.Binary) / float64(b.Binary)},
		{"zip, MB", 3.5, float64(w.Zip) / 1e6},
		{"resident at the first poll, × bare", 1.25, float64(w.Cold.Resident) / float64(b.Cold.Resident)},
	}
	for i, l := range loads {
		if l.Latency > 0 {
			continue
		}
		name := fmt.Sprintf("%s, %d in flight: ", l.Verdict, l.InFlight)
		goals = append(goals, goal{name + "CPU of a warm event beyond put, µs", 10, w.Warm[i].CPU - p.Warm[i].CPU})
		if w.Warm[i].Bytes == 0 { // not measured under this load
			continue
		}
		goals = append(
			goals,
			goal{name + "bytes of a warm event beyond put, KB", 8, (w.Warm[i].Bytes - p.Warm[i].Bytes) / 1000},
			goal{name + "OSS calls", float64(callsFor[l.Verdict]), w.Warm[i].Calls},
		)
	}
	for _, s := range m.Sweeps {
		if s.Latency > 0 {
			goals = append(goals, goal{fmt.Sprintf("sweep of %d, %s, × the latency bound", s.Buckets, s.addressing()), 1.1, s.Seconds / s.Bound})
		}
	}
	return append(append(goals, m.TLS.goals()...), m.Command.goals()...)
}

// callsFor is how many calls to OSS a verdict costs: a look, and for a fix the
// write and a look at what it did.
var callsFor = map[string]int{"compliant": 1, "fixed": 3}
