package main

import (
	"context"
	"errors"
)

// tlsWarm is how a program does with events that are each of another bucket, so each of
// another host: medians of the rounds, for one event.
type tlsWarm struct {
	Event   float64 `json:"event_us"`
	CPU     float64 `json:"cpu_us"`
	Full    float64 `json:"full_handshakes"`
	Resumed float64 `json:"resumed"`
}

const (
	tlsWarmRounds = 5
	tlsWarmEvents = 200
)

// warm sends the programs events, one at a time, in turn.
func (r *overTLS) warm(ctx context.Context) (err error) {
	var warmed []*tlsProgram
	var children []*child
	defer func() {
		for _, c := range children {
			err = errors.Join(err, c.stop())
		}
	}()
	for _, p := range r.Programs {
		if p.Warm == nil {
			continue
		}
		c, err := p.launch().start(ctx)
		if err != nil {
			return err
		}
		warmed, children = append(warmed, p), append(children, c)
	}
	samples := make([][]tlsWarm, len(warmed))
	for round := range tlsWarmRounds + 1 {
		for i := range turns(round, len(warmed)) {
			w, err := r.warmRound(ctx, children[i], round*tlsWarmEvents)
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], w)
		}
	}
	for i, p := range warmed {
		p.Warm.Event = medianOf(samples[i], func(w tlsWarm) float64 { return w.Event })
		p.Warm.CPU = medianOf(samples[i], func(w tlsWarm) float64 { return w.CPU })
		p.Warm.Full = medianOf(samples[i], func(w tlsWarm) float64 { return w.Full })
		p.Warm.Resumed = medianOf(samples[i], func(w tlsWarm) float64 { return w.Resumed })
	}
	return nil
}

// warmRound sends the events of the buckets from first.
func (r *overTLS) warmRound(ctx context.Context, c *child, first int) (w tlsWarm, err error) {
	conns, resumed, cpu := r.oss.conns.Load(), r.oss.resumed.Load(), c.cpu()
	times := make([]float64, 1, tlsWarmEvents+1)
	for i := range tlsWarmEvents {
		took, err := c.invoke(ctx, created(bucketName(first+i)))
		if err != nil {
			return w, err
		}
		times = append(times, us(took))
	}
	w.Resumed = float64(r.oss.resumed.Load()-resumed) / tlsWarmEvents
	w.Full = float64(r.oss.conns.Load()-conns)/tlsWarmEvents - w.Resumed
	w.Event, w.CPU = median(times), us(c.cpu()-cpu)/tlsWarmEvents
	return w, nil
}
