// Package policy says which default encryption rule each bucket should have.
//
// # What to call
//
// [Parse] reads a policy file, YAML or JSON, and returns every mistake in it
// with line and column. [Simple] makes a policy of one rule. [Policy.For] gives
// the [ossenc.Requirement] for one bucket: what is required, or that the bucket is exempt, or
// that no rule can be given. docs/policy.md describes the file.
//
// # What it promises
//
//   - The first rule that matches decides. The last rule of every policy matches
//     all buckets, so none is left out silently.
//   - A requirement depends on the policy, the [Facts] and the day only.
//   - What is not known is never taken for "does not match": a rule that needs
//     an unknown fact is an error, and so are tags that cannot be read. Tags are
//     asked for once, and only if the decision needs them.
//   - An exemption has a reason, an owner and a last day. After that day it is
//     as if its rule were not there.
//   - A key that has no ID in the bucket's region blocks; no weaker rule is
//     taken instead.
//   - The zero [ossenc.Desired], which exempt and blocked requirements and errors come
//     with, writes nothing.
//
// A Policy does not change and is safe for concurrent use.
package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
)

// Policy is what is required of all buckets. Made by [Parse] or [Simple].
type Policy struct {
	// Accounts are other accounts to look after, besides the function's own.
	Accounts []ossenc.Account
	// Directory selects the accounts of an organisation to look after; nil for none.
	Directory *ossenc.Members
	// MaxChanges bounds how many buckets one sweep may change.
	MaxChanges MaxChanges

	// Warnings are about what is allowed and may be a mistake all the same, such as a
	// region that is not known.
	Warnings Problems

	// Source is the file that it was read from; the zero Source for a [Simple] policy.
	Source Source

	keys  keys
	rules []rule
}

// Source identifies the file of a policy.
type Source struct {
	// Name is the file's name as it was given, and SHA256 the hash of its bytes in
	// hexadecimal.
	Name, SHA256 string
	// Lines are where its rules begin, by their names; from 1.
	Lines map[string]int
}

// SHA256 identifies what the policy requires: the hash of the file's bytes in
// hexadecimal, as sha256sum prints it, or of the requirement of a [Simple] policy.
func (p *Policy) SHA256() string {
	if p.Source.SHA256 != "" {
		return p.Source.SHA256
	}
	d, _ := p.Simple()
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", d.Rule.Algorithm, d.Rule.KMSKeyID, d.Rule.KMSDataEncryption, cmp.Or(d.Compare, ossenc.Floor), cmp.Or(d.Mode, ossenc.Enforce)))
	return hex.EncodeToString(sum[:])
}

// HasAccounts reports whether there are accounts besides the function's own.
func (p *Policy) HasAccounts() bool { return len(p.Accounts) > 0 || p.Directory != nil }

// MaxChanges is a cap on changes: a number, or a percentage of the buckets. The
// zero MaxChanges sets no cap.
type MaxChanges struct {
	Count   int  // from 1; 0 if it is a percentage
	Percent int  // 1 to 100; 0 if it is a number
	None    bool // the number 0: no bucket may be changed
}

// Exists reports whether there is a cap.
func (m MaxChanges) Exists() bool { return m != MaxChanges{} }

// Of returns how many of so many buckets may be changed; with a percentage it
// is rounded up, so that it is never 0 where there are buckets.
func (m MaxChanges) Of(buckets int) int {
	switch {
	case m.None:
		return 0
	case m.Percent > 0:
		return (buckets*m.Percent + 99) / 100
	case m.Count > 0:
		return min(m.Count, buckets)
	}
	return buckets
}

// Problem is one mistake in a policy file: where and what.
type Problem = document.Problem

// Problems is every mistake in a policy file, in the order of the lines.
type Problems = document.Problems

// Parse reads a policy. file is its name for messages. The error is [Problems]:
// every mistake there is, not just the first.
func Parse(file string, data []byte) (*Policy, error) {
	f, top := document.Read(file, data)
	p := readPolicy(f, top)
	if err := f.Err(); err != nil {
		return nil, err
	}
	p.Warnings = f.Warnings()
	p.Source.Name = file
	sum := sha256.Sum256(data)
	p.Source.SHA256 = hex.EncodeToString(sum[:])
	return p, nil
}

// SimpleRule is the name of the only rule of a [Simple] policy: none, which no
// rule of a file can have.
const SimpleRule = ""

// Simple returns the policy that requires the same of all buckets: what the simple
// settings mean. d asks for a rule; a policy cannot ask for the removal of one.
func Simple(d ossenc.Desired) *Policy {
	return &Policy{rules: []rule{{name: SimpleRule, want: want{target: target{rule: d.Rule}, compare: d.Compare, mode: d.Mode}}}}
}

// Simple returns what a [Simple] policy requires, and whether p is one.
func (p *Policy) Simple() (ossenc.Desired, bool) {
	if len(p.rules) != 1 || p.rules[0].name != SimpleRule {
		return ossenc.Desired{}, false
	}
	w := p.rules[0].want
	return ossenc.Desired{Rule: w.rule, Compare: w.compare, Mode: w.mode}, true
}

// StopsFights reports whether a rule lets the function stop where another writer changes
// the rule back again and again.
func (p *Policy) StopsFights() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return r.want.onFight == ossenc.StopFighting })
}

// KeysIn returns the IDs of all KMS keys that the policy names for a region, in
// order: those under keys, and those that a rule for the region names itself.
// A bucket with another key has one that the policy does not know of.
func (p *Policy) KeysIn(region string) []string {
	var ids []string
	for _, byRegion := range p.keys {
		ids = append(ids, byRegion[region]...)
	}
	for _, r := range p.rules {
		for _, t := range []target{r.want.target, r.want.fallback} {
			if t.rule.KMSKeyID != "" && r.match.regions.match(region) && livesIn(t.rule.KMSKeyID, region) {
				ids = append(ids, t.rule.KMSKeyID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Exemptions returns all exemptions of the policy, those that have ended too, in
// the order of their last days.
func (p *Policy) Exemptions() []ossenc.Exemption {
	var all []ossenc.Exemption
	for _, r := range p.rules {
		if r.exempt != nil {
			all = append(all, *r.exempt)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Until.Before(all[j].Until.Time) })
	return all
}

// EndingSoon returns the exemptions that are active now and will have ended
// after within, in the order of their last days.
func (p *Policy) EndingSoon(now time.Time, within time.Duration) []ossenc.Exemption {
	return slices.DeleteFunc(p.Exemptions(), func(e ossenc.Exemption) bool {
		return e.Ended(now) || !e.Ended(now.Add(within))
	})
}

// Ended returns the exemptions that are not active any more: what they exempted
// is subject to the rules that follow.
func (p *Policy) Ended(now time.Time) []ossenc.Exemption {
	return slices.DeleteFunc(p.Exemptions(), func(e ossenc.Exemption) bool { return !e.Ended(now) })
}
