package report

import (
	"fmt"

	"bucketwarden/ossenc"
)

// test is a predicate over a bucket's current rule. It is what is tested for the
// controls that name it, and is printed beside them: a control's own text is its
// publisher's.
type test struct {
	name, predicate string
	holds           func(ossenc.Rule) bool
}

var (
	testEncrypted = &test{"encrypted", "the bucket has a default encryption rule: AES256, SM4 or KMS", func(r ossenc.Rule) bool { return !r.IsNone() }}
	testKMS       = &test{"kms", "the algorithm of the bucket's rule is KMS", func(r ossenc.Rule) bool { return r.Algorithm == ossenc.KMS }}
	testKMSKey    = &test{"kms_key", "the algorithm of the bucket's rule is KMS and the rule names a key", func(r ossenc.Rule) bool { return r.Algorithm == ossenc.KMS && r.KMSKeyID != "" }}
	tests         = []*test{testEncrypted, testKMS, testKMSKey}
)

// control is a check that people are audited for. The identifiers are those of the
// publishers; where one packs several of Cloud Config's rules under a control, the
// strictest is tested. CIS asks for the service's key (5.8) or an own key (5.9), which
// one bucket cannot both have, so they are one control, and AES256 meets neither.
type control struct {
	standard, id string
	test         *test
}

var controls = []control{
	{"CIS Alibaba Cloud Foundation Benchmark 2.0.0", "5.8 or 5.9", testKMS},
	{"Alibaba Cloud Config", "oss-bucket-server-side-encryption-enabled", testEncrypted},
	{"Alibaba Cloud Config", "oss-default-encryption-kms", testKMS},
	{"Alibaba Cloud Config", "oss-encryption-byok-check", testKMSKey},
	{"PCI DSS 4.0", "3.5.1", testKMSKey},
	{"ISO/IEC 27001:2022", "A.8.24", testKMS},
	{"NIST SP 800-53 Rev. 5", "SC-28(1)", testKMS},
	{"MLPS 2.0 Level 3 (GB/T 22239-2019)", "data confidentiality in storage", testKMS},
}

// ControlResult says how the rows of a report meet one control.
type ControlResult struct {
	Standard string `json:"standard"`
	Control  string `json:"control"`
	// Test is the name of the predicate, as in the meets of the rows.
	Test      string `json:"test"`
	Predicate string `json:"predicate"`
	// Pass, Fail and Unknown count the rows. Buckets that are gone count nowhere.
	Pass    int `json:"pass"`
	Fail    int `json:"fail"`
	Unknown int `json:"unknown"`
}

// meets returns the names of the tests that the row's rule passes; nil if the rule is
// not known.
func meets(res ossenc.Result) []string {
	if !res.Observed {
		return nil
	}
	names := []string{}
	for _, t := range tests {
		if t.holds(res.After) {
			names = append(names, t.name)
		}
	}
	return names
}

// tally counts how the rows meet the tests.
type tally struct {
	pass          map[*test]int
	read, unknown int
}

func (t *tally) add(res ossenc.Result) {
	switch {
	case res.Verdict == ossenc.Gone:
	case !res.Observed:
		t.unknown++
	default:
		t.read++
		for _, one := range tests {
			t.pass[one] += number(one.holds(res.After))
		}
	}
}

func (t *tally) controls() []ControlResult {
	var all []ControlResult
	for _, c := range controls {
		pass := t.pass[c.test]
		all = append(all, ControlResult{c.standard, c.id, c.test.name, c.test.predicate, pass, t.read - pass, t.unknown})
	}
	return all
}

// counts are the numbers in words.
func (c ControlResult) counts() string {
	return fmt.Sprintf("pass %d, fail %d, unknown %d", c.Pass, c.Fail, c.Unknown)
}
