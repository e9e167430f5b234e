package web

import (
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/internal/docs"
	"bucketwarden/ossenc"
)

var update = flag.Bool("update", false, "write the answers into docs/http.md")

// The lines of the document run as they stand there, with curl, one after the
// other, and answer what stands below them.
func TestDocs_TheLinesRun(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED, docs/http.md is not tested: there is no curl")
	}
	const requestID = "69B1000000000000000000A1"
	m := &memory.Account{
		RequestID: requestID,
		Rules:     map[string]ossenc.Rule{"demo-bucket-a": {}, "demo-bucket-b": aes256},
		Regions:   map[string]string{"demo-bucket-b": "cn-beijing"},
		Errs: map[string]error{"demo-bucket-b": &ossenc.Error{
			Op: "GetBucketEncryption", Bucket: "demo-bucket-b", Code: ossenc.Denied, OSSCode: "AccessDenied", RequestID: requestID, Message: "You have no right",
		}},
	}
	web, _ := newWeb(m, Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes})
	server := httptest.NewServer(web)
	defer server.Close()
	all := docs.Blocks(t, "docs/http.md")
	ran := 0
	for i, b := range all {
		if b.Language != "sh" {
			continue
		}
		ran++
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", b.Text)
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "URL=" + server.URL, "TOKEN=s3cr3t-root"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", b.Text, err)
		}
		if i+1 < len(all) && all[i+1].Language != "sh" {
			got := strings.ReplaceAll(string(out), "\r\n", "\n")
			if *update {
				rewrite(t, "../../docs/http.md", all[i+1].Text, got)
				continue
			}
			if got != all[i+1].Text {
				t.Errorf("%s answers\n%s\nthe document says\n%s", b.Text, got, all[i+1].Text)
			}
			continue
		}
		if problem := regexp.MustCompile(`"status":\d+`).Find(out); problem != nil {
			t.Errorf("%s answers %s", b.Text, out)
		}
	}
	if ran < 10 {
		t.Errorf("only %d blocks", ran)
	}
}

// rewrite replaces a text of a file.
func rewrite(t *testing.T, file, old, text string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(b), old, text, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The table of statuses is the one of the code.
func TestDocs_TheStatuses(t *testing.T) {
	b, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[ossenc.Code]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d{3}) \| (.*) \|$`).FindAllStringSubmatch(string(b), -1) {
		status, _ := strconv.Atoi(row[1])
		for _, code := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[2], -1) {
			documented[ossenc.Code(code[1])] = status
		}
	}
	for _, code := range append(ossenc.Codes(), codeUnauthorized, codeForbidden, codeNoRoute, codeMethod, codeAcceptable, codeTooLarge, codeMediaType) {
		if documented[code] != statusOf(code) {
			t.Errorf("%s: documented %d, real %d", code, documented[code], statusOf(code))
		}
	}
}

// The lines of docs/sweep.md make a plan, apply it and undo it.
func TestDocs_TheLinesOfASweepRun(t *testing.T) {
	for _, tool := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("SKIPPED, docs/sweep.md is not tested: there is no " + tool)
		}
	}
	m := &memory.Account{Rules: map[string]ossenc.Rule{"demo-bucket-a": {}, "demo-bucket-b": aes256}}
	web, _ := newWeb(m, Auth{Mode: AuthPlatform, Allow: scopes})
	server := httptest.NewServer(web)
	defer server.Close()
	dir := t.TempDir()
	after := []ossenc.Rule{aes256, {}} // of demo-bucket-a, behind each block
	for _, b := range docs.Blocks(t, "docs/sweep.md") {
		if b.Language != "sh" {
			continue
		}
		// Who approves reads the digest in the plan.
		text := strings.ReplaceAll(b.Text, "$APPROVED", `$(jq -r .digest plan.json)`)
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", text)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "URL=" + server.URL, "TOKEN=the platform authenticates here"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", b.Text, err, out)
		}
		if len(after) == 0 {
			t.Fatalf("a block that this test does not know: %s", b.Text)
		}
		if got := m.Rule("demo-bucket-a"); got != after[0] {
			t.Errorf("after %s the bucket has %s, want %s", b.Text, got, after[0])
		}
		after = after[1:]
	}
	if len(after) > 0 {
		t.Errorf("%d blocks are missing", len(after))
	}
}
