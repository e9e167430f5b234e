//go:build !windows

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// ^C is the good end of make local: make reports no error, and ends with 0.
func TestMakeLocal_Interrupt(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "make", "-s", "local",
		"COMMAND="+binary+" --function-address 127.0.0.1:0 --oss-address 127.0.0.1:0 --console-address 127.0.0.1:0")
	cmd.Dir = "../.."
	s := &screen{t: t, cmd: cmd, more: make(chan struct{}, 1), ended: make(chan struct{})}
	var err error
	if s.ptmx, err = pty.StartWithSize(cmd, &pty.Winsize{Rows: 60, Cols: 200}); err != nil {
		t.Skip("SKIPPED: no pseudo-terminals here: ", err)
	}
	go s.read()
	s.wait("What happens:")
	s.typed("\x03")
	if got := s.end(0); strings.Contains(got, "***") || !strings.Contains(got, "stopping") {
		t.Errorf("it says\n%s", got)
	}
}
