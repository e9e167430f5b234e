package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const policy = `
version: 1
keys:
  payments:
    cn-hangzhou: key-hzz62f1cb66fa42qo9n
    eu-central-1: key-ger00000000000000000
rules:
  - name: public images
    match: {buckets: ["marketing-*"]}
    exempt: {reason: the CDN has no KMS rights yet, owner: web@example.com, until: 2199-12-31}
  - name: old migration
    match: {buckets: ["temp-*"]}
    exempt: {reason: data is moved off by hand, owner: ops@example.com, until: 2025-06-30}
  - name: records
    match: {buckets: ["*-records", "audit-*"]}
    want: {algorithm: SM4}
  - name: exports, look only
    match: {buckets: ["*-exports"]}
    want: {algorithm: KMS}
    mode: report
  - name: payments
    match: {buckets: ["payments*"]}
    want: {algorithm: KMS, key: payments}
  - name: everything else
    want: {algorithm: AES256}
`

// policyFile writes the policy once for all tests.
func policyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(os.TempDir(), fmt.Sprintf("bucketwarden-page-%d.yaml", os.Getpid()))
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	atEnd = append(atEnd, func() { _ = os.Remove(file) })
	return file
}

func TestPage_UnderAPolicy(t *testing.T) {
	at := shared(t, "-policy", policyFile(t))
	b := visit(t, desktop, at.Trigger)
	equal(t, "wanted", b.text("p.sub"), "Required: what the policy says about each bucket")
	legend := strings.Join(b.texts(".legend .label"), ", ")
	equal(t, "legend", legend, "Foreign key, Not encrypted, Unknown, Not compliant, Exempt, Compliant")
	b.unfold("audit-trail")
	if facts := strings.Join(b.texts(".detail dd"), "; "); !strings.HasPrefix(facts, "AES256; SM4; records; SM4; AES256 is weaker than the required SM4") {
		t.Errorf("facts %s", facts)
	}
	b.do(chromedp.Click(chromedp.CSS(".legend [data-v=exempt] button")))
	equal(t, "exempt", strings.Join(b.names(), " "), "marketing-images")
	b.unfold("marketing-images")
	equal(t, "lines to copy", len(b.texts(".detail pre")), 0)
	b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
	b.shoot("policy")
	b.quiet(at.Trigger + "/report")
}
