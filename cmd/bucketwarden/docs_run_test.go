//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
)

// resultFile is the name of a result, with the time at which it was made.
var resultFile = regexp.MustCompile(`approved\.\d{8}T\d{6}\.\d{3}Z\.result\.jsonl`)

// The lines of README.md and docs/command.md run as they stand there, in a terminal, by
// a person who says yes to every question. Only the keys and the time in a file's name
// are others.
func TestDocs_TheLinesRun(t *testing.T) {
	root, err := docs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append(docs.Blocks(t, "README.md"), docs.Blocks(t, "docs/command.md")...) {
		a := newAccount(t)
		for _, name := range []string{"logs", "payments", "other"} {
			a.OSS.PutBucket(localoss.Bucket{Name: name, Region: "cn-hangzhou"})
		}
		bin := filepath.Join(a.dir, "bin")
		if err := os.Mkdir(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(a.dir, "policy.yaml"), []byte(ciPolicy), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(binary, filepath.Join(bin, "bucketwarden")); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("_ID=...", "_ID="+userKey.AccessKeyID, "_SECRET=...", "_SECRET="+userKey.AccessKeySecret).Replace(b.Text)
		text = resultFile.ReplaceAllString(text, `"$(ls approved.*.result.jsonl)"`)
		text = strings.ReplaceAll(text, "make install", `HOME="$OWN_HOME" make -s -C "$CHECKOUT" install BINDIR="$PWD/bin"`)
		a.env = append(a.env, "PATH="+bin+":"+os.Getenv("PATH"), "CHECKOUT="+root, "OWN_HOME="+os.Getenv("HOME"))
		out := answered(t, a, text)
		undone := strings.Contains(b.Text, "undo")
		for _, name := range []string{"logs", "payments"} {
			writes := strings.Contains(b.Text, "apply") && !undone
			if got, _ := a.OSS.Bucket(name); (got.Rule.Algorithm == "AES256") != writes {
				t.Errorf("%s: after it %s has %+v\n%s", b.Place(), name, got.Rule, out)
			}
		}
		for _, report := range regexp.MustCompile(`--output (report\.\w+)`).FindAllStringSubmatch(b.Text, -1) {
			if info, err := os.Stat(filepath.Join(a.dir, report[1])); err != nil || info.Size() == 0 {
				t.Errorf("%s: no %s: %v", b.Place(), report[1], err)
			}
		}
	}
}

// answered runs lines in a terminal, and types y at each question.
func answered(t *testing.T, a *account, lines string) string {
	t.Helper()
	docs.Needs(t, "bash", "make")
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", lines)
	cmd.Dir, cmd.Env = a.dir, a.env
	s := &screen{t: t, cmd: cmd, more: make(chan struct{}, 1), ended: make(chan struct{})}
	var err error
	if s.ptmx, err = pty.Start(cmd); err != nil {
		t.Skip("SKIPPED: no pseudo-terminals here: ", err)
	}
	go s.read()
	for said := 0; ; {
		select {
		case <-s.ended:
			return s.end(0)
		case <-s.more:
			for ; said < strings.Count(s.text(), "[y/N]"); said++ {
				s.typed("y\n")
			}
		}
	}
}
