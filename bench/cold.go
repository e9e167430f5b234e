package main

import (
	"context"
	"errors"
	"time"
)

// cold is how a program starts: medians of many starts. Times in microseconds.
type cold struct {
	Poll       float64 `json:"poll_us"`        // process start to first poll
	PollCPU    float64 `json:"poll_cpu_us"`    // CPU until then
	Event      float64 `json:"event_us"`       // first event, handed over to answered
	EventCPU   float64 `json:"event_cpu_us"`   // CPU from the start to that answer
	Resident   int     `json:"resident_kb"`    // at the first poll
	Own        int     `json:"own_kb"`         // the part of it that is no page of a file
	AfterEvent int     `json:"after_event_kb"` // resident after the first event
}

// settle is the time for what a process still does after it polled or answered.
const settle = 3 * time.Millisecond

// cold starts every program o.starts times, in turn.
func (m *measurement) cold(ctx context.Context, o options) error {
	oss, err := newStorage(ctx)
	if err != nil {
		return err
	}
	oss.fill(1)
	samples := make([][]cold, len(m.Programs))
	for round := range o.starts + 1 {
		for i := range turns(round, len(m.Programs)) {
			s, err := coldStart(ctx, m.Programs[i], oss)
			if err != nil {
				return errors.Join(err, oss.close())
			}
			samples[i] = append(samples[i], s)
		}
	}
	for i, p := range m.Programs {
		p.Cold = cold{
			Poll:       medianOf(samples[i], func(s cold) float64 { return s.Poll }),
			PollCPU:    medianOf(samples[i], func(s cold) float64 { return s.PollCPU }),
			Event:      medianOf(samples[i], func(s cold) float64 { return s.Event }),
			EventCPU:   medianOf(samples[i], func(s cold) float64 { return s.EventCPU }),
			Resident:   medianOf(samples[i], func(s cold) int { return s.Resident }),
			Own:        medianOf(samples[i], func(s cold) int { return s.Own }),
			AfterEvent: medianOf(samples[i], func(s cold) int { return s.AfterEvent }),
		}
	}
	return oss.close()
}

func coldStart(ctx context.Context, p *program, oss *storage) (s cold, err error) {
	c, err := launch{command: []string{p.bin}, env: oss.env()}.start(ctx)
	if err != nil {
		return s, err
	}
	time.Sleep(settle)
	s.Poll, s.PollCPU, s.Resident, s.Own = us(c.start), us(c.cpu()), c.residentKB("VmRSS"), c.residentKB("RssAnon")
	took, err := c.invoke(ctx, created(bucketName(0)))
	time.Sleep(settle)
	s.Event, s.EventCPU, s.AfterEvent = us(took), us(c.cpu()), c.residentKB("VmRSS")
	return s, errors.Join(err, c.stop())
}
