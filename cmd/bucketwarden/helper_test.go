package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
)

// account is a local cloud for one test, and the environment that reaches it.
type account struct {
	*cloud.Cloud
	t   *testing.T
	dir string
	env []string
}

func newAccount(t *testing.T) *account {
	t.Helper()
	c, err := cloud.Start(context.WithoutCancel(t.Context()), cloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.AddKey(userKey)
	a := &account{Cloud: c, t: t, dir: t.TempDir()}
	for _, pair := range c.Env() {
		name, value, _ := strings.Cut(pair, "=")
		a.env = append(a.env, strings.Replace(name, "WARDEN_OSS_", "BUCKETWARDEN_", 1)+"="+value)
	}
	a.env = append(a.env, "HOME="+a.dir, "PATH="+os.Getenv("PATH"), "TERM=xterm",
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+userKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+userKey.AccessKeySecret)
	return a
}

// command returns the command with these arguments.
func (a *account) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(a.t.Context(), raced, args...)
	cmd.Dir, cmd.Env = a.dir, a.env
	return cmd
}

// run runs the command, which must end with a status, and returns its output.
func (a *account) run(status int, args ...string) string {
	a.t.Helper()
	out, err := a.command(args...).CombinedOutput()
	got := 0
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // as exec returns it
		got = exit.ExitCode()
	} else if err != nil {
		a.t.Fatal(err)
	}
	if got != status {
		a.t.Fatalf("%v: status %d, want %d\n%s", args, got, status, out)
	}
	return string(out)
}

// buckets creates n buckets without a rule, and returns their names.
func (a *account) buckets(n int) []string {
	var names []string
	for i := range n {
		name := "bucket-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		a.OSS.PutBucket(localoss.Bucket{Name: name, Region: cloud.Region})
		names = append(names, name)
	}
	return names
}

// encrypted returns how many buckets have a rule.
func (a *account) encrypted() int {
	n := 0
	for _, b := range a.OSS.Buckets() {
		if b.Rule != (localoss.Rule{}) {
			n++
		}
	}
	return n
}
