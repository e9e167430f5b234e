package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"bucketwarden/internal/dist"
)

// command is what the command for people costs, in CPU time and memory of its
// process.
type command struct {
	// Version and Hello are the CPU time of "bucketwarden version" and of a program
	// over the same library that prints a line, in µs.
	Version float64         `json:"version_us"`
	Hello   float64         `json:"hello_us"`
	Reports []commandReport `json:"reports"`
}

// commandReport is a report over buckets that are a host each, beside a plain loop
// over the OSS SDK.
type commandReport struct {
	Buckets int     `json:"buckets"`
	CPU     float64 `json:"cpu_us"` // for one bucket
	Plain   float64 `json:"plain_cpu_us"`
	Peak    int     `json:"peak_kb"`
}

// spent is what one run of a program used.
type spent struct {
	cpu  float64 // µs
	peak int     // KB
}

func (m *measurement) command(ctx context.Context, dir string, o options) error {
	bin, hello := filepath.Join(dir, "command"), filepath.Join(dir, "hello")
	release, err := dist.Current(ctx, ".")
	if err != nil {
		return err
	}
	if err := release.Build(ctx, ".", bin, dist.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}); err != nil {
		return err
	}
	if err := compile(ctx, "./bench/hello", hello, deployed...); err != nil {
		return err
	}
	var versions, hellos []spent
	for range o.tlsStarts {
		for program, into := range map[string]*[]spent{bin: &versions, hello: &hellos} {
			s, err := runFor(exec.CommandContext(ctx, program, "version"))
			if err != nil {
				return err
			}
			*into = append(*into, s)
		}
	}
	cpu := func(s spent) float64 { return s.cpu }
	m.Command = command{Version: medianOf(versions, cpu), Hello: medianOf(hellos, cpu)}
	for _, n := range []int{1000, 10_000} {
		r, err := measureReport(ctx, bin, m.sweeper, n)
		if err != nil {
			return err
		}
		m.Command.Reports = append(m.Command.Reports, r)
	}
	return nil
}

// runFor runs a program and returns what it used.
func runFor(cmd *exec.Cmd) (spent, error) {
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	if err := cmd.Start(); err != nil {
		return spent{}, err
	}
	ended := make(chan struct{})
	peak := make(chan int)
	go func() { peak <- peakOf(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	s := spent{us(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()), <-peak}
	if err != nil {
		return spent{}, fmt.Errorf("%w\n%s", err, &said)
	}
	return s, nil
}

// peakOf returns the most memory that a process had before it ended, in KB. What the
// kernel counts for a process that has ended includes what its parent had when it
// started it.
func peakOf(pid int, ended <-chan struct{}) int {
	peak := 0
	for {
		peak = max(peak, residentKB(pid, "VmHWM"))
		select {
		case <-ended:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// measureReport lets both programs read the same account through a proxy, which is
// how every bucket has a host of its own without a name server.
func measureReport(ctx context.Context, bin, sweeper string, n int) (commandReport, error) {
	oss, err := newStub(ctx, n, 0)
	if err != nil {
		return commandReport{}, err
	}
	const endpoint = "http://oss-cn-hangzhou.aliyuncs.com"
	env := []string{
		"HTTP_PROXY=http://" + oss.Addr().String(), "ALIBABA_CLOUD_ACCESS_KEY_ID=LTAIbench", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=bench-secret", "HOME=" + os.TempDir(),
		"BUCKETWARDEN_STS_ENDPOINT=https://127.0.0.1:1",
	} // refused at once: whose key it is costs one call of all
	var reports, loops []spent
	for range 5 {
		for _, turn := range []struct {
			program string
			args    []string
			into    *[]spent
		}{
			{bin, []string{"report", "--endpoint", endpoint, "--format", "json"}, &reports},
			{sweeper, []string{"-plain", "-endpoint", endpoint}, &loops},
		} {
			cmd := exec.CommandContext(ctx, turn.program, turn.args...)
			cmd.Env = env
			s, err := runFor(cmd)
			if err != nil {
				return commandReport{}, errors.Join(err, oss.Close())
			}
			*turn.into = append(*turn.into, s)
		}
	}
	perBucket := func(s spent) float64 { return s.cpu / float64(n) }
	r := commandReport{Buckets: n, CPU: medianOf(reports, perBucket), Plain: medianOf(loops, perBucket), Peak: medianOf(reports, func(s spent) int { return s.peak })}
	return r, oss.Close()
}

func (c *command) goals() []goal {
	if len(c.Reports) == 0 {
		return nil
	}
	large := c.Reports[len(c.Reports)-1]
	return []goal{
		{"the command's version, × hello", 1.5, c.Version / c.Hello},
		{fmt.Sprintf("report of %d, CPU of a bucket, × a plain loop", large.Buckets), 1.25, large.CPU / large.Plain},
		{fmt.Sprintf("report of %d, resident, MB", large.Buckets), 32, float64(large.Peak) / 1000},
	}
}

func (m *measurement) commandTable(p *page) {
	if len(m.Command.Reports) == 0 {
		return
	}
	p.printf("\nThe command, its CPU time; `hello` is the least over the same library:\n\n| | bucketwarden | beside it |\n|---|---|---|\n")
	p.printf("| `version`, hello | %.1f ms | %.1f ms |\n", m.Command.Version/1000, m.Command.Hello/1000)
	for _, r := range m.Command.Reports {
		p.printf("| `report` of %s buckets, a plain loop: each bucket | %.0f µs, %d MB in all | %.0f µs |\n", fmt.Sprint(r.Buckets), r.CPU, r.Peak/1000, r.Plain)
	}
}
