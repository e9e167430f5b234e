package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
)

// The three programs over OSS's SDK and our three commands have the same effect, and
// docs/command.md shows both as they are run here.
func TestSamplesAndCommandsHaveTheSameEffect(t *testing.T) {
	shown := docs.Blocks(t, "docs/command.md")
	a := newAccount(t)
	for _, name := range []string{"by-sample", "by-command"} {
		a.OSS.PutBucket(localoss.Bucket{Name: name, Region: "cn-hangzhou"})
	}
	a.env = append(a.env, "OSS_ACCESS_KEY_ID="+userKey.AccessKeyID, "OSS_ACCESS_KEY_SECRET="+userKey.AccessKeySecret)
	for i, step := range []struct{ sample, command, rule string }{
		{"put", "bucketwarden rule set %s --algorithm KMS --kms-data-encryption SM4 --yes", "{KMS  SM4}"},
		{"get", "bucketwarden rule get %s", "{KMS  SM4}"},
		{"delete", "bucketwarden rule remove %s --yes", "{  }"},
	} {
		if program := essence(t, step.sample); shown[2*i].Text != program {
			t.Errorf("the document shows\n%s\nand the program %s has\n%s", shown[2*i].Text, step.sample, program)
		}
		if line := fmt.Sprintf(step.command, "my-bucket") + "\n"; shown[2*i+1].Text != line {
			t.Errorf("the document shows %s, and this is %s", shown[2*i+1].Text, line)
		}
		sampleSays := runSample(t, a, step.sample)
		a.OSS.ResetRequests()
		commandSays := a.run(0, strings.Fields(fmt.Sprintf(step.command, "by-command"))[1:]...)
		for _, name := range []string{"by-sample", "by-command"} {
			if b, _ := a.OSS.Bucket(name); fmt.Sprint(b.Rule) != step.rule {
				t.Errorf("after %s %s has %v, want %s", step.sample, name, b.Rule, step.rule)
			}
		}
		if step.sample == "get" && !strings.HasPrefix(commandSays, sampleSays) {
			t.Errorf("the sample says %q, the command %q", sampleSays, commandSays)
		}
		writes := slices.DeleteFunc(a.OSS.Requests(), func(r localoss.Request) bool { return r.Operation == "GetBucketEncryption" })
		if step.sample != "get" && len(writes) != 1 {
			t.Errorf("%s: the command wrote %d times", step.sample, len(writes))
		}
	}
}

// runSample builds and runs a program, and returns its output.
func runSample(t *testing.T, a *account, name string) string {
	t.Helper()
	exe := filepath.Join(a.dir, name)
	if out, err := exec.Command("go", "build", "-o", exe, "./testdata/samples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(exe, "-region", "cn-hangzhou", "-endpoint", a.OSSURL, "-bucket", "by-sample")
	cmd.Env = a.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// essence is the call that a program is about, with its arguments.
func essence(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile("testdata/samples/" + name + "/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(source), "client := oss.NewClient(cfg)\n")
	call, _, ended := strings.Cut(rest, "\tif err != nil")
	if !found || !ended {
		t.Fatalf("%s has another form", name)
	}
	return strings.ReplaceAll(strings.TrimPrefix(call, "\t"), "\n\t", "\n")
}
