package oss_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	"bucketwarden/internal/local/cloud"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// programs turn a line into a program that prints the buckets. Python is not had
// here; `s invoke` needs the network once, and docs/serverless-devs.md.
var programs = map[string]string{
	"Go SDK v1": `package main

import (
	"fmt"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

func main() {
	client, err := LINE
	if err != nil {
		panic(err)
	}
	list, err := client.ListBuckets()
	fmt.Println(list, err)
}
`,
	"Go SDK v2": `package main

import (
	"context"
	"fmt"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

func main() {
	list, err := LINE.ListBuckets(context.Background(), nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(*list.Buckets[0].Name)
}
`,
	"ali-oss": `const OSS = require('ali-oss');
(LINE).listBuckets().then(r => { console.log(r.buckets[0].name); process.exit(0); });
`,
}

// TestClientLines runs the lines that `bucketwarden local` prints, as printed, and
// finds them in docs/local.md.
func TestClientLines(t *testing.T) {
	c, err := cloud.Start(context.WithoutCancel(t.Context()), cloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.OSS.PutBucket(localoss.Bucket{Name: "found-by-the-line"})
	for _, l := range stack.ClientLines(c.OSSURL, "127.0.0.1:1") {
		t.Run(l.Client, func(t *testing.T) {
			if l.Client == "Python, oss2" || l.Client == "s invoke" {
				t.Skip("SKIPPED: the client is not had here")
			}
			cmd := lineCommand(t, l)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "found-by-the-line") {
				t.Errorf("%s\n%v\n%s", l.Line, err, out)
			}
		})
	}
	shown := docs.Blocks(t, "docs/local.md")[0].Text
	var want strings.Builder
	for _, l := range stack.ClientLines("http://"+stack.DefaultAddresses.OSS, stack.DefaultAddresses.Function) {
		fmt.Fprintf(&want, "# %s\n%s\n", l.Client, l.Line)
	}
	if shown != want.String() {
		t.Errorf("docs/local.md shows\n%s\nthe lines are\n%s", shown, want.String())
	}
}

// The lines of docs/local.md about an upload run as they stand there, and the object has
// the rule that the function has set.
func TestDocs_AnUploadTakesTheRule(t *testing.T) {
	docs.Needs(t, "bash")
	root, err := docs.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary, err := stack.Build(t.Context(), root, dir)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := make(chan localfc.Result, 8)
	s, err := stack.Serve(t.Context(), stack.Options{Binary: binary, Configure: func(c *localfc.Config) {
		c.OnResult = func(_ []byte, r localfc.Result) { verdicts <- r }
	}}, stack.Addresses{Function: "127.0.0.1:0", OSS: "127.0.0.1:0", Console: "127.0.0.1:0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	line := stack.ClientLines(s.OSSURL, s.At.Function)[0].Line
	flags := strings.TrimPrefix(line, "ossutil ls")
	b := docs.Blocks(t, "docs/local.md")[0]
	create, rest, _ := strings.Cut(strings.ReplaceAll(b.Text, "   ...and the flags above", ""), "\n")
	env := []string{"PATH=" + buildClients(t) + ":" + os.Getenv("PATH"), "HOME=" + dir}
	for i, text := range []string{create, rest} {
		var lines strings.Builder
		for line := range strings.Lines(text) {
			command, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " #")
			lines.WriteString(command + flags + "\n")
		}
		out := (docs.Block{File: b.File, Line: b.Line, Text: lines.String()}).Shell(t, dir, env)
		if i == 0 {
			<-verdicts // the function has set the rule
			continue
		}
		name, value, _ := strings.Cut(b.Text[strings.Index(b.Text, "# ")+2:], ": ")
		if !regexp.MustCompile(name + `\s*: ` + value).MatchString(out) {
			t.Errorf("the object has no %s: %s\n%s", name, value, out)
		}
	}
}

// lineCommand runs one line.
func lineCommand(t *testing.T, l stack.ClientLine) *exec.Cmd {
	t.Helper()
	home := "HOME=" + t.TempDir()
	text := strings.ReplaceAll(programs[l.Client], "LINE", l.Line)
	switch l.Client {
	case "ossutil 1.7":
		words := strings.Fields(l.Line)
		cmd := exec.CommandContext(t.Context(), filepath.Join(buildClients(t), words[0]), words[1:]...)
		cmd.Env, cmd.Dir = append(os.Environ(), home), t.TempDir()
		return cmd
	case "ali-oss":
		cmd := exec.CommandContext(t.Context(), nodeOrSkip(t), "-e", text)
		cmd.Dir = nodeDir()
		return cmd
	}
	// The program stands in the clients' module for the build only.
	module, err := filepath.Abs(filepath.Join("testdata", "clients", "go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(module, "line", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{source: []byte(text), overlay: replaced} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-overlay", overlay, "./line")
	cmd.Dir = module
	return cmd
}
