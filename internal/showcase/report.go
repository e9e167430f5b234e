//go:build !windows

package showcase

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"

	"github.com/creack/pty"

	"bucketwarden/internal/local/cloud"
	"bucketwarden/internal/settings"
)

// requestID is OSS's, which is another one in every run.
var requestID = regexp.MustCompile(`[0-9A-F]{24}`)

// Report runs `bucketwarden report` on a terminal, in the account, and returns what a
// person sees, with the line that was typed.
func Report(ctx context.Context, command string) (string, error) {
	c, err := cloud.Start(ctx, cloud.Options{})
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	Fill(c.OSS)
	cmd := exec.CommandContext(ctx, command, "report")
	cmd.Env = []string{
		"TERM=xterm-256color", "HOME=/nonexistent", "ALIBABA_CLOUD_ACCESS_KEY_ID=" + cloud.UserKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + cloud.UserKey.AccessKeySecret,
		"BUCKETWARDEN_STS_ENDPOINT=" + c.STSURL, "SSL_CERT_FILE=" + c.CAFile,
	}
	for _, pair := range c.Env() {
		if value, ok := strings.CutPrefix(pair, settings.OSSEndpoint+"="); ok {
			cmd.Env = append(cmd.Env, "BUCKETWARDEN_ENDPOINT="+value)
		}
	}
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: Columns})
	if err != nil {
		return "", err
	}
	var seen bytes.Buffer
	_, _ = io.Copy(&seen, terminal) // a terminal ends with an error
	// 3 is incomplete: one bucket of the account refuses.
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 3 {
		return "", fmt.Errorf("%w\n%s", err, seen.String())
	}
	return "\x1b[2m$\x1b[0m \x1b[1mbucketwarden report\x1b[0m\n" + settled(seen.String()), nil
}

// settled is what is on the screen at the end: lines that were written over are gone.
func settled(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		lines = append(lines, line)
	}
	return requestID.ReplaceAllString(strings.Join(lines, "\n"), "69B1000000000000000000A1")
}
