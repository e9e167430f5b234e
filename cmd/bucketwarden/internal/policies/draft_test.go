package policies

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

var draftDay = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)

func kmsRule(key, data string) ossenc.Rule {
	return ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: key, KMSDataEncryption: data}
}

// The draft as a person reads it.
func TestDraft(t *testing.T) {
	aes := ossenc.Rule{Algorithm: ossenc.AES256}
	all := []present{
		{bucket: "123", region: "cn-hangzhou"},
		{bucket: "assets", region: "cn-beijing"},
		{bucket: "broken", region: "cn-beijing", unread: "denied"},
		{bucket: "logs", region: "cn-hangzhou", rule: aes},
		{bucket: "pay-1", region: "cn-hangzhou", rule: kmsRule("key-a", "")},
		{bucket: "pay-2", region: "cn-beijing", rule: kmsRule("key-b", "SM4")},
		{bucket: "pay-3", region: "cn-hangzhou", rule: kmsRule("key-a", "")},
		{bucket: "true", region: "cn-hangzhou", rule: ossenc.Rule{Algorithm: ossenc.SM4}},
		{bucket: "web", region: "cn-hangzhou", rule: kmsRule("", "")},
	}
	d := newDraft(all, "1234567890123456", draftDay)
	if err := d.check("policy.yaml", all, draftDay); err != nil {
		t.Fatal(err)
	}
	const want = `# What the buckets of account 1234567890123456 have, as they were on 2026-11-26: each of them keeps at
# least the rule that it has. The first rule that matches decides; the last one matches
# every bucket. Lines with DECIDE are for a person. "bucketwarden policy check" finds
# mistakes, "bucketwarden plan --policy" shows what it would change.
# DECIDE: the rules of these buckets could not be read, so nothing is known of them:
#   broken
version: 1

# Most buckets that one sweep may change: a number, or a share.
max_changes: 10%

# The KMS keys that are there. A bucket with another key is reported from now on.
# DECIDE: give them names of yours, and IDs in the regions where there are none yet.
keys:
  key-1: {cn-hangzhou: "key-a"}
  key-2: {cn-beijing: "key-b"}

rules:
  # DECIDE: names of buckets say nothing about buckets that are created later. A pattern
  # such as "pay-*", a tag or a region may say better what is meant.
  - name: "KMS"
    match:
      buckets:
        - "web"
    want: {algorithm: KMS}

  - name: "KMS with key-1"
    match:
      buckets:
        - "pay-1"
        - "pay-3"
    want: {algorithm: KMS, key: key-1}

  - name: "KMS with key-2 and SM4"
    match:
      buckets:
        - "pay-2"
    want: {algorithm: KMS, key: key-2, kms_data_encryption: SM4}

  - name: "SM4"
    match:
      buckets:
        - "true"
    want: {algorithm: SM4}

  # DECIDE: these buckets have no rule, and this rule gives them AES256. Exempt those that
  # must stay as they are (exempt: {reason: ..., owner: ..., until: 2027-03-31}):
  #   123
  #   assets
  - name: everything else
    want: {algorithm: AES256}
`
	if got := d.policyText(); got != want {
		t.Errorf("the draft is\n%s", got)
	}
	for _, line := range []string{`bucket: "pay-1"`, `kms_key_id: "key-a"`, `bucket: "true"`, `rule: everything else`} {
		if !strings.Contains(d.testText(), line) {
			t.Errorf("no expectation has %s:\n%s", line, d.testText())
		}
	}
}

// Whatever an account has, its draft is a policy without a mistake that changes no
// bucket which has a rule: check says so, and the draft's tests hold.
func TestDraft_OfAnyAccount(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	regions := []string{"cn-hangzhou", "cn-beijing", "eu-central-1"}
	keys := []string{"", "key-1", "key-2", "alias/payments", "9a1b2c3d-0000-4000-8000-000000000000"}
	for run := range 300 {
		var all []present
		for i := range random.IntN(60) {
			p := present{bucket: fmt.Sprintf("b%d-%d", i, random.IntN(1000)), region: regions[random.IntN(len(regions))]}
			switch random.IntN(6) {
			case 0:
			case 1:
				p.rule = ossenc.Rule{Algorithm: ossenc.AES256}
			case 2:
				p.rule = ossenc.Rule{Algorithm: ossenc.SM4}
			case 3:
				p.unread = "denied"
			default:
				p.rule = kmsRule(keys[random.IntN(len(keys))], []string{"", "SM4"}[random.IntN(2)])
			}
			if random.IntN(3) == 0 && strings.HasPrefix(p.rule.KMSKeyID, "key-") {
				p.rule.KMSKeyID = "acs:kms:" + p.region + ":1234567890123456:key/" + p.rule.KMSKeyID
			}
			all = append(all, p)
		}
		d := newDraft(all, "", draftDay)
		if err := d.check("policy.yaml", all, draftDay); err != nil {
			t.Fatalf("run %d: %v\n%s", run, err, d.policyText())
		}
	}
}

// The check finds a draft that would change something.
func TestDraft_CheckFindsAWeakerRule(t *testing.T) {
	all := []present{{bucket: "pay-1", region: "cn-hangzhou", rule: ossenc.Rule{Algorithm: ossenc.SM4}}, {bucket: "other", region: "cn-hangzhou", rule: ossenc.Rule{Algorithm: ossenc.AES256}}}
	d := newDraft(all, "", draftDay)
	all[1].rule = kmsRule("", "") // it was changed meanwhile: AES256 is less
	if err := d.check("policy.yaml", all, draftDay); err != nil {
		t.Errorf("floor keeps a stronger rule: %v", err)
	}
	d.groups[0].rule = kmsRule("", "SM4")
	if err := d.check("policy.yaml", all, draftDay); err == nil {
		t.Error("a draft that would change a bucket passed")
	}
}

// A comment does not grow with the account.
func TestDraft_ManyWithoutARule(t *testing.T) {
	var all []present
	for i := range 30 {
		all = append(all, present{bucket: fmt.Sprintf("bucket-%02d", i), region: "cn-hangzhou"})
	}
	text := newDraft(all, "", draftDay).policyText()
	if !strings.Contains(text, "bucket-19\n") || strings.Contains(text, "bucket-20") || !strings.Contains(text, "#   and 10 more\n") {
		t.Errorf("%s", text)
	}
}
