package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// sarifReport is SARIF 2.1.0: a result for each bucket that needs attention, at the
// line of the policy's rule that decided. Viewers of code show only results that are
// at a line of a file, so there is no SARIF without a policy file.
type sarifReport struct {
	*printer
	v     View
	comma string
	fixed []string // notes of what was fixed since an earlier report
}

func newSARIF(p *printer, v View) writer { return &sarifReport{printer: p, v: v} }

// sarifRule is a kind of finding.
type sarifRule struct{ id, level, severity, short, help string }

// sarifRules are all kinds, the most severe first. severity is what GitHub sorts by,
// from 0 to 10.
var sarifRules = []sarifRule{
	{"foreign-key", "error", "9.0", "The bucket is encrypted with a KMS key that the policy does not name", "Find out who set this key. If it is legitimate, add it to the policy."},
	{"unencrypted", "error", "7.0", "The bucket has no default encryption", "Set the bucket's default encryption, or change the policy."},
	{"noncompliant", "warning", "5.0", "The bucket's default encryption is not what the policy requires", "Set the bucket's default encryption, or change the policy."},
	{"unknown", "warning", "5.0", "The bucket's default encryption could not be read", "Grant the right oss:GetBucketEncryption, or see the reason."},
}

func sarifRuleOf(res ossenc.Result) int {
	switch {
	case res.Code == ossenc.ForeignKey:
		return 0
	case isUnread(res) || !res.Observed:
		return 3
	case res.After.IsNone():
		return 1
	}
	return 2
}

func (s *sarifReport) begin() {
	var rules []object
	for _, r := range sarifRules {
		rules = append(rules, object{
			"id": r.id, "shortDescription": object{"text": r.short}, "fullDescription": object{"text": r.short + "."}, "help": object{"text": r.help},
			"defaultConfiguration": object{"level": r.level},
			"properties":           object{"tags": []string{"security", "encryption"}, "security-severity": r.severity},
		})
	}
	driver := object{"name": "Bucketwarden", "rules": rules}
	if s.v.Origin.Version != "" {
		driver["version"] = s.v.Origin.Version
	}
	s.print(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":`, encoded(object{"driver": driver}),
		`,"automationDetails":`, encoded(object{"id": "bucketwarden/" + s.v.Account + "/"}), `,"results":[`)
}

func (s *sarifReport) row(r row) {
	res := r.Result
	if r.change == ChangeFixed {
		s.fixed = append(s.fixed, "fixed: "+res.Bucket+" ("+res.Region+")")
	}
	if !needsAttention(res) {
		return
	}
	account := cmp.Or(res.Account, s.v.Account)
	index := sarifRuleOf(res)
	name := "acs:oss:" + res.Region + ":" + account + ":" + res.Bucket
	policy := s.v.Origin.Policy
	result := object{
		"ruleId": sarifRules[index].id, "ruleIndex": index, "level": sarifRules[index].level,
		"message": object{"text": res.Bucket + " (" + res.Region + "): " + res.Reason},
		"locations": []object{{
			"physicalLocation": object{"artifactLocation": object{"uri": sarifURI(policy.Name)}, "region": object{"startLine": max(1, policy.Lines[res.PolicyRule])}},
			"logicalLocations": []object{{"fullyQualifiedName": name, "name": res.Bucket, "kind": "resource"}},
		}},
		"partialFingerprints": object{"primaryLocationLineHash": sarifFingerprint(sarifRules[index].id, account, res.Bucket)},
		"properties":          object{"account": account, "region": res.Region, "verdict": res.Verdict, "code": res.Code, "rule": ruleOf(res), "required": requiredOf(res), "policy_rule": res.PolicyRule},
	}
	if state, ok := sarifStates[r.change]; ok {
		result["baselineState"] = state
		result["properties"].(object)["open_since"] = r.since()
	}
	s.print(s.comma, "\n", encoded(result))
	s.comma = ","
}

// sarifStates are SARIF's words for the changes that need attention.
var sarifStates = map[Change]string{ChangeNew: "new", ChangeWorse: "updated", ChangeOpen: "unchanged"}

// sarifURI is a file's name as a relative reference.
func sarifURI(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c > ' ' && c < 0x7f && !strings.ContainsRune(`"<>\^{|}%:?#[]`+"`", rune(c)) {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return strings.TrimLeft(b.String(), "/")
}

// sarifFingerprint keeps a finding the same when the policy's lines move.
func sarifFingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8]) + ":1"
}

func (s *sarifReport) end(sum *Summary) {
	invocation := object{"executionSuccessful": sum.Complete, "endTimeUtc": sum.Provenance.Time.Format(time.RFC3339)}
	// A result of what was fixed, with the baselineState absent, would be an alert to
	// viewers that do not know that state.
	var notes []object
	for _, text := range s.fixed {
		notes = append(notes, object{"level": "note", "message": object{"text": text}})
	}
	if !sum.Complete {
		notes = append(notes, object{"level": "error", "message": object{"text": sum.Missing}})
	}
	if len(notes) > 0 {
		invocation["toolExecutionNotifications"] = notes
	}
	s.print("\n],\n\"invocations\":", encoded([]object{invocation}), ",\n\"properties\":", encoded(object{"bucketwarden": sum}), "}]}\n")
}
