package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// person is a directory and an environment in which the documents' lines run: with the
// sample files, and with s and make of testdata/bin before the real ones.
type person struct {
	dir string
	env []string
}

func newPerson(t *testing.T, s *stack.Served) person {
	t.Helper()
	docs.Needs(t, "bash", "make", "curl", "jq")
	checkout, err := docs.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, target := range map[string]string{"events": "events", "docs": "docs", "policy.yaml": "docs/examples/policy.yaml", "policy_test.yaml": "docs/examples/policy_test.yaml"} {
		if err := os.Symlink(filepath.Join(checkout, target), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	realMake, err := exec.LookPath("make")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{
		"PATH=" + filepath.Join(checkout, "internal", "deploy", "testdata", "bin") + ":" + os.Getenv("PATH"), "HOME=" + dir,
		"OWN_HOME=" + os.Getenv("HOME"), "CHECKOUT=" + checkout, "REAL_MAKE=" + realMake, "GOFLAGS=" + os.Getenv("GOFLAGS"), "OUT=" + filepath.Join(dir, "out"),
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // those of HOME are empty: everything would be fetched and built anew
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	if s != nil {
		env = append(env, "FC="+s.At.Function)
	}
	return person{dir, env}
}

// served is a stack that people reach on free ports.
func served(t *testing.T) *stack.Served {
	t.Helper()
	binary, err := stack.Build(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Serve(t.Context(), stack.Options{Binary: binary, Env: []string{"WARDEN_HTTP_AUTH=platform"}}, stack.Addresses{
		Function: "127.0.0.1:0", OSS: "127.0.0.1:0", Console: "127.0.0.1:0",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// The lines for the shell run as they stand in the documents, against the function
// between its stand-ins. Only the ports are others.
func TestDocs_TheLinesRun(t *testing.T) {
	s := served(t)
	p := newPerson(t, s)
	command := filepath.Join(p.dir, "command")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, root+"/cmd/bucketwarden").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.env = append(p.env, "COMMAND="+command)
	event := string(stack.BucketCreated("1", "demo-bucket-a", stack.Region).JSON())
	message, err := json.Marshal(map[string]string{"requestPayload": event})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "message.json"), message, 0o600); err != nil {
		t.Fatal(err)
	}
	ports := strings.NewReplacer("127.0.0.1:8080", s.At.Function, "localhost:9001", s.At.Function, "127.0.0.1:8082", s.At.Console)
	for _, blocks := range [][]docs.Block{
		docs.Blocks(t, "docs/deploy.md"), docs.Blocks(t, "docs/local.md"), docs.Blocks(t, "docs/policy.md"),
		docs.Blocks(t, "docs/s-variants.md"), docs.Blocks(t, "docs/serverless-devs.md"),
	} {
		for _, b := range blocks {
			s.OSS.PutBucket(localoss.Bucket{Name: "demo-bucket-a", Region: stack.Region})
			b.Text = ports.Replace(b.Text)
			out := b.Shell(t, p.dir, p.env)
			done, _ := s.OSS.Bucket("demo-bucket-a")
			sends := strings.Contains(b.Text, "s invoke -f event") || strings.Contains(b.Text, "-X PUT http")
			if sends != (done.Rule.Algorithm == "AES256") {
				t.Errorf("%s: after it the bucket has %+v\n%s", b.Place(), done.Rule, out)
			}
		}
	}
	if report, err := os.ReadFile(filepath.Join(p.dir, "report.txt")); err != nil || !bytes.Contains(report, []byte("demo-bucket-a")) {
		t.Errorf("report.txt: %v\n%s", err, report)
	}
	if out := (docs.Block{Text: "curl -sS " + s.At.Console + "/"}).Shell(t, p.dir, p.env); !strings.Contains(out, "demo-bucket-a") {
		t.Errorf("the console lists %s", out)
	}
}

// What README.md shows of make demo is what it prints, but for the times.
func TestDocs_MakeDemo(t *testing.T) {
	p := newPerson(t, nil)
	blocks := docs.Blocks(t, "README.md")
	out := blocks[0].Shell(t, p.dir, p.env)
	times := regexp.MustCompile(`\d+(\.\d+)?(ms|µs|s)\b`)
	shown, _ := strings.CutPrefix(blocks[1].Text, "$ make demo\n")
	if !strings.Contains(times.ReplaceAllString(out, "TIME"), times.ReplaceAllString(shown, "TIME")) {
		t.Errorf("make demo prints\n%s\nREADME.md shows\n%s", out, shown)
	}
}

// The lines of the quick start in README.md run as they stand there; make package and
// make s-check have tests of their own.
func TestDocs_TheLinesOfREADME(t *testing.T) {
	p := newPerson(t, nil)
	command := filepath.Join(p.dir, "command")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, root+"/cmd/bucketwarden").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.env = append(p.env, "COMMAND="+command)
	said := ""
	for _, b := range docs.Blocks(t, "README.md") {
		said += b.Shell(t, p.dir, p.env)
	}
	for _, want := range []string{"All 5 steps went as they must.", "actiontrail-encryption-deleted", "→ AES256  fixed"} {
		if !strings.Contains(said, want) {
			t.Errorf("they do not say %q:\n%s", want, said)
		}
	}
}

// The answers in the documents are answers of the function: to the event, and to the
// sweep, that they are about.
func TestDocs_Answers(t *testing.T) {
	s := served(t)
	for _, b := range s.OSS.Buckets() {
		s.OSS.DeleteBucket(b.Name)
	}
	invoke := func(event []byte) map[string]any {
		t.Helper()
		r, err := s.Function.Invoke(t.Context(), event)
		if err != nil || r.FunctionError != "" {
			t.Fatalf("%v %s", err, r.Payload)
		}
		return object(t, r.Payload)
	}
	shown := object(t, []byte(docs.Blocks(t, "docs/verdicts.md")[0].Text))
	s.OSS.PutBucket(localoss.Bucket{Name: "payments", Region: "cn-hangzhou"})
	results, _ := invoke(stack.BucketCreated("69B1000000000000000000A1", "payments", "cn-hangzhou").JSON())["results"].([]any)
	if len(results) != 1 {
		t.Fatalf("results %v", results)
	}
	result, _ := results[0].(map[string]any)
	shown["oss_request_id"] = result["oss_request_id"]
	if err := has(result, shown); err != nil || len(shown) != len(result) {
		t.Errorf("docs/verdicts.md: %v: the answer is %v", err, result)
	}
	sweep := docs.Blocks(t, "docs/sweep.md")
	s.OSS.PutBucket(localoss.Bucket{Name: "a-new", Region: "cn-hangzhou"})
	s.OSS.PutBucket(localoss.Bucket{Name: "b-old", Region: "cn-hangzhou", Rule: localoss.Rule{Algorithm: "AES256"}})
	got := invoke([]byte(sweep[0].Text))
	want := object(t, []byte(sweep[1].Text))
	wantResults, _ := want["results"].([]any)
	gotResults, _ := got["results"].([]any)
	if len(gotResults) != 1 || len(wantResults) != 1 {
		t.Fatalf("results %v, want %v", gotResults, wantResults)
	}
	if err := has(gotResults[0], wantResults[0]); err != nil {
		t.Errorf("%s: %v", sweep[1].Place(), err)
	}
	delete(want, "results")
	if err := has(got, want); err != nil {
		t.Errorf("%s: %v in %v", sweep[1].Place(), err, got)
	}
}
