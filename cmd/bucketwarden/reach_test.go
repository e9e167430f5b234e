//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// What docs/reach.md and docs/command.md print for the deployed function runs as it is,
// at a function with the settings that the recipe names.
func TestReachDocument(t *testing.T) {
	signed, url := deployed(t, stack.Options{Env: []string{"WARDEN_HTTP_AUTH=platform"}})
	tokens, tokenURL := deployed(t, stack.Options{
		Env:       []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_TOKENS=page:report:" + hash(tokenOfTests)},
		Configure: func(c *localfc.Config) { c.SignedTrigger = false }, // authType: anonymous
	})
	for _, c := range []struct {
		doc, section string
		s            *stack.Stack
		url          string
		lines        int
	}{
		{"docs/reach.md", "Signed requests", signed, url, 4},
		{"docs/reach.md", "By its name", signed, url, 2},
		{"docs/reach.md", "A token", tokens, tokenURL, 2},
		{"docs/command.md", "The deployed function", signed, url, 3},
		{"docs/command.md", "A report via the function", signed, url, 3},
	} {
		t.Run(c.section, func(t *testing.T) {
			a := person(t, c.s)
			c.s.OSS.PutBucket(localoss.Bucket{Name: "my-bucket", Region: stack.Region})
			for name, text := range map[string]string{"token": tokenOfTests + "\n", "sweep.json": `{"mode":"report"}`} {
				if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a.env = append(a.env, "URL="+c.url, "BUCKETWARDEN_FC_ENDPOINT="+c.url, "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
			lines := linesOf(t, docs.Blocks(t, c.doc), c.section)
			if len(lines) != c.lines {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), c.lines, strings.Join(lines, "\n"))
			}
			for _, line := range lines {
				if strings.HasPrefix(line, "export ") || strings.HasPrefix(line, "bucketwarden open ") { // TestOpen opens
					continue
				}
				cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
				cmd.Dir, cmd.Env = a.dir, a.env
				if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(line, " GET /report ") && !strings.Contains(string(out), "my-bucket") {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			}
		})
	}
}

// linesOf returns the lines of the blocks of a section that this test runs.
func linesOf(t *testing.T, blocks []docs.Block, section string) []string {
	t.Helper()
	text, err := os.ReadFile("../../" + blocks[0].File)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\n## "+section+"\n")
	body, _, _ = strings.Cut(body, "\n## ")
	var lines []string
	for _, b := range blocks {
		if strings.Contains(body, b.Text) {
			lines = append(lines, strings.Split(strings.TrimSpace(b.Text), "\n")...)
		}
	}
	return lines
}

// No line for a shell calls a deployed function without what lets it in; /healthz
// is open to all, and the check that strangers get nothing is meant to fail.
func TestNoCurlWithoutCredentials(t *testing.T) {
	found := 0
	for doc, text := range documents(t) {
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			if !strings.Contains(line, "curl ") || !strings.Contains(line, "$URL") && !strings.Contains(line, "https://") || strings.Contains(line, "$URL/healthz") {
				continue
			}
			found++
			if !strings.Contains(line, `-H "Authorization: Bearer $`) && !strings.Contains(line, `-w '%{http_code}`) && !strings.Contains(line, "signed; expected 403") {
				t.Errorf("%s: %s", filepath.Base(doc), strings.TrimSpace(line))
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d lines", found)
	}
}
