package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
)

// The recipes of docs/report.md run where there is a bucket to report. Those of CI fail
// then if they are a gate, and leave the file that the CI system reads all the same.
func TestDocs_ReportRecipesRun(t *testing.T) {
	docs.Needs(t, "bash", "jq")
	blocks := docs.Blocks(t, "docs/report.md")
	if len(blocks) < 6 {
		t.Fatalf("%d recipes", len(blocks))
	}
	for _, b := range blocks {
		a := newAccount(t)
		a.OSS.PutBucket(localoss.Bucket{Name: "assets", Region: "cn-beijing"})
		a.OSS.PutBucket(localoss.Bucket{Name: "logs", Region: "cn-hangzhou", Rule: localoss.Rule{Algorithm: "AES256"}})
		inCI(t, a, ciPolicy)
		if err := os.Mkdir(filepath.Join(a.dir, "textfile"), 0o700); err != nil {
			t.Fatal(err)
		}
		script := steps(t, b.Language, b.Text)
		out, err := shell(a, script)
		if gate := strings.Contains(script, "bucketwarden check"); (err != nil) != gate {
			t.Errorf("%s: %v\n%s", b.Place(), err, out)
		}
		if strings.Contains(script, "jq ") && !strings.Contains(out, "assets\t") && !strings.Contains(out, "\tassets") {
			t.Errorf("%s does not name the bucket that fails:\n%s", b.Place(), out)
		}
		for _, m := range regexp.MustCompile(`(?m)--output (report\.[a-z]+)$|mv \S+ (\S+)$`).FindAllStringSubmatch(script, -1) {
			if info, err := os.Stat(filepath.Join(a.dir, m[1]+m[2])); err != nil || info.Size() == 0 {
				t.Errorf("%s leaves no %s: %v", b.Place(), m[1]+m[2], err)
			}
		}
	}
}
