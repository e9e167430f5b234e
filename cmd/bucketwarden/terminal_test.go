//go:build !windows

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
)

// screen is a terminal with a command in it.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	ptmx *os.File

	mu    sync.Mutex
	seen  bytes.Buffer
	more  chan struct{} // has something while there is news
	ended chan struct{}
}

// onScreen starts the command in a terminal of so many columns.
func onScreen(a *account, columns int, args ...string) *screen {
	a.t.Helper()
	s := &screen{t: a.t, cmd: a.command(args...), more: make(chan struct{}, 1), ended: make(chan struct{})}
	var err error
	if s.ptmx, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 30, Cols: uint16(columns)}); err != nil {
		a.t.Skip("SKIPPED: no pseudo-terminals here: ", err)
	}
	go s.read()
	return s
}

// read takes what the command writes until it has ended: then the terminal gives an
// error.
func (s *screen) read() {
	defer close(s.ended)
	chunk := make([]byte, 4096)
	for {
		n, err := s.ptmx.Read(chunk)
		s.mu.Lock()
		s.seen.Write(chunk[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.seen.String(), "\r\n", "\n")
}

// wait waits until the screen has shown a text.
func (s *screen) wait(text string) {
	s.t.Helper()
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.more:
		case <-s.ended:
			if !strings.Contains(s.text(), text) {
				s.t.Fatalf("it ended without %q:\n%s", text, s.text())
			}
		case <-time.After(2 * time.Minute):
			s.t.Fatalf("%q does not come:\n%s", text, s.text())
		}
	}
}

func (s *screen) typed(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.ptmx, keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the command's end and checks its status.
func (s *screen) end(status int) string {
	s.t.Helper()
	<-s.ended
	_ = s.cmd.Wait() // the status is in the state
	_ = s.ptmx.Close()
	if got := s.cmd.ProcessState.ExitCode(); got != status {
		s.t.Fatalf("status %d, want %d\n%s", got, status, s.text())
	}
	return s.text()
}

// held is a fault hook that holds calls of one operation until it is let go.
type held struct {
	operation string
	came      chan struct{}
	release   chan struct{}
	once      sync.Once
}

func hold(a *account, operation string) *held {
	h := &held{operation: operation, came: make(chan struct{}, 1000), release: make(chan struct{})}
	a.t.Cleanup(h.letGo)
	a.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Operation == h.operation {
			h.came <- struct{}{}
			<-h.release
		}
		return nil
	})
	return h
}

func (h *held) letGo() { h.once.Do(func() { close(h.release) }) }

// On a terminal a report fits, has colours, and shows how far it has come.
func TestTerminal_Report(t *testing.T) {
	a := newAccount(t)
	names := a.buckets(30)
	a.OSS.SetRule(names[0], localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-with-a-name-that-is-much-too-long-for-it"})
	h := hold(a, "GetBucketEncryption")
	s := onScreen(a, 70, "report")
	for range 16 { // that is how many are read at a time
		<-h.came
	}
	h.letGo()
	got := s.end(0)
	colour := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for line := range strings.Lines(got) {
		line = strings.TrimRight(colour.ReplaceAllString(line, ""), "\n")
		if strings.Contains(line, "Required:") || strings.HasPrefix(line, "next:") || strings.Contains(line, "Reading rules") {
			continue // sentences, and the line that is written over
		}
		if n := utf8.RuneCountInString(line); n > 70 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for _, want := range []string{"\x1b[31munencrypted\x1b[0m", "Reading rules  1 of 30", "\r\x1b[K", "KMS(ke", "…", "30 buckets: 29 unencrypted, 1 compliant"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%q", want, got)
		}
	}
	a.env = append(a.env, "NO_COLOR=1")
	if got := onScreen(a, 70, "report").end(0); colour.MatchString(got) {
		t.Errorf("colours in spite of NO_COLOR:\n%q", got)
	}
	if got := onScreen(a, 70, "report", "--quiet").end(0); strings.Contains(got, "Reading rules") {
		t.Errorf("progress in spite of --quiet:\n%q", got)
	}
	if got := a.run(0, "report"); strings.ContainsAny(got, "\x1b\r") {
		t.Errorf("control characters in a pipe:\n%q", got)
	}
}

// While the list is read a terminal shows how much has been found, and that OSS turns
// calls away, though nothing comes meanwhile; a pipe shows nothing of it.
func TestTerminal_TheListIsSlow(t *testing.T) {
	a := newAccount(t)
	for i := range 1001 { // a page and one
		a.OSS.PutBucket(localoss.Bucket{Name: fmt.Sprintf("b-%04d", i), Region: cloud.Region})
	}
	release := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	var mu sync.Mutex
	lists, throttled := 0, 2
	a.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		mu.Lock()
		defer mu.Unlock()
		if r.Operation != "ListBuckets" {
			return nil
		}
		lists++
		if lists <= throttled {
			return &localoss.Fault{Status: 503, Code: "SlowDown"}
		}
		if lists == throttled+2 { // the second page
			mu.Unlock()
			<-release
			mu.Lock()
		}
		return nil
	})
	s := onScreen(a, 100, "report", "--bucket", "b-0007")
	s.wait("Listing buckets  1000 found, ")
	s.wait("OSS turned away 2 calls (too many)")
	letGo()
	if got := s.end(0); !strings.Contains(got, "\r\x1b[K") || !strings.Contains(got, "1 bucket: 1 unencrypted") {
		t.Errorf("the screen shows\n%q", got)
	}
	if got := a.run(0, "report", "--bucket", "b-0007"); strings.Contains(got, "Listing") {
		t.Errorf("a pipe shows\n%s", got)
	}
}

// Rules that are late show as so many of so many, and ^C ends the list too.
func TestTerminal_NothingComes(t *testing.T) {
	a := newAccount(t)
	a.buckets(3)
	h := hold(a, "GetBucketEncryption")
	s := onScreen(a, 100, "plan")
	s.wait("Reading rules  0 of 3")
	h.letGo()
	s.end(0)

	hold(a, "ListBuckets")
	s = onScreen(a, 100, "check")
	s.wait("Listing buckets  0 found")
	s.typed("\x03")
	if got := s.end(130); strings.Contains(got, "0 buckets") {
		t.Errorf("it reports what it has not read:\n%s", got)
	}
}

// A person is asked before anything is changed.
func TestTerminal_Asks(t *testing.T) {
	a := newAccount(t)
	a.buckets(1)
	for _, answer := range []struct {
		keys      string
		status    int
		encrypted int
	}{{"n\r", 2, 0}, {"\r", 2, 0}, {"\x03", 130, 0}, {"\x04", 2, 0}, {"y\r", 0, 1}} {
		s := onScreen(a, 80, "rule", "set", "bucket-aa", "--algorithm", "AES256")
		s.wait("Change the rule of bucket-aa? [y/N] ")
		s.typed(answer.keys)
		if got := s.end(answer.status); a.encrypted() != answer.encrypted || !strings.Contains(got, "none → AES256") {
			t.Errorf("%q: %d encrypted, want %d\n%s", answer.keys, a.encrypted(), answer.encrypted, got)
		}
	}
}

// results returns the result files in the account's directory, the oldest first.
func results(a *account) []string {
	a.t.Helper()
	files, err := filepath.Glob(filepath.Join(a.dir, "*.result.jsonl"))
	if err != nil {
		a.t.Fatal(err)
	}
	return files
}

// The first ^C begins no new write, and ends those under way. The same plan is
// applied again later, and both results are undone.
func TestTerminal_FirstInterrupt(t *testing.T) {
	a := newAccount(t)
	a.buckets(20)
	a.run(0, "plan", "--output", "plan.json")
	h := hold(a, "PutBucketEncryption")
	s := onScreen(a, 100, "apply", "plan.json", "--concurrency", "8")
	s.wait("Make 20 changes? [y/N] ")
	s.typed("y\r")
	for range 8 {
		<-h.came
	}
	s.typed("\x03")
	s.wait("stopping; what is under way is ended first")
	h.letGo()
	got := s.end(130)
	if !strings.Contains(got, "12 changes not begun; apply the same plan again") || !strings.Contains(got, "8 fixed, 12 blocked") || a.encrypted() != 8 {
		t.Errorf("%d encrypted\n%s", a.encrypted(), got)
	}
	a.OSS.SetFault(nil)
	a.run(0, "apply", "plan.json", "--yes")
	if a.encrypted() != 20 {
		t.Errorf("%d encrypted after the plan was applied again", a.encrypted())
	}
	h = hold(a, "DeleteBucketEncryption")
	s = onScreen(a, 100, append([]string{"undo", "--yes", "--concurrency", "3", "--result", "undone.jsonl"}, results(a)...)...)
	for range 3 {
		<-h.came
	}
	s.typed("\x03")
	s.wait("stopping; what is under way is ended first")
	h.letGo()
	if got := s.end(130); !strings.Contains(got, "17 changes not begun") || a.encrypted() != 17 {
		t.Errorf("%d encrypted after an undo that was interrupted\n%s", a.encrypted(), got)
	}
	a.OSS.SetFault(nil)
	a.run(0, append([]string{"undo", "--yes"}, results(a)...)...)
	if a.encrypted() != 0 {
		t.Errorf("%d encrypted after undo", a.encrypted())
	}
}

// A second ^C, or a kill, ends it at once. What the result file says is true all
// the same: of every write that may have been made there is a line.
func TestTerminal_EndedAtOnce(t *testing.T) {
	for _, way := range []string{"^C twice", "kill"} {
		t.Run(way, func(t *testing.T) {
			a := newAccount(t)
			names := a.buckets(20)
			a.run(0, "plan", "--output", "plan.json")
			h := hold(a, "PutBucketEncryption")
			cmd := a.command("apply", "plan.json", "--yes", "--result", "ended.result.jsonl", "--concurrency", "8")
			errs, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for range 8 {
				<-h.came
			}
			end(t, cmd, errs, way)
			h.letGo() // the writes were on their way, and OSS carries them out or not
			journal, err := os.ReadFile(filepath.Join(a.dir, "ended.result.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				b, _ := a.OSS.Bucket(name)
				if noted := bytes.Contains(journal, fmt.Appendf(nil, "%q", name)); !noted && b.Rule != (localoss.Rule{}) {
					t.Errorf("%s was written, and the result file does not say so", name)
				}
			}
			if n := bytes.Count(journal, []byte(`"kind":"intent"`)); n != 8 || journal[len(journal)-1] != '\n' {
				t.Errorf("%d writes were begun, want 8:\n%s", n, journal)
			}
			a.OSS.SetFault(nil)
			if got := a.run(0, "undo", "--yes", "ended.result.jsonl"); !strings.Contains(got, "the write was begun, and nothing says how it ended") || a.encrypted() != 0 {
				t.Errorf("%d encrypted after undo:\n%s", a.encrypted(), got)
			}
		})
	}
}

// end ends the command in one of the ways, and waits for that.
func end(t *testing.T, cmd *exec.Cmd, errs io.Reader, way string) {
	t.Helper()
	if way == "kill" {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, as it should be
		return
	}
	said := &bytes.Buffer{}
	for i, word := range []string{"stopping", "ended at once"} {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		for b := make([]byte, 1); !strings.Contains(said.String(), word); {
			n, err := errs.Read(b)
			said.Write(b[:n])
			if err != nil {
				t.Fatalf("^C %d: %v\n%s", i+1, err, said)
			}
		}
	}
	_ = cmd.Wait() // its status is checked
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("status %d, want 130", got)
	}
}

// ^C ends a report at once, with what was read so far and a status that says so.
func TestTerminal_InterruptedReport(t *testing.T) {
	a := newAccount(t)
	a.buckets(40)
	h := hold(a, "GetBucketEncryption")
	s := onScreen(a, 100, "report")
	for range 16 {
		<-h.came
	}
	s.typed("\x03")
	if got := s.end(130); strings.Contains(got, "compliant\n") {
		t.Errorf("it reports what it has not read:\n%s", got)
	}
}
