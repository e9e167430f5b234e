package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	localoss "bucketwarden/internal/local/oss"
)

// load is one kind of warm work.
type load struct {
	Verdict  string        `json:"verdict"` // compliant or fixed
	InFlight int           `json:"in_flight"`
	Latency  time.Duration `json:"latency_ns"` // of OSS
}

// loads are what every program is put under. A bucket that has a rule costs one
// call, one that has none costs three.
var loads = []load{
	{"compliant", 1, 0},
	{"fixed", 1, 0},
	{"compliant", 16, 0},
	{"compliant", 64, 0},
	{"compliant", 1, 20 * time.Millisecond},
	{"compliant", 16, 20 * time.Millisecond},
	{"compliant", 64, 20 * time.Millisecond},
}

// warm is how a program does under a load: medians of the rounds.
type warm struct {
	load
	Rate  float64 `json:"events_per_second"`
	Event float64 `json:"event_us"`    // median, handed over to answered
	CPU   float64 `json:"cpu_us"`      // of the process, for one event
	Calls float64 `json:"oss_calls"`   // for one event
	Bytes float64 `json:"bytes"`       // allocated for one event; 0 where not measured
	Count float64 `json:"allocs"`      // allocations for one event; likewise
	Peak  int     `json:"peak_kb"`     // greatest resident memory so far
	Conns float64 `json:"connections"` // opened to OSS in a round
}

// warm puts the programs under each load in turn.
func (m *measurement) warm(ctx context.Context, o options) error {
	return m.running(ctx, func(p *program) string { return p.bin }, func(oss *storage, children []*child) error {
		for i, l := range loads {
			samples := make([][]warm, len(children))
			for round := range o.rounds + 1 {
				for j := range turns(round, len(children)) {
					w, err := children[j].under(ctx, l, l.rounds(o.events), oss)
					if err != nil {
						return err
					}
					samples[j] = append(samples[j], w)
				}
			}
			for j, p := range m.Programs {
				p.warm(i).take(samples[j])
			}
		}
		return nil
	})
}

// warm returns where the results of the load with this number are kept.
func (p *program) warm(i int) *warm {
	for len(p.Warm) <= i {
		p.Warm = append(p.Warm, &warm{load: loads[len(p.Warm)]})
	}
	return p.Warm[i]
}

// rounds bounds the events of a round with latency to about two seconds.
func (l load) rounds(events int) int {
	if l.Latency == 0 {
		return events
	}
	return min(events, int(2*time.Second/l.Latency)*l.InFlight)
}

func (w *warm) take(samples []warm) {
	w.Rate = medianOf(samples, func(s warm) float64 { return s.Rate })
	w.Event = medianOf(samples, func(s warm) float64 { return s.Event })
	w.CPU = medianOf(samples, func(s warm) float64 { return s.CPU })
	w.Calls = medianOf(samples, func(s warm) float64 { return s.Calls })
	w.Conns = medianOf(samples, func(s warm) float64 { return s.Conns })
	w.Peak = samples[len(samples)-1].Peak
}

// allocations counts what one event allocates under the loads without company.
func (m *measurement) allocations(ctx context.Context, o options) error {
	return m.running(ctx, func(p *program) string { return p.counting }, func(oss *storage, children []*child) error {
		for i, l := range loads {
			if l.InFlight > 1 || l.Latency > 0 {
				continue
			}
			for j, c := range children {
				if err := c.count(ctx, l, o.events, oss, m.Programs[j].warm(i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (c *child) count(ctx context.Context, l load, events int, oss *storage, into *warm) error {
	if _, err := c.under(ctx, l, 100, oss); err != nil { // what is made once
		return err
	}
	before, err := c.allocated()
	if err != nil {
		return err
	}
	if _, err := c.under(ctx, l, events, oss); err != nil {
		return err
	}
	after, err := c.allocated()
	into.Bytes, into.Count = (after[0]-before[0])/float64(events), (after[1]-before[1])/float64(events)
	return err
}

// running starts one build of every program, and stops them after do.
func (m *measurement) running(ctx context.Context, build func(*program) string, do func(*storage, []*child) error) error {
	oss, err := newStorage(ctx)
	if err != nil {
		return err
	}
	oss.fill(slices.MaxFunc(loads, func(a, b load) int { return a.InFlight - b.InFlight }).InFlight)
	var children []*child
	for _, p := range m.Programs {
		c, lerr := launch{command: []string{build(p)}, env: oss.env()}.start(ctx)
		if lerr != nil {
			err = lerr
			break
		}
		children = append(children, c)
	}
	if err == nil {
		err = do(oss, children)
	}
	for _, c := range children {
		err = errors.Join(err, c.stop())
	}
	return errors.Join(err, oss.close())
}

// under sends the events, each worker those of a bucket of its own.
func (c *child) under(ctx context.Context, l load, events int, oss *storage) (warm, error) {
	oss.latency.Store(int64(l.Latency))
	calls, conns, cpu, start := oss.calls.Load(), oss.conns.Load(), c.cpu(), time.Now()
	times := make([]float64, events)
	errs := make([]error, l.InFlight)
	var next atomic.Int64
	var workers sync.WaitGroup
	for worker := range l.InFlight {
		workers.Go(func() {
			event := created(bucketName(worker))
			for i := next.Add(1) - 1; i < int64(events) && errs[worker] == nil; i = next.Add(1) - 1 {
				if l.Verdict == "fixed" {
					oss.SetRule(bucketName(worker), localoss.Rule{})
				}
				var took time.Duration
				took, errs[worker] = c.invoke(ctx, event)
				times[i] = us(took)
			}
		})
	}
	workers.Wait()
	took := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return warm{}, fmt.Errorf("%s, %d in flight: %w", l.Verdict, l.InFlight, err)
	}
	n := float64(events)
	return warm{
		Rate: n / took.Seconds(), Event: median(times), CPU: us(c.cpu()-cpu) / n,
		Calls: float64(oss.calls.Load()-calls) / n, Conns: float64(oss.conns.Load() - conns), Peak: c.residentKB("VmHWM"),
	}, nil
}
