//go:build !windows

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
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
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, ". /") })
	if at < 0 || lines[at+1] != "bucketwarden report" {
		t.Fatalf("there is no line for another terminal in\n%s", said)
	}
	// No verb reaches a service that is not here.
	script := lines[at] + "\n" + strings.Replace(lines[at+1], "bucketwarden", binary, 1) + "\n" + binary + " history demo-bucket-a\n"
	shell := exec.CommandContext(t.Context(), "sh", "-euc", script)
	shell.Env = append(a.env, "PATH="+os.Getenv("PATH"))
	got, err := shell.CombinedOutput()
	if text := string(got); err != nil || !strings.Contains(text, "demo-bucket-a") || !strings.Contains(text, "unencrypted") || !strings.Contains(text, "Read as: acs:ram::") {
		t.Errorf("it prints (%v)\n%s", err, text)
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
