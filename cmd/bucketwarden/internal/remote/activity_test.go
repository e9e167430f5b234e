package remote

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/term"
)

// The proxy ends 30 minutes after the last request has ended, and never while one
// runs.
func TestActivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		w := newActivity(term.New(term.Options{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}), func(format string, args ...any) {
			lines = append(lines, fmt.Sprintf(format, args...))
		})
		isIdle := func() bool {
			synctest.Wait()
			select {
			case <-w.idle:
				return true
			default:
				return false
			}
		}
		time.Sleep(29 * time.Minute)
		first, second := w.begin(), w.begin()
		first()
		time.Sleep(2 * time.Hour) // the second takes its time
		if isIdle() {
			t.Error("it ends while a request runs")
		}
		w.line("GET /report\x1b[31m")
		second()
		time.Sleep(30*time.Minute - time.Second)
		if isIdle() {
			t.Error("it ends early")
		}
		time.Sleep(time.Second)
		if !isIdle() {
			t.Error("it does not end")
		}
		if len(lines) != 1 || lines[0] != `GET /report\u{1B}[31m` {
			t.Errorf("%q", lines)
		}
	})
}
