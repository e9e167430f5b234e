package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// sweep is a sweep over an account in which every bucket is compliant: medians of
// its rounds.
type sweep struct {
	Buckets int           `json:"buckets"`
	Hosts   bool          `json:"virtual_hosted"` // each bucket a host, as on OSS; or path style
	Latency time.Duration `json:"latency_ns"`
	Seconds float64       `json:"seconds"`
	// Real is the latency that the stub's timers really gave, on average.
	Real time.Duration `json:"real_latency_ns"`
	// Bound is the least that this latency allows: one call for the list's first
	// page, then one for each bucket, 64 at a time.
	Bound float64 `json:"bound_seconds"`
	// Plain is how long a plain loop over the OSS SDK takes that makes the same
	// calls; 0 where there is no latency.
	Plain float64 `json:"plain_seconds"`
	Peak  int     `json:"peak_kb"`
	Conns int     `json:"connections"`
	CPU   float64 `json:"cpu_us"` // of the process, for one bucket

	rounds int
}

// addressing says for people how buckets are addressed.
func (s *sweep) addressing() string {
	if s.Hosts {
		return "virtual-hosted"
	}
	return "path style"
}

// greatestWidth is how many buckets a sweep works on at once, at the most.
const greatestWidth = 64

func plannedSweeps(largest int) []sweep {
	const latency = 20 * time.Millisecond
	return []sweep{
		{Buckets: 1000, Latency: latency, rounds: 5},
		{Buckets: 1000, Latency: latency, Hosts: true, rounds: 5},
		{Buckets: 10_000, Latency: latency, rounds: 3},
		{Buckets: 10_000, Latency: latency, Hosts: true, rounds: 3},
		{Buckets: 1000, Hosts: true, rounds: 3},
		{Buckets: largest, Hosts: true, rounds: 1},
	}
}

func (m *measurement) sweeps(ctx context.Context, o options) error {
	for _, s := range plannedSweeps(o.buckets) {
		if err := s.measure(ctx, m.sweeper); err != nil {
			return err
		}
		m.Sweeps = append(m.Sweeps, s)
	}
	return nil
}

func (s *sweep) measure(ctx context.Context, bin string) error {
	oss, err := newStub(ctx, s.Buckets, s.Latency)
	if err != nil {
		return err
	}
	var rounds, plain []sweep
	for range s.rounds {
		r, p := *s, *s
		if err := r.run(ctx, bin, oss); err != nil {
			return errors.Join(err, oss.Close())
		}
		rounds = append(rounds, r)
		if s.Latency == 0 {
			continue
		}
		if err := p.run(ctx, bin, oss, "-plain"); err != nil {
			return errors.Join(err, oss.Close())
		}
		plain = append(plain, p)
	}
	if s.Latency > 0 {
		waves := (s.Buckets + greatestWidth - 1) / greatestWidth
		s.Real = oss.realLatency()
		s.Bound = (s.Real * time.Duration(1+waves)).Seconds()
		s.Plain = medianOf(plain, func(r sweep) float64 { return r.Seconds })
	}
	s.Seconds = medianOf(rounds, func(r sweep) float64 { return r.Seconds })
	s.CPU = medianOf(rounds, func(r sweep) float64 { return r.CPU })
	s.Peak = medianOf(rounds, func(r sweep) int { return r.Peak })
	s.Conns = medianOf(rounds, func(r sweep) int { return r.Conns })
	return oss.Close()
}

func (s *sweep) run(ctx context.Context, bin string, oss *stub, flags ...string) error {
	endpoint := "http://" + oss.Addr().String()
	if s.Hosts {
		endpoint = "http://oss-cn-hangzhou.aliyuncs.com" // goes to -connect all the same
	}
	before := oss.conns.Load()
	cmd := exec.CommandContext(ctx, bin, append(flags, "-endpoint", endpoint, "-connect", oss.Addr().String())...)
	err := s.exec(cmd)
	s.Conns = int(oss.conns.Load() - before)
	return err
}

// exec runs bench/sweep and takes what it prints.
func (s *sweep) exec(cmd *exec.Cmd) error {
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			out = exit.Stderr
		}
		return fmt.Errorf("%w\n%s", err, out)
	}
	var done struct {
		Compliant int     `json:"compliant"`
		Seconds   float64 `json:"seconds"`
		Peak      int     `json:"peak_kb"`
	}
	if err := json.Unmarshal(out, &done); err != nil {
		return err
	}
	if done.Compliant != s.Buckets {
		return fmt.Errorf("%d of %d buckets are compliant", done.Compliant, s.Buckets)
	}
	s.Seconds, s.Peak = done.Seconds, done.Peak
	s.CPU = us(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()) / float64(s.Buckets)
	return nil
}
