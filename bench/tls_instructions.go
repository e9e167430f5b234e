package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// counted is how many starts are counted of each program: counts vary by 2 %.
const counted = 3

// instructions counts those of each program, the kernel's not among them, up to the end
// after its first event. It needs valgrind.
func (r *overTLS) instructions(ctx context.Context) error {
	if _, err := exec.LookPath("valgrind"); err != nil {
		r.NoInstructions = err.Error()
		return nil
	}
	enough := time.Now().Add(2 * time.Minute) // on a busy machine it would be many more
	for _, p := range r.Programs {
		samples := make([]float64, 1, counted+1) // the first does not count
		var failed error
		for try := 0; len(samples) <= counted && try < 3*counted && time.Now().Before(enough); try++ {
			n, err := p.count(ctx)
			if err != nil {
				failed = err
				continue
			}
			samples = append(samples, n)
		}
		if len(samples) <= counted {
			r.NoInstructions = fmt.Sprintf("%s: too slow, or %.200v", p.Name, failed)
			continue
		}
		p.Instructions = median(samples)
	}
	return nil
}

func (p *tlsProgram) count(ctx context.Context) (n float64, err error) {
	l := p.launch()
	if l.command[0], err = withoutRDTSCP(p.bin); err != nil {
		return 0, err
	}
	l.command = append([]string{"valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"}, l.command...)
	// valgrind does not survive the signals by which Go interrupts its goroutines.
	l.env = append([]string{"GODEBUG=asyncpreemptoff=1"}, l.env...)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := l.start(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.server.Close() }()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.cmd.Wait() // how it ends is not measured
		cancel()         // and nothing is to be waited for
	}()
	_, err = c.invoke(ctx, created(bucketName(0)))
	if err == nil {
		time.Sleep(100 * settle) // the next poll, at a fiftieth of the speed
		err = c.cmd.Process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		cancel()
	}
	<-ended
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, c.out.String())
	}
	_, after, found := strings.Cut(c.out.String(), "I   refs:")
	if !found {
		return 0, fmt.Errorf("valgrind counted nothing:\n%s", c.out.String())
	}
	_, err = fmt.Sscan(strings.ReplaceAll(after, ",", ""), &n)
	return n, err
}

// withoutRDTSCP copies a program with that instruction, which valgrind does not know on
// every machine, replaced by RDTSC and NOP. Go's runtime reads the clock of the CPU with
// it, where threads wait for each other.
func withoutRDTSCP(bin string) (string, error) {
	text, err := os.ReadFile(bin)
	if err != nil {
		return "", err
	}
	const shift = "\x48\xc1\xe2\x20" // what the runtime does with the result
	text = bytes.ReplaceAll(text, []byte("\x0f\x01\xf9"+shift), []byte("\x0f\x31\x90"+shift))
	return bin + ".counted", os.WriteFile(bin+".counted", text, 0o700) //nolint:gosec // a program
}
