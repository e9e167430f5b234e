package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// overTLS is what was found out over TLS, or why nothing was.
type overTLS struct {
	Skipped string `json:"skipped,omitempty"`
	// NoQuota and NoInstructions say why those columns are empty.
	NoQuota        string        `json:"no_quota,omitempty"`
	NoInstructions string        `json:"no_instructions,omitempty"`
	Programs       []*tlsProgram `json:"programs,omitempty"`
	Sweeps         []*tlsSweep   `json:"sweeps,omitempty"`

	oss   *stub
	quota *quota // nil for none
}

// tlsProgram is one program in one environment.
type tlsProgram struct {
	Name string  `json:"name"`
	Cold tlsCold `json:"cold"`
	// Quota is the time from the start to the first verdict at 0.1 CPU in
	// microseconds; 0 where it was not measured.
	Quota float64 `json:"quota_us"`
	// Instructions are the program's own from the start to the end of the first
	// event; 0 likewise.
	Instructions float64  `json:"instructions"`
	Warm         *tlsWarm `json:"warm,omitempty"` // nil for those that call nothing, or make one call each

	bin string
	env []string
}

// tlsCold is how a program starts: medians. Times in microseconds.
type tlsCold struct {
	Poll       float64 `json:"poll_us"`
	Event      float64 `json:"event_us"`
	CPU        float64 `json:"cpu_us"` // from the start to the first answer
	Faults     int     `json:"page_faults"`
	AfterEvent int     `json:"after_event_kb"`
}

// The programs over TLS, as indexes of overTLS.Programs.
const (
	tlsBare = iota
	tlsFloor
	tlsPut
	tlsDeployed
	tlsAllCPUs
)

// programs are what is compared. The environment of s.yaml is a part of what is
// deployed; the last one leaves GOMAXPROCS out.
func programs(dir string, deployed []string) []*tlsProgram {
	at := func(name string) string { return filepath.Join(dir, name) }
	free := slices.DeleteFunc(slices.Clone(deployed), func(e string) bool { return strings.HasPrefix(e, "GOMAXPROCS=") })
	return []*tlsProgram{
		tlsBare:     {Name: "bare (calls nothing)", bin: at("bare")},
		tlsFloor:    {Name: "floor", bin: at("floor"), env: []string{"FLOOR_ROOT=" + at("root.pem")}},
		tlsPut:      {Name: "put", bin: at("put"), Warm: &tlsWarm{}},
		tlsDeployed: {Name: "bucketwarden", bin: at("bucketwarden"), env: deployed, Warm: &tlsWarm{}},
		tlsAllCPUs:  {Name: "bucketwarden, every CPU", bin: at("bucketwarden"), env: free, Warm: &tlsWarm{}},
	}
}

// deployedEnv reads the function's environment from s.yaml.
func deployedEnv(file string) (env []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s struct {
		Resources map[string]struct {
			Props struct {
				Env map[string]string `yaml:"environmentVariables"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	for _, r := range s.Resources {
		for name, value := range r.Props.Env {
			env = append(env, name+"="+value)
		}
	}
	if len(env) == 0 {
		return nil, errors.New(file + " has no environment for the function")
	}
	slices.Sort(env)
	return env, nil
}

// measure lays the world out and measures in it.
func (r *overTLS) measure(ctx context.Context, dir string, o options) error {
	p, err := newPKI(false)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "root.pem"), encoded(p.roots[len(p.roots)-1]), 0o600); err != nil {
		return err
	}
	if err := world(ctx, dir, p); err != nil {
		return err
	}
	// The keys that OSS agrees are not documented: these are what every server has.
	r.oss = &stub{tls: &tls.Config{Certificates: []tls.Certificate{p.chain}, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}}
	if err := r.oss.listen(ctx, "127.0.0.1:443"); err != nil {
		return errNoWorld{err}
	}
	deployed, err := deployedEnv("s.yaml")
	if err != nil {
		return err
	}
	r.Programs = programs(dir, deployed)
	if r.quota, err = newQuota(); err != nil {
		r.NoQuota = err.Error()
	} else {
		defer func() { _ = r.quota.close() }()
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"cold starts", func() error { return r.cold(ctx, o.tlsStarts) }},
		{"at 0.1 CPU", func() error { return r.atQuota(ctx, max(5, o.tlsStarts/4)) }},
		{"warm events", func() error { return r.warm(ctx) }},
		{"sweeps", func() error { return r.sweeps(ctx, dir) }},
		{"instructions", func() error { return r.instructions(ctx) }},
	} {
		fmt.Fprintln(os.Stderr, "over TLS:", step.name)
		if err := errors.Join(step.do(), r.write(dir)); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// cold starts every program so many times, in turn.
func (r *overTLS) cold(ctx context.Context, starts int) error {
	samples := make([][]tlsCold, len(r.Programs))
	for round := range starts + 1 {
		for i := range turns(round, len(r.Programs)) {
			s, err := r.Programs[i].coldStart(ctx)
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], s)
		}
	}
	for i, p := range r.Programs {
		p.Cold = tlsCold{
			Poll:       medianOf(samples[i], func(s tlsCold) float64 { return s.Poll }),
			Event:      medianOf(samples[i], func(s tlsCold) float64 { return s.Event }),
			CPU:        medianOf(samples[i], func(s tlsCold) float64 { return s.CPU }),
			Faults:     medianOf(samples[i], func(s tlsCold) int { return s.Faults }),
			AfterEvent: medianOf(samples[i], func(s tlsCold) int { return s.AfterEvent }),
		}
	}
	return nil
}

func (p *tlsProgram) launch() launch { return launch{command: []string{p.bin}, env: p.env} }

func (p *tlsProgram) coldStart(ctx context.Context) (s tlsCold, err error) {
	c, err := p.launch().start(ctx)
	if err != nil {
		return s, err
	}
	time.Sleep(settle)
	took, err := c.invoke(ctx, created(bucketName(0)))
	time.Sleep(settle)
	s = tlsCold{Poll: us(c.start), Event: us(took), CPU: us(c.cpu()), Faults: c.faults(), AfterEvent: c.residentKB("VmRSS")}
	return s, errors.Join(err, c.stop())
}

// pauseOfQuota lets a group's spent time be forgotten, in more than a period.
const pauseOfQuota = 250 * time.Millisecond

// atQuota measures from the start to the first verdict at 0.1 CPU, where the event
// waits for the process, as on demand.
func (r *overTLS) atQuota(ctx context.Context, starts int) error {
	if r.quota == nil {
		return nil
	}
	samples := make([][]float64, len(r.Programs))
	for round := range starts + 1 {
		for i := range turns(round, len(r.Programs)) {
			time.Sleep(pauseOfQuota)
			took, err := r.Programs[i].onDemand(ctx, r.quota)
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], us(took))
		}
	}
	for i, p := range r.Programs {
		p.Quota = median(samples[i])
	}
	return nil
}

func (p *tlsProgram) onDemand(ctx context.Context, q *quota) (took time.Duration, err error) {
	l := p.launch()
	l.quota = q
	answered := make(chan error, 1)
	l.waiting = func(c *child) {
		go func() {
			_, err := c.invoke(ctx, created(bucketName(0)))
			took = time.Since(c.began)
			answered <- err
		}()
	}
	c, err := l.start(ctx)
	if err != nil {
		return 0, err
	}
	err = <-answered
	return took, errors.Join(err, c.stop())
}
