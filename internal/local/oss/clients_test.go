package oss_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
)

// rows are what the clients do, in the order of the table in docs/local.md.
var rows = []string{
	"create a bucket",
	"create with a rule",
	"create with ACL and redundancy",
	"set and read every rule",
	"wrong rules are refused",
	"remove the rule",
	"bucket info",
	"list buckets, page by page",
	"list buckets by tag",
	"location",
	"bucket tags",
	"does a bucket exist",
	"bucket ACL",
	"statistics",
	"versioning status",
	"regions",
	"upload without a rule",
	"upload takes the rule",
	"upload with encryption of its own",
	"upload fails with a key that is unknown or disabled",
	"download, whole and in part",
	"list objects, page by page",
	"copy encrypts an old object",
	"multipart upload",
	"signed URL",
	"delete objects, one and many",
	"delete a bucket",
	"V1 signature is refused with the line to change",
	"another region's bucket",
	"absent operations fail at once",
	"HTTPS with the local authority",
}

// client is one official client, as the table names it.
type client struct {
	name string
	// run does every row against the given environment and returns name-tab-outcome
	// lines.
	run func(t *testing.T, env []string) []byte
}

// clients are those of the table. Their versions are those of the modules under
// testdata/clients.
func clients(t *testing.T) []client {
	programs := buildClients(t)
	program := func(name string) func(*testing.T, []string) []byte {
		return func(t *testing.T, env []string) []byte {
			cmd := exec.CommandContext(t.Context(), filepath.Join(programs, name))
			cmd.Env = env
			return output(t, cmd)
		}
	}
	return []client{
		{"Go SDK v2", program("sdk2")},
		{"Go SDK v1", program("sdk1")},
		{"ossutil 1.7", ossutil(filepath.Join(programs, "ossutil"))},
		{"ali-oss", func(t *testing.T, env []string) []byte {
			cmd := exec.CommandContext(t.Context(), nodeOrSkip(t), "matrix.js")
			cmd.Env, cmd.Dir = env, nodeDir()
			return output(t, cmd)
		}},
	}
}

func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", cmd.Path, err, out, cmd.Stderr)
	}
	return out
}

// built is the directory of the Go clients, which are a module of their own and are
// built once, unchanged. TestMain removes it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "oss-clients")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./sdk1", "./sdk2", "github.com/aliyun/ossutil")
	build.Dir = filepath.Join("testdata", "clients", "go")
	if out, err := build.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("the clients cannot be built: %w\n%s", err, out)
	}
	return dir, nil
})

func buildClients(t *testing.T) string {
	t.Helper()
	usesClients.Store(true)
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var usesClients atomic.Bool

func TestMain(m *testing.M) {
	status := m.Run()
	if usesClients.Load() {
		dir, _ := built() // its error has failed a test
		_ = os.RemoveAll(dir)
	}
	os.Exit(status)
}

// TestClients lets every official client do every row against the local OSS, and
// compares the outcome with the table in docs/local.md. WARDEN_UPDATE_DOCS=1 writes
// the table.
func TestClients(t *testing.T) {
	all := clients(t)
	outcomes := make([]map[string]string, len(all))
	t.Run("clients", func(t *testing.T) {
		for i, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				outcomes[i] = run(t, c)
			})
		}
	})
	if t.Failed() || outcomes[len(outcomes)-1] == nil { // without Node there is no table
		return
	}
	compareTable(t, all, outcomes)
}

// run returns the outcome of each row; any other than ok and none fails the test.
func run(t *testing.T, c client) map[string]string {
	t.Helper()
	begun := time.Now()
	got := map[string]string{}
	for line := range strings.Lines(string(c.run(t, environment(t)))) {
		name, outcome, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		got[name] = outcome
		if outcome != "ok" && outcome != "-" {
			t.Errorf("%s: %s", name, outcome)
		}
	}
	for _, row := range rows {
		if got[row] == "" {
			t.Errorf("%s: not done", row)
		}
	}
	if len(got) != len(rows) {
		t.Errorf("%d rows, want %d", len(got), len(rows))
	}
	t.Logf("%s took %s", c.name, time.Since(begun).Round(time.Millisecond))
	return got
}

// environment starts a cloud for one client and says where it is.
func environment(t *testing.T) []string {
	t.Helper()
	c, err := cloud.Start(context.WithoutCancel(t.Context()), cloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	secure, err := c.Serve(t.Context(), "", c.OSS, true)
	if err != nil {
		t.Fatal(err)
	}
	c.OSS.PutBucket(localoss.Bucket{Name: "demo-bucket"})
	c.OSS.PutBucket(localoss.Bucket{Name: "beijing-bucket", Region: "cn-beijing"})
	return append(os.Environ(),
		"OSS_ENDPOINT="+c.OSSURL, "OSS_SECURE_ENDPOINT="+secure, "OSS_BUCKET=client",
		"OSS_ACCESS_KEY_ID="+cloud.UserKey.AccessKeyID, "OSS_ACCESS_KEY_SECRET="+cloud.UserKey.AccessKeySecret,
		"SSL_CERT_FILE="+c.CAFile, "NODE_EXTRA_CA_CERTS="+c.CAFile, "HOME="+t.TempDir(), "NO_PROXY=127.0.0.1")
}

const (
	tableBegin = "<!-- clients: written by a test -->\n"
	tableEnd   = "<!-- end of clients -->\n"
)

// compareTable holds docs/local.md to what the clients did.
func compareTable(t *testing.T, all []client, outcomes []map[string]string) {
	t.Helper()
	var table bytes.Buffer
	table.WriteString("| |")
	for _, c := range all {
		table.WriteString(" " + c.name + " |")
	}
	table.WriteString("\n|---" + strings.Repeat("|:-:", len(all)) + "|\n")
	for _, row := range rows {
		table.WriteString("| " + row + " |")
		for i := range all {
			table.WriteString(map[string]string{"ok": " yes |", "-": " – |"}[outcomes[i][row]])
		}
		table.WriteString("\n")
	}
	file := filepath.Join("..", "..", "..", "docs", "local.md")
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), tableBegin)
	got, after, ok2 := strings.Cut(rest, tableEnd)
	switch {
	case !ok || !ok2:
		t.Fatalf("%s has no table of clients", file)
	case got == table.String():
	case os.Getenv("WARDEN_UPDATE_DOCS") != "":
		if err := os.WriteFile(file, []byte(before+tableBegin+table.String()+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of clients in %s is not what they did; WARDEN_UPDATE_DOCS=1 writes it:\n%s", file, table.String())
	}
}
