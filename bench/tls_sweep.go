package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// tlsSweep is a sweep over TLS of an account in which every bucket is compliant:
// medians of its rounds.
type tlsSweep struct {
	Buckets int     `json:"buckets"`
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_us"` // of the process, for one bucket
	Peak    int     `json:"peak_kb"`
	Full    int     `json:"full_handshakes"`
	Resumed int     `json:"resumed"`

	rounds int
	run    func(context.Context, *tlsSweep) error
}

// sweepAlone is the sweep in a process of its own, without the function around it.
const sweepAlone = "the sweep"

// tlsLatency is the stub's for a call, and none for a handshake.
const tlsLatency = 20 * time.Millisecond

// sweeps measures the sweep alone beside a plain loop, and the function's.
func (r *overTLS) sweeps(ctx context.Context, dir string) error {
	sweeper := filepath.Join(dir, "sweep")
	alone := func(flags ...string) func(context.Context, *tlsSweep) error {
		return func(ctx context.Context, s *tlsSweep) error { return s.alone(ctx, sweeper, flags...) }
	}
	function := func(q *quota) func(context.Context, *tlsSweep) error {
		return func(ctx context.Context, s *tlsSweep) error { return s.function(ctx, r.Programs[tlsDeployed], q) }
	}
	planned := []*tlsSweep{
		{Buckets: 1000, What: "a plain loop", rounds: 3, run: alone("-plain")},
		{Buckets: 1000, What: sweepAlone, rounds: 3, run: alone()},
		{Buckets: 10_000, What: sweepAlone, rounds: 1, run: alone()},
		{Buckets: 1000, What: "the whole function", rounds: 3, run: function(nil)},
		{Buckets: 10_000, What: "the whole function", rounds: 1, run: function(nil)},
	}
	if r.quota != nil {
		planned = append(planned, &tlsSweep{Buckets: 1000, What: "the whole function at 0.1 CPU", rounds: 3, run: function(r.quota)})
	}
	r.oss.latency = tlsLatency
	for _, s := range planned {
		if err := r.sweep(ctx, s); err != nil {
			return fmt.Errorf("%d buckets, %s: %w", s.Buckets, s.What, err)
		}
		r.Sweeps = append(r.Sweeps, s)
	}
	return nil
}

func (r *overTLS) sweep(ctx context.Context, s *tlsSweep) error {
	r.oss.buckets = s.Buckets
	var rounds []tlsSweep
	for range s.rounds {
		one := *s
		conns, resumed := r.oss.conns.Load(), r.oss.resumed.Load()
		if err := s.run(ctx, &one); err != nil {
			return err
		}
		one.Resumed = int(r.oss.resumed.Load() - resumed)
		one.Full = int(r.oss.conns.Load()-conns) - one.Resumed
		rounds = append(rounds, one)
	}
	s.Seconds = medianOf(rounds, func(r tlsSweep) float64 { return r.Seconds })
	s.CPU = medianOf(rounds, func(r tlsSweep) float64 { return r.CPU })
	s.Peak = medianOf(rounds, func(r tlsSweep) int { return r.Peak })
	s.Full = medianOf(rounds, func(r tlsSweep) int { return r.Full })
	s.Resumed = medianOf(rounds, func(r tlsSweep) int { return r.Resumed })
	return nil
}

// alone runs bench/sweep, as the other sweeps do, but at OSS's own address.
func (s *tlsSweep) alone(ctx context.Context, sweeper string, flags ...string) error {
	one := sweep{Buckets: s.Buckets}
	err := one.exec(exec.CommandContext(ctx, sweeper, append(flags, "-endpoint", "https://oss-cn-hangzhou.aliyuncs.com")...))
	s.Seconds, s.CPU, s.Peak = one.Seconds, one.CPU, one.Peak
	return err
}

// function has the deployed function sweep.
func (s *tlsSweep) function(ctx context.Context, p *tlsProgram, q *quota) error {
	l := p.launch()
	l.quota = q
	c, err := l.start(ctx)
	if err != nil {
		return err
	}
	cpu, start := c.cpu(), time.Now()
	res, err := c.api.Invoke(ctx, []byte(`{"action":"sweep"}`))
	s.Seconds, s.CPU, s.Peak = time.Since(start).Seconds(), us(c.cpu()-cpu)/float64(s.Buckets), c.residentKB("VmHWM")
	if err != nil {
		return errors.Join(err, c.stop())
	}
	var done struct {
		Counts map[string]int `json:"by_verdict"`
	}
	err = json.Unmarshal(res.Payload, &done)
	if err == nil && done.Counts["compliant"] != s.Buckets {
		err = fmt.Errorf("not every bucket is compliant: %.300s", res.Payload)
	}
	return errors.Join(err, c.stop())
}
