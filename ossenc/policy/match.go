package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc/policy/glob"
)

// match says which buckets a rule is for. The zero match is all buckets. Every
// part that is given must hold.
type match struct {
	accounts, regions, buckets patterns
	tags                       []tag // every one; in the order of the keys
	accountNames               patterns
	accountTags                []tag // as tags
}

// tag is a condition on the value of one tag of a bucket or of an account.
type tag struct {
	key   string
	value glob.Pattern
}

// mismatch says why a rule does not match. The zero mismatch: it does.
type mismatch struct {
	field    string
	value    string
	absent   bool      // a tag that is not there
	ended    time.Time // last day of an exemption
	patterns []glob.Pattern
}

// String returns for example: bucket "pay-eu" is none of assets-*, web-*.
func (m mismatch) String() string {
	switch {
	case !m.ended.IsZero():
		return "the exemption ended with " + m.ended.Format(time.DateOnly)
	case m.absent:
		return "there is no " + m.field
	}
	texts := make([]string, len(m.patterns))
	for i, p := range m.patterns {
		texts[i] = p.String()
	}
	if len(texts) == 1 {
		return fmt.Sprintf("%s %q is not %s", m.field, m.value, texts[0])
	}
	return fmt.Sprintf("%s %q is none of %s", m.field, m.value, strings.Join(texts, ", "))
}

// ok reports whether the rule matches.
func (m mismatch) ok() bool { return m.field == "" }

// check returns why the facts do not match, or the zero mismatch. Names and tags of
// accounts, and then tags, come last, because to know them takes requests. The error says which fact is unknown.
func (m match) check(f *facts) (mismatch, error) {
	var missing error
	for _, part := range []struct {
		field, value string
		patterns     patterns
	}{{"account", f.Account, m.accounts}, {"region", f.Region, m.regions}, {"bucket", f.Bucket, m.buckets}} {
		switch {
		case part.patterns.any():
		case part.value == "":
			missing = cmp.Or(missing, unknown(part.field, f.Bucket)) // unless another part decides
		case !part.patterns.match(part.value):
			return mismatch{field: part.field, value: part.value, patterns: part.patterns.all}, nil
		}
	}
	why, err := m.checkAccount(f)
	switch {
	case err == nil && !why.ok():
		return why, nil
	case missing != nil || err != nil:
		return mismatch{}, cmp.Or(missing, err)
	case len(m.tags) == 0:
		return mismatch{}, nil
	}
	tags, err := f.tags()
	if err != nil {
		return mismatch{}, err
	}
	return checkTags("tag ", m.tags, tags), nil
}

// checkAccount is check for what is known of an account besides its ID.
func (m match) checkAccount(f *facts) (mismatch, error) {
	if m.accountNames.any() && len(m.accountTags) == 0 {
		return mismatch{}, nil
	}
	account, err := f.account()
	switch {
	case err != nil:
		return mismatch{}, err
	case !m.accountNames.match(account.Name):
		return mismatch{field: "account name", value: account.Name, patterns: m.accountNames.all}, nil
	}
	return checkTags("account tag ", m.accountTags, account.Tags), nil
}

// checkTags returns the first condition that does not hold.
func checkTags(field string, conditions []tag, tags map[string]string) mismatch {
	for _, t := range conditions {
		value, ok := tags[t.key]
		if !ok {
			return mismatch{field: field + t.key, absent: true}
		}
		if !t.value.Match(value) {
			return mismatch{field: field + t.key, value: value, patterns: []glob.Pattern{t.value}}
		}
	}
	return mismatch{}
}

// all reports whether every bucket matches.
func (m match) all() bool { return m.covers(match{}, &work{left: maxWork}) }

// covers reports whether m is sure to match every bucket that other matches.
func (m match) covers(other match, w *work) bool {
	return m.accounts.covers(other.accounts, w) && m.accountNames.covers(other.accountNames, w) && coverTags(m.accountTags, other.accountTags, w) &&
		m.regions.covers(other.regions, w) && coverTags(m.tags, other.tags, w) && m.buckets.covers(other.buckets, w)
}

// coverTags reports whether each of the conditions follows from one of the others.
// Both are in the order of their keys, and no key is in either twice.
func coverTags(conditions, others []tag, w *work) bool {
	for _, c := range conditions {
		i, found := slices.BinarySearchFunc(others, c.key, func(o tag, key string) int { return strings.Compare(o.key, key) })
		if !w.spend(1) || !found || !w.covers(c.value, others[i].value) {
			return false
		}
	}
	return true
}
