package policy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/glob"
)

// The properties are looked at from inside, because they are about rules that
// the file does not let through or that have no text of their own.

var worldDay = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// world is every bucket that the properties are tried on.
func world() []Facts {
	var all []Facts
	for _, account := range []string{"11", "22"} {
		for _, region := range []string{"cn-hangzhou", "cn-beijing", "eu-central-1"} {
			for _, bucket := range []string{"pay-eu", "pay-cn-1", "web-1", "crm"} {
				for _, tags := range []map[string]string{nil, {"class": "payment"}, {"class": "public", "team": "a"}} {
					owner := ossenc.AccountFacts{Name: map[string]string{"11": "pay-prod", "22": "web"}[account], Tags: map[string]string{"env": account}}
					all = append(all, Facts{account, bucket, region, func() (ossenc.AccountFacts, error) { return owner, nil }, func() (map[string]string, error) { return tags, nil }})
				}
			}
		}
	}
	return all
}

// pick returns up to two of the texts as a YAML list, or nothing.
func pick(r *rand.Rand, field string, texts ...string) string {
	r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	n := r.IntN(3)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s: [%s], ", field, `"`+strings.Join(texts[:n], `", "`)+`"`)
}

func randomMatch(r *rand.Rand) string {
	m := pick(r, "accounts", "11", "22", "*", "1?") + pick(r, "regions", "cn-*", "cn-hangzhou", "eu-central-1", "*") +
		pick(r, "buckets", "pay-*", "pay-eu", "*-[0-9]", "web-?", "*", "???")
	if r.IntN(4) == 0 {
		m += pick(r, "account_names", "pay-*", "web", "*")
	}
	if r.IntN(8) == 0 {
		m += `account_tags: {env: "1*"}, `
	}
	switch r.IntN(4) {
	case 0:
		m += `tags: {class: "p*"}, `
	case 1:
		m += `tags: {class: "payment", team: "*"}, `
	}
	if m == "" {
		return ""
	}
	return "match: {" + m + "}, "
}

func randomOutcome(r *rand.Rand) string {
	wants := []string{
		"want: {algorithm: AES256}", "want: {algorithm: SM4}", "want: {algorithm: KMS}", "want: {algorithm: KMS, kms_data_encryption: SM4}",
		"want: {algorithm: KMS, key: k}", "want: {algorithm: KMS, key: k}, on_unusable_key: {fallback: {algorithm: AES256}}",
		"want: {algorithm: KMS, kms_key_id: literal}", "want: {algorithm: SM4}, compare: exact", "want: {algorithm: AES256}, mode: report",
		"exempt: {reason: r, owner: o, until: 2027-06-01}", "exempt: {reason: r, owner: o, until: 2026-06-01}",
	}
	return wants[r.IntN(len(wants))]
}

// randomPolicy returns a policy that Parse takes. Rules that cannot be reached
// are tried and left out, as a person would.
func randomPolicy(t *testing.T, r *rand.Rand) (string, *Policy) {
	t.Helper()
	const head = "version: 1\nresource_directory: {role_name: member}\nkeys: {k: {cn-hangzhou: key-hz, cn-beijing: key-bj}}\nrules:\n  - {name: k, match: {buckets: [uses-k]}, want: {algorithm: KMS, key: k}}\n"
	const last = "  - {name: last, want: {algorithm: AES256}}\n"
	rules := ""
	for i := range 1 + r.IntN(5) {
		one := fmt.Sprintf("  - {name: r%d, %s%s}\n", i, randomMatch(r), randomOutcome(r))
		if _, err := Parse("p", []byte(head+rules+one+last)); err == nil {
			rules += one
		}
	}
	p, err := Parse("p", []byte(head+rules+last))
	if err != nil {
		t.Fatal(err)
	}
	return head + rules + last, p
}

func eachPolicy(t *testing.T, check func(t *testing.T, text string, p *Policy)) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		text, p := randomPolicy(t, r)
		check(t, text, p)
	}
}

// holds is the definition of matching: every part, one of each list.
func holds(m match, f Facts) bool {
	tags, _ := f.Tags()
	for _, tag := range m.tags {
		if v, ok := tags[tag.key]; !ok || !tag.value.Match(v) {
			return false
		}
	}
	account, _ := f.AccountFacts()
	for _, tag := range m.accountTags {
		if v, ok := account.Tags[tag.key]; !ok || !tag.value.Match(v) {
			return false
		}
	}
	return naively(m.accountNames, account.Name) && naively(m.accounts, f.Account) && naively(m.regions, f.Region) && naively(m.buckets, f.Bucket)
}

func naively(p patterns, name string) bool {
	return len(p.all) == 0 || slices.ContainsFunc(p.all, func(g glob.Pattern) bool { return g.Match(name) })
}

func TestFor_IsTheFirstRuleThatMatches(t *testing.T) {
	decided := map[int]int{}
	eachPolicy(t, func(t *testing.T, text string, p *Policy) {
		for _, f := range world() {
			first := slices.IndexFunc(p.rules, func(r rule) bool {
				return holds(r.match, f) && (r.exempt == nil || !worldDay.After(r.exempt.Until.Time))
			})
			got, err := p.For(f, worldDay)
			if err != nil || got.Index != first || got.Rule != p.rules[first].name {
				t.Fatalf("For(%+v) = %+v, %v; want rule %d of\n%s", f, got, err, first, text)
			}
			again, skipped, err := p.Explain(f, worldDay)
			if err != nil || again.Index != first || again.Desired != got.Desired || len(skipped) != first {
				t.Fatalf("Explain(%+v) = %+v, %v, %v; For = %+v", f, again, skipped, err, got)
			}
			decided[first]++
		}
	})
	if len(decided) < 4 {
		t.Fatalf("only the rules %v decided: the policies say nothing", decided)
	}
}

// What is exempt or blocked comes with a Want that never writes; a fallback is
// never stronger than what it replaces; and in Floor nothing is ever weakened.
func TestFor_NeverWeakensInFloor(t *testing.T) {
	present := []ossenc.Rule{
		{},
		{Algorithm: ossenc.AES256},
		{Algorithm: ossenc.SM4},
		{Algorithm: ossenc.KMS},
		{Algorithm: ossenc.KMS, KMSDataEncryption: ossenc.SM4},
		{Algorithm: ossenc.KMS, KMSKeyID: "other"},
		{Algorithm: ossenc.KMS, KMSKeyID: "key-hz", KMSDataEncryption: ossenc.SM4},
	}
	silent, fallbacks := 0, 0
	eachPolicy(t, func(t *testing.T, text string, p *Policy) {
		for _, f := range world() {
			r, err := p.For(f, worldDay)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Fallback.IsNone() {
				fallbacks++
			}
			if !r.Desired.Rule.Strength().AtLeast(r.Fallback.Strength()) {
				t.Fatalf("%+v: the fallback is not weaker:\n%s", r, text)
			}
			for _, now := range present {
				d := ossenc.Decide(now, r.Desired.Rule, r.Desired.Compare)
				if r.Desired.Compare != ossenc.Exact && !d.Target.Strength().AtLeast(now.Strength()) {
					t.Fatalf("%+v makes %s of %s:\n%s", r, d.Target, now, text)
				}
				if r.Exempt != nil || r.Blocked != "" {
					silent++
					if d.Write {
						t.Fatalf("%+v writes %s over %s:\n%s", r, d.Target, now, text)
					}
				}
			}
		}
	})
	if silent < 500 || fallbacks < 50 {
		t.Fatalf("%d exempt or blocked, %d fallbacks: the policies say nothing", silent, fallbacks)
	}
}

// A rule that another one covers decides for no bucket: leaving it out changes
// nothing.
func TestCovers_NeverSaysSoWrongly(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	covered := 0
	for range 1000 {
		var ms []match
		for range 2 {
			p, err := Parse("p", []byte("version: 1\nresource_directory: {role_name: member}\nrules:\n  - {name: a, "+randomMatch(r)+"exempt: {reason: r, owner: o, until: 2027-06-01}}\n  - {name: z, want: {algorithm: KMS}}\n"))
			if err != nil {
				t.Fatal(err)
			}
			ms = append(ms, p.rules[0].match)
		}
		if !ms[0].covers(ms[1], &work{left: maxWork}) {
			continue
		}
		covered++
		for _, f := range world() {
			if holds(ms[1], f) && !holds(ms[0], f) {
				t.Fatalf("%+v covers %+v, but only the latter matches %+v", ms[0], ms[1], f)
			}
		}
	}
	if covered < 50 {
		t.Fatalf("only %d covered: the rules say nothing", covered)
	}
}

// rendered writes a policy out again, as plainly as it goes.
func rendered(p *Policy) string {
	var b strings.Builder
	b.WriteString("version: 1\n")
	if len(p.keys) > 0 {
		b.WriteString("keys:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(p.keys)) {
		fmt.Fprintf(&b, "  %q:\n", name)
		for _, region := range slices.Sorted(maps.Keys(p.keys[name])) {
			fmt.Fprintf(&b, "    %q: [%s]\n", region, quoted(p.keys[name][region]))
		}
	}
	for i, a := range p.Accounts {
		if i == 0 {
			b.WriteString("accounts:\n")
		}
		fmt.Fprintf(&b, "  - {id: %q, role_arn: %q}\n", a.ID, a.RoleARN)
	}
	if d := p.Directory; d != nil {
		fmt.Fprintf(&b, "resource_directory:\n  role_name: %s\n", yamlText(d.RoleName))
		for _, list := range []struct {
			name string
			ids  []string
		}{{"folders", d.Folders}, {"exclude", d.Exclude}} {
			if len(list.ids) > 0 {
				fmt.Fprintf(&b, "  %s: [%s]\n", list.name, quoted(list.ids))
			}
		}
	}
	switch m := p.MaxChanges; {
	case m.None:
		b.WriteString("max_changes: 0\n")
	case m.Count > 0:
		fmt.Fprintf(&b, "max_changes: %d\n", m.Count)
	case m.Percent > 0:
		fmt.Fprintf(&b, "max_changes: %d%%\n", m.Percent)
	}
	b.WriteString("rules:\n")
	for _, r := range p.rules {
		fmt.Fprintf(&b, "  - name: %s\n%s%s", yamlText(r.name), renderedMatch(r.match), renderedOutcome(r))
	}
	return b.String()
}

// yamlText quotes for YAML: JSON's way, which is a part of it.
func yamlText(s string) string { return fmt.Sprintf("%+q", s) }

func quoted[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = yamlText(fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}

func renderedMatch(m match) string {
	var parts []string
	for _, field := range []struct {
		name string
		list string
	}{{"accounts", quoted(m.accounts.all)}, {"account_names", quoted(m.accountNames.all)}, {"regions", quoted(m.regions.all)}, {"buckets", quoted(m.buckets.all)}} {
		if field.list != "" {
			parts = append(parts, fmt.Sprintf("%s: [%s]", field.name, field.list))
		}
	}
	for name, list := range map[string][]tag{"tags": m.tags, "account_tags": m.accountTags} {
		var tags []string
		for _, t := range list {
			tags = append(tags, fmt.Sprintf("%s: %s", yamlText(t.key), yamlText(t.value.String())))
		}
		if len(tags) > 0 {
			parts = append(parts, name+": {"+strings.Join(tags, ", ")+"}")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "    match: {" + strings.Join(parts, ", ") + "}\n"
}

func renderedOutcome(r rule) string {
	if e := r.exempt; e != nil {
		return fmt.Sprintf("    exempt: {reason: %s, owner: %s, until: %s}\n", yamlText(e.Reason), yamlText(e.Owner), e.Until.Format(time.DateOnly))
	}
	s := fmt.Sprintf("    want: %s\n    compare: %s\n    mode: %s\n", renderedTarget(r.want.target), r.want.compare, r.want.mode)
	if r.want.fallback != (target{}) {
		s += fmt.Sprintf("    on_unusable_key: {fallback: %s}\n", renderedTarget(r.want.fallback))
	}
	return s
}

func renderedTarget(t target) string {
	s := "{algorithm: " + t.rule.Algorithm
	for _, f := range [][2]string{{"key", t.key}, {"kms_key_id", t.rule.KMSKeyID}, {"kms_data_encryption", t.rule.KMSDataEncryption}} {
		if f[1] != "" {
			s += fmt.Sprintf(", %s: %s", f[0], yamlText(f[1]))
		}
	}
	return s + "}"
}
