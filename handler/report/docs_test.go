package report

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	"bucketwarden/ossenc"
)

// written is the report of a source in one form.
func written(t *testing.T, name string, v View, source Source) ([]byte, *Summary) {
	t.Helper()
	f, ok := FormatNamed(name)
	if !ok {
		t.Fatalf("no format %s", name)
	}
	var out bytes.Buffer
	sum, err := Write(&out, f, v, source)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), sum
}

// hostile are rows whose values try to pass for others.
func hostile() []ossenc.Result {
	key := func(id string) ossenc.Rule { return ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: id} }
	return []ossenc.Result{
		{Bucket: "a", Region: "cn-hangzhou", Verdict: ossenc.Compliant, Observed: true, After: key("k\tcompliant\nx\\n\r\x01")},
		{Bucket: "b\xff\xfe", Region: `"><b>`, Verdict: ossenc.Blocked, Code: ossenc.ForeignKey, Observed: true, After: key("\u202e\x1b[31m]]>"), Wanted: key("=1"), PolicyRule: "r\t1", Reason: "]]>\x00\x0b&<\ufffe"},
		{Account: "1234567890123456", Bucket: "c", Verdict: ossenc.Unknown, Code: ossenc.Denied},
	}
}

// The line of the document, run by a shell, prints the report's own digest.
func TestDigest_TheDocumentedLineRecomputesIt(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("SKIPPED, the digest is not recomputed: there is no jq")
	}
	line := docs.Blocks(t, "docs/report.md", "sh")[0].Text
	for name, source := range map[string]Source{"account": account(t), "hostile": rows(nil, hostile()...), "none": rows(nil)} {
		dir := t.TempDir()
		body, sum := written(t, "json", view(), source)
		if err := os.WriteFile(filepath.Join(dir, "report.json"), body, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", line)
		cmd.Dir = dir
		out, err := cmd.Output()
		if got, _, _ := strings.Cut(string(out), " "); err != nil || "sha256:"+got != sum.Digest {
			t.Errorf("%s: %s (%v), want %s", name, out, err, sum.Digest)
		}
	}
}

// A change of any fact in any row is another digest; a change of words is not.
func TestDigest_CoversEveryFact(t *testing.T) {
	base := ossenc.Result{Account: "1", Bucket: "b", Region: "r", Verdict: ossenc.Blocked, Code: ossenc.Refused, PolicyRule: "p", Observed: true}
	digestOf := func(change func(*ossenc.Result)) string {
		res := base
		change(&res)
		_, sum := written(t, "json", View{}, rows(nil, res))
		return sum.Digest
	}
	same := digestOf(func(*ossenc.Result) {})
	for name, change := range map[string]func(*ossenc.Result){
		"account": func(r *ossenc.Result) { r.Account = "2" }, "bucket": func(r *ossenc.Result) { r.Bucket = "c" }, "region": func(r *ossenc.Result) { r.Region = "s" },
		"verdict": func(r *ossenc.Result) { r.Verdict = ossenc.Compliant }, "code": func(r *ossenc.Result) { r.Code = ossenc.ForeignKey }, "policy rule": func(r *ossenc.Result) { r.PolicyRule = "q" },
		"rule": func(r *ossenc.Result) { r.After.Algorithm = ossenc.SM4 }, "read": func(r *ossenc.Result) { r.Observed = false }, "required": func(r *ossenc.Result) { r.Wanted.Algorithm = ossenc.SM4 },
	} {
		if digestOf(change) == same {
			t.Errorf("another %s has the same digest", name)
		}
	}
	if digestOf(func(r *ossenc.Result) { r.Reason, r.OSSRequestID = "x", "y" }) != same {
		t.Error("another reason has another digest")
	}
}

// evidence is a view with all of a provenance.
func evidence() View {
	v := view()
	v.Account, v.Region = "1234567890123456", "cn-hangzhou"
	v.Origin = Origin{
		Tool: "function", Version: "v1.2.3", Identity: RoleARN(v.Account, "oss-encryption-guard"),
		Policy: &PolicyFile{Name: "policy.yaml", SHA256: strings.Repeat("ab", 32), Lines: map[string]int{"payments": 12}},
	}
	v.Prefix, v.RegionFilter = "pay-", "cn-hangzhou"
	return v
}

// collected is the view of a report that came via a function.
func collected() View {
	v := evidence()
	v.Origin.Via = &Via{Function: "guard in cn-beijing", Version: "v1.0.0", Parts: 3, AskedBy: "acs:ram::1234567890123456:user/alice"}
	return v
}

// Every form says which function a report was collected from, and who asked.
func TestProvenance_SaysViaWhichFunction(t *testing.T) {
	for _, f := range Formats() {
		body, _ := written(t, f.Name, collected(), account(t))
		for _, fact := range []string{"guard in cn-beijing", "v1.0.0", "acs:ram::1234567890123456:user/alice"} {
			if !bytes.Contains(body, []byte(fact)) {
				t.Errorf("%s does not say %s", f.Name, fact)
			}
		}
	}
	v := collected()
	v.Origin.Via.AskedBy, v.Origin.Via.AskedByError = "", "a token was sent"
	if body, _ := written(t, "csv", v, account(t)); !bytes.Contains(body, []byte(",report,asked_by,,,,unknown (a token was sent),")) {
		t.Errorf("it is not said why it is unknown who asked:\n%s", body)
	}
}

// Every form without nested values repeats every fact of the provenance.
func TestProvenance_IsInEveryForm(t *testing.T) {
	for _, f := range Formats() {
		body, sum := written(t, f.Name, evidence(), account(t))
		for _, fact := range []string{"v1.2.3", "1234567890123456", "acs:ram::1234567890123456:role/oss-encryption-guard", "policy.yaml", strings.Repeat("ab", 32), "pay-", sum.Digest} {
			if !bytes.Contains(body, []byte(fact)) {
				t.Errorf("%s does not say %s", f.Name, fact)
			}
		}
	}
	body, _ := written(t, "json", evidence(), account(t))
	var got struct{ Provenance Provenance }
	if err := json.Unmarshal(body, &got); err != nil || !got.Provenance.Time.Equal(view().Now) || got.Provenance.Tool != "function" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFileOf_SaysNotWhereAPersonWorks(t *testing.T) {
	for name, want := range map[string]string{
		"policy.yaml": "policy.yaml", "./policies/prod.yaml": "policies/prod.yaml", "/home/li/secret/p.yaml": "p.yaml", "../other/p.yaml": "p.yaml", `C:\Users\li\p.yaml`: "p.yaml",
	} {
		if got := FileOf(name, "", nil); got.Name != want {
			t.Errorf("%s: %s, want %s", name, got.Name, want)
		}
	}
	if FileOf("", "", nil) != nil {
		t.Error("a policy without a file has one")
	}
}
