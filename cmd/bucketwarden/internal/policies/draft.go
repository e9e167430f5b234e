package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/policytest"
)

// present is what a bucket has now.
type present struct {
	bucket, region string
	rule           ossenc.Rule
	// unread says why the rule could not be read; empty if it could.
	unread string
}

// restRule is the name of the last rule of a draft.
const restRule = "everything else"

// draft is a first policy that requires of each bucket at least the rule that it has.
type draft struct {
	at      time.Time
	account string
	groups  []group // in the order of their rules
	keys    []string
	regions map[string]string // of each key
	bare    []string          // buckets without a rule
	unread  []string
	some    *present // a bucket that the last rule is for; nil if there is none
}

// group is the buckets that have one rule, other than those that the last rule keeps.
type group struct {
	rule    ossenc.Rule
	key     string // the name of its key in the policy; empty without one
	buckets []present
}

// newDraft sorts the buckets by what they have.
func newDraft(all []present, account string, at time.Time) *draft {
	d := &draft{at: at, account: account, regions: map[string]string{}}
	byRule := map[ossenc.Rule]*group{}
	for _, p := range all {
		switch {
		case p.unread != "":
			d.unread = append(d.unread, p.bucket)
			continue
		case p.rule.IsNone():
			d.bare = append(d.bare, p.bucket)
		}
		if p.rule.IsNone() || p.rule == (ossenc.Rule{Algorithm: ossenc.AES256}) {
			d.some = &p
			continue
		}
		id := p.rule
		if id.KMSKeyID != "" { // the same name can be another key in another region
			id.KMSKeyID += " " + p.region
			d.regions[id.KMSKeyID] = p.region
		}
		if byRule[id] == nil {
			byRule[id] = &group{rule: p.rule, key: id.KMSKeyID}
		}
		byRule[id].buckets = append(byRule[id].buckets, p)
	}
	d.keys = slices.Sorted(maps.Keys(d.regions))
	for _, g := range byRule {
		if g.key != "" {
			g.key = fmt.Sprintf("key-%d", 1+slices.Index(d.keys, g.key))
		}
		d.groups = append(d.groups, *g)
	}
	slices.SortFunc(d.groups, func(a, b group) int { return strings.Compare(a.name(), b.name()) })
	return d
}

// name is that of the group's rule.
func (g group) name() string {
	name := g.rule.Algorithm
	if g.key != "" {
		name += " with " + g.key
	}
	if g.rule.KMSDataEncryption != "" {
		name += " and " + g.rule.KMSDataEncryption
	}
	return name
}

// want is what the group's rule requires.
func (g group) want() string {
	text := "{algorithm: " + g.rule.Algorithm
	if g.key != "" {
		text += ", key: " + g.key
	}
	if g.rule.KMSDataEncryption != "" {
		text += ", kms_data_encryption: " + g.rule.KMSDataEncryption
	}
	return text + "}"
}

// policyText is the policy's file.
func (d *draft) policyText() string {
	var b strings.Builder
	of := ""
	if d.account != "" {
		of = " of account " + d.account
	}
	fmt.Fprintf(&b, `# What the buckets%s have, as they were on %s: each of them keeps at
# least the rule that it has. The first rule that matches decides; the last one matches
# every bucket. Lines with DECIDE are for a person. "bucketwarden policy check" finds
# mistakes, "bucketwarden plan --policy" shows what it would change.
`, of, d.at.UTC().Format(time.DateOnly))
	list(&b, "", "DECIDE: the rules of these buckets could not be read, so nothing is known of them", d.unread)
	b.WriteString("version: 1\n\n# Most buckets that one sweep may change: a number, or a share.\nmax_changes: 10%\n")
	if len(d.keys) > 0 {
		b.WriteString("\n# The KMS keys that are there. A bucket with another key is reported from now on.\n# DECIDE: give them names of yours, and IDs in the regions where there are none yet.\nkeys:\n")
	}
	for i, k := range d.keys {
		id, region, _ := strings.Cut(k, " ")
		fmt.Fprintf(&b, "  key-%d: {%s: %q}\n", i+1, region, id)
	}
	b.WriteString("\nrules:\n")
	if len(d.groups) > 0 {
		b.WriteString("  # DECIDE: names of buckets say nothing about buckets that are created later. A pattern\n  # such as \"pay-*\", a tag or a region may say better what is meant.\n")
	}
	for _, g := range d.groups {
		fmt.Fprintf(&b, "  - name: %q\n    match:\n      buckets:\n", g.name())
		for _, p := range g.buckets {
			fmt.Fprintf(&b, "        - %q\n", p.bucket)
		}
		fmt.Fprintf(&b, "    want: %s\n\n", g.want())
	}
	list(&b, "  ", "DECIDE: these buckets have no rule, and this rule gives them AES256. Exempt those that\n  # must stay as they are (exempt: {reason: ..., owner: ..., until: 2027-03-31})", d.bare)
	fmt.Fprintf(&b, "  - name: %s\n    want: {algorithm: AES256}\n", restRule)
	return b.String()
}

// fewListed is how many buckets a comment names.
const fewListed = 20

// list writes a comment about buckets; nothing without any.
func list(b *strings.Builder, indent, text string, buckets []string) {
	if len(buckets) == 0 {
		return
	}
	fmt.Fprintf(b, "%s# %s:\n", indent, text)
	for _, name := range buckets[:min(len(buckets), fewListed)] {
		fmt.Fprintf(b, "%s#   %s\n", indent, name)
	}
	if more := len(buckets) - fewListed; more > 0 {
		fmt.Fprintf(b, "%s#   and %d more\n", indent, more)
	}
}

// testText is the file of expectations: one bucket of each rule.
func (d *draft) testText() string {
	var b strings.Builder
	b.WriteString("# What the policy must say about some buckets. They need not exist.\ntests:\n")
	for _, g := range d.groups {
		p := g.buckets[0]
		fmt.Fprintf(&b, "  - bucket: %q\n    region: %s\n    expect: {rule: %q, algorithm: %s, kms_key_id: %q, kms_data_encryption: %s}\n", p.bucket, p.region, g.name(), g.rule.Algorithm, orNone(g.rule.KMSKeyID), orNone(g.rule.KMSDataEncryption))
	}
	bucket, region := "any-bucket", "cn-hangzhou"
	if d.some != nil {
		bucket, region = d.some.bucket, d.some.region
	}
	fmt.Fprintf(&b, "  - bucket: %q\n    region: %s\n    expect: {rule: %s, algorithm: AES256, compare: floor}\n", bucket, region, restRule)
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// check makes sure of what the draft promises, before it is written: it is a policy
// without a mistake, does what its expectations say, and changes no bucket that has a
// rule.
func (d *draft) check(file string, all []present, now time.Time) error {
	p, err := policy.Parse(file, []byte(d.policyText()))
	if err != nil {
		return err
	}
	tests, err := policytest.Parse(policytest.FileBeside(file), []byte(d.testText()))
	if err != nil {
		return err
	}
	for _, o := range policytest.Run(p, tests, now) {
		if len(o.Failures) > 0 {
			return fmt.Errorf("%s: %s", o.Test.Bucket, strings.Join(o.Failures, "; "))
		}
	}
	for _, have := range all {
		if have.unread != "" || have.rule.IsNone() {
			continue
		}
		r, err := p.For(policy.Facts{Account: d.account, Bucket: have.bucket, Region: have.region}, now)
		if err != nil {
			return err
		}
		if decided := ossenc.Decide(have.rule, r.Desired.Rule, r.Desired.Compare); decided.Write {
			return fmt.Errorf("%s has %s, and the draft would write %s", have.bucket, have.rule, decided.Target)
		}
	}
	return nil
}
