package deploy

import (
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/settings"
)

// zero is somebody who begins with nothing: a checkout, an account with three buckets,
// and docs/deploy.md.
type zero struct {
	t *testing.T
	person
	s *stack.Served
}

// varying is what is another one in every run.
var varying = regexp.MustCompile(`sha256:[0-9a-f]{64}|[0-9A-F]{24}`)

// Somebody does what "From zero, step by step" in docs/deploy.md says, block by block.
// Each block must succeed, and print what the document shows.
func TestDocs_FromZero(t *testing.T) {
	z := newZero(t)
	state := "" // variables that a block leaves to the next
	blocks := docs.Blocks(t, "docs/deploy.md")
	for i, b := range blocks {
		switch b.Language {
		case "yaml":
			z.write(b)
		case "sh":
			saved := filepath.Join(z.dir, "state")
			run := b
			run.Text = state + b.Text + "\ndeclare -p APPROVED 2>/dev/null > " + saved + " || true\n"
			out := run.Shell(t, z.dir, z.env)
			left, _ := os.ReadFile(saved) // nothing, where there is no variable
			state = string(left)
			if i+1 < len(blocks) && blocks[i+1].Language == "text" && varying.ReplaceAllString(out, "…") != varying.ReplaceAllString(blocks[i+1].Text, "…") {
				t.Errorf("%s prints\n%s\nthe document shows\n%s", b.Place(), out, blocks[i+1].Text)
			}
			z.check(b)
		}
	}
	if len(blocks) < 20 {
		t.Errorf("only %d blocks", len(blocks))
	}
}

func newZero(t *testing.T) *zero {
	s := served(t)
	for _, b := range s.OSS.Buckets() {
		s.OSS.DeleteBucket(b.Name)
	}
	s.OSS.PutBucket(localoss.Bucket{Name: "demo-bucket-a", Region: "cn-hangzhou"})
	s.OSS.PutBucket(localoss.Bucket{Name: "invoices", Region: "cn-hangzhou"})
	s.OSS.PutBucket(localoss.Bucket{Name: "payments", Region: "cn-hangzhou", Rule: localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}})
	z := &zero{t, newPerson(t, s), s}
	bin := filepath.Join(z.dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"policy.yaml", "policy_test.yaml"} { // this person has none yet
		if err := os.Remove(filepath.Join(z.dir, own)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "bucketwarden"), root+"/cmd/bucketwarden").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	z.env = append(z.env, "PATH="+bin+":"+strings.TrimPrefix(z.env[0], "PATH="),
		"REAL_PACKAGE=yes", "BUCKETWARDEN_STS_ENDPOINT="+s.STSURL, "BUCKETWARDEN_ENDPOINT="+s.OSSURL, "SSL_CERT_FILE="+s.CAFile,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+stack.UserKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+stack.UserKey.AccessKeySecret)
	return z
}

// write makes of a block the file that it is: the policy, its expectations, or the
// settings that are deployed.
func (z *zero) write(b docs.Block) {
	z.t.Helper()
	file := ""
	switch {
	case strings.HasPrefix(b.Text, "version: 1\n"):
		file = "policy.yaml"
	case strings.HasPrefix(b.Text, "tests:\n"):
		file = "policy_test.yaml"
	default:
		z.deploy(b)
		return
	}
	if err := os.WriteFile(filepath.Join(z.dir, file), []byte(b.Text), 0o600); err != nil {
		z.t.Fatal(err)
	}
}

// deploy starts what make package has packed, with the settings of the block.
func (z *zero) deploy(b docs.Block) {
	z.t.Helper()
	code := filepath.Join(root, "dist", "code")
	o := stack.Options{Command: []string{filepath.Join(z.dir, "code", "main")}, Log: io.Discard}
	if err := os.CopyFS(filepath.Join(z.dir, "code"), os.DirFS(code)); err != nil {
		z.t.Fatal(err)
	}
	for line := range strings.Lines(b.Text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			z.t.Fatalf("%s: %q is no setting", b.Place(), line)
		}
		if name == settings.Policy {
			value = filepath.Join(z.dir, "code", strings.TrimPrefix(value, "/code/"))
		}
		o.Env = append(o.Env, name+"="+value)
	}
	o.Configure = func(c *localfc.Config) { c.Runtime = localfc.RuntimeGo1 }
	if err := z.s.Function.Stop(z.t.Context()); err != nil {
		z.t.Fatal(err)
	}
	if err := z.s.StartFunction(z.t.Context(), o); err != nil {
		z.t.Fatal(err)
	}
	front := httptest.NewServer(z.s.Function.Handler())
	z.t.Cleanup(front.Close)
	z.env = append(z.env, "FC="+front.Listener.Addr().String(), "BUCKETWARDEN_FC_ENDPOINT="+front.URL)
}

// check compares the account with what a step must leave: only the plan that was
// applied changes anything, and undo takes all of it back.
func (z *zero) check(b docs.Block) {
	z.t.Helper()
	want := map[string]string{"demo-bucket-a": "", "invoices": "", "payments": "KMS"}
	if strings.Contains(b.Text, "/apply?") {
		want = map[string]string{"demo-bucket-a": "AES256", "invoices": "KMS", "payments": "KMS"}
	}
	for name, algorithm := range want {
		if got, _ := z.s.OSS.Bucket(name); got.Rule.Algorithm != algorithm {
			z.t.Errorf("%s: after it %s has %+v, want %q", b.Place(), name, got.Rule, algorithm)
		}
	}
}
