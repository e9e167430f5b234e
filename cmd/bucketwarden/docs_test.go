package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
)

// tree returns the command as it is, without running it.
func tree() *cobra.Command {
	return root(app.New("dev", nil))
}

// each calls do for a command and all its verbs.
func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}

// Every verb says in short what it does, and has an example that is correct.
func TestEveryVerbHasHelp(t *testing.T) {
	verbs := 0
	each(tree(), func(c *cobra.Command) {
		verbs++
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no short text or no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if err := parses(line); err != nil {
				t.Errorf("an example of %s: %s: %v", c.CommandPath(), strings.TrimSpace(line), err)
			}
		}
	})
	if verbs < 20 {
		t.Errorf("only %d verbs", verbs)
	}
}

// invocation finds the command in a line of a shell.
var invocation = regexp.MustCompile(`(?:^|[|&;(] *|= *)bucketwarden ([^|&;>)]*)`)

// parses reports whether all invocations in a line are of verbs and flags that there
// are, with as many arguments as they take.
func parses(line string) error {
	line, _, _ = strings.Cut(line, " #")
	for _, m := range invocation.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
		args := strings.Fields(m[1])
		c, rest, err := tree().Find(args)
		if err != nil {
			return err
		}
		if err := c.ParseFlags(rest); err != nil {
			return err
		}
		if c.Args != nil && c.Name() != "bucketwarden" {
			if err := c.ValidateArgs(c.Flags().Args()); err != nil {
				return err
			}
		}
		if c.HasSubCommands() && len(c.Flags().Args()) > 0 {
			return fmt.Errorf("no verb %s", c.Flags().Args()[0])
		}
	}
	return nil
}

// documents returns README.md and the documents in docs, by their paths.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d documents: %v", len(files), err)
	}
	texts := map[string]string{}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
	}
	return texts
}

// Every line in the documents that calls the command calls a verb that there is.
func TestDocumentsCallVerbsThatThereAre(t *testing.T) {
	found := 0
	for doc, text := range documents(t) {
		for n, line := range strings.Split(text, "\n") {
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if !strings.HasPrefix(line, "bucketwarden ") && !strings.Contains(line, "| bucketwarden ") {
				continue
			}
			found++
			if err := parses(line); err != nil {
				t.Errorf("%s:%d: %s: %v", filepath.Base(doc), n+1, line, err)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d lines call the command", found)
	}
}

func TestTheCheckOfLinesFindsMistakes(t *testing.T) {
	for line, good := range map[string]bool{
		"bucketwarden report --region cn-hangzhou -o r.csv":   true,
		"bucketwarden reprot":                                 false,
		"bucketwarden report --regoin x":                      false,
		"bucketwarden rule get":                               false,
		"bucketwarden policy chekc x":                         false,
		"bucketwarden events timer | bucketwarden invoke -":   true,
		"bucketwarden events timer | bucketwarden invok -":    false,
		"WARDEN_ALGORITHM=KMS bucketwarden invoke event.json": true,
	} {
		if err := parses(line); (err == nil) != good {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The report in docs/command.md is what the command prints.
func TestTheReportInTheDocumentIsReal(t *testing.T) {
	a := newAccount(t)
	a.OSS.PutBucket(localoss.Bucket{Name: "assets", Region: "cn-beijing"})
	a.OSS.PutBucket(localoss.Bucket{Name: "logs", Region: "cn-hangzhou", Rule: localoss.Rule{Algorithm: "AES256"}})
	if got, want := a.run(0, "report"), docs.Blocks(t, "docs/command.md")[0].Text; got != want {
		t.Errorf("the command prints\n%s\nthe document says\n%s", got, want)
	}
}
