package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	localfc "bucketwarden/internal/local/fc"
)

// child is one program under test, between a Runtime API of its own and an OSS that
// it shares with the others.
type child struct {
	cmd    *exec.Cmd
	api    *localfc.RuntimeAPI
	server *http.Server
	began  time.Time // just before the process was started
	// start is the time from then to the arrival of its first poll.
	start time.Duration
	out   tail
}

// launch says what to start, and how.
type launch struct {
	command []string
	env     []string
	quota   *quota // nil for none
	// waiting, if not nil, is called before the process is started: an event may wait
	// for it, as on demand.
	waiting func(*child)
}

// patience is how long a process may take to poll. Under a tool that counts its
// instructions it is 50 times slower.
const patience = 20 * time.Second

// start starts a program and returns once it has polled.
func (l launch) start(ctx context.Context) (*child, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &child{api: localfc.NewRuntimeAPI(localfc.Config{
		Timeout: 5 * time.Minute, // s.yaml's
		Credentials: func() localfc.Credentials {
			return localfc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken}
		},
	})}
	polled := make(chan time.Time, 1)
	var once sync.Once
	c.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { polled <- time.Now() })
		c.api.ServeHTTP(w, r)
	})}
	go func() { _ = c.server.Serve(listener) }() // ends with ErrServerClosed
	c.cmd = exec.CommandContext(ctx, l.command[0], l.command[1:]...)
	c.cmd.Env = append([]string{
		"PATH=/usr/bin:/bin", "FC_REGION=cn-hangzhou", "FC_RUNTIME_API=" + listener.Addr().String(), "WARDEN_SETTLE=0s",
	}, l.env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	c.began = time.Now()
	if l.waiting != nil {
		l.waiting(c)
	}
	if err := l.quota.start(c.cmd); err != nil {
		return nil, errors.Join(err, c.server.Close())
	}
	select {
	case at := <-polled:
		c.start = at.Sub(c.began)
		return c, nil
	case <-time.After(patience):
		return nil, errors.Join(fmt.Errorf("%s asks for no work:\n%s", l.command[0], c.out.String()), c.stop())
	}
}

// invoke hands the event over and returns how long the answer took.
func (c *child) invoke(ctx context.Context, event []byte) (time.Duration, error) {
	start := time.Now()
	res, err := c.api.Invoke(ctx, event)
	took := time.Since(start)
	if err == nil && res.FunctionError != "" {
		err = fmt.Errorf("%s: %s", c.cmd.Path, res.Payload)
	}
	return took, err
}

// stop kills the process. How it ends is not measured here.
func (c *child) stop() error {
	err := c.cmd.Process.Kill()
	_ = c.cmd.Wait() // it was killed, and says so
	return errors.Join(err, c.server.Close())
}

// cpu returns the CPU time of all threads so far.
func (c *child) cpu() time.Duration {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, f := range files {
		var ran time.Duration
		if text, err := os.ReadFile(f); err == nil {
			_, _ = fmt.Sscan(string(text), &ran) // 0 for a thread that has just ended
		}
		sum += ran
	}
	return sum
}

// faults returns how many pages the kernel had to map so far: minor faults, the tenth
// field of proc_pid_stat(5).
func (c *child) faults() (n int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	if fields := strings.Fields(rest); len(fields) > 7 {
		_, _ = fmt.Sscan(fields[7], &n) // 0 if it is not a number
	}
	return n
}

// residentKB returns VmRSS or another line of /proc/PID/status, in KB.
func (c *child) residentKB(line string) int { return residentKB(c.cmd.Process.Pid, line) }

func residentKB(pid int, line string) (kb int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	_, _ = fmt.Sscan(rest, &kb) // 0 if it is not there
	return kb
}

// allocated asks a counting build for its totals since the start: bytes, and
// allocations.
func (c *child) allocated() (n [2]float64, err error) {
	c.out.Reset()
	if err := c.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return n, err
	}
	for range 1000 {
		if _, rest, found := strings.Cut(c.out.String(), "memstats "); found && strings.Contains(rest, "\n") {
			_, err := fmt.Sscan(rest, &n[0], &n[1])
			return n, err
		}
		time.Sleep(time.Millisecond)
	}
	return n, errors.New("no memstats")
}

// tail keeps what a process printed since the last Reset.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() > 1<<20 {
		t.b.Reset()
	}
	return t.b.Write(p)
}

// Reset forgets it.
func (t *tail) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Reset()
}

// String returns it.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
