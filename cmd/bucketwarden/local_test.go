//go:build !windows

package main

import (
	"bufio"
	"io"
	"strings"
	"syscall"
	"testing"
)

// What "bucketwarden local" prints for another terminal works there as it is; ^C is
// its good end.
func TestLocalPrintsWhatWorks(t *testing.T) {
	a := &account{t: t, dir: t.TempDir()}
	a.env = []string{"HOME=" + a.dir}
	cmd := a.command("local", "--function-address", "127.0.0.1:0", "--oss-address", "127.0.0.1:0", "--console-address", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(out); s.Scan(); {
		if strings.Contains(s.Text(), "What happens:") {
			break
		}
		lines = append(lines, strings.TrimSpace(s.Text()))
	}
	said := strings.Join(lines, "\n")
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "export "):
			a.env = append(a.env, strings.Fields(line)[1:]...)
		case strings.HasPrefix(line, "bucketwarden report "):
			got := a.run(0, strings.Fields(line)[1:]...)
			if !strings.Contains(got, "demo-bucket-a") || !strings.Contains(got, "unencrypted") {
				t.Errorf("%s prints\n%s", line, got)
			}
			said = strings.ReplaceAll(said, line, "")
		}
	}
	if strings.Contains(said, "bucketwarden report") || !strings.Contains(said, "export ") {
		t.Errorf("there is no line for another terminal in\n%s", said)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil { // Wait closes it, so it has to be read first
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after ^C it ends with %v", err)
	}
}
