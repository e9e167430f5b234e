package policy

import (
	"fmt"
	"strings"
	"testing"
)

// crowd is a policy of so many rules, each with so many bucket patterns. pattern
// makes the pattern from the numbers of the rule and of the pattern.
func crowd(rules, patterns int, part string, pattern func(rule, i int) string) []byte {
	var s strings.Builder
	s.WriteString("version: 1\nrules:\n")
	for r := range rules {
		fmt.Fprintf(&s, "- {name: r%d, want: {algorithm: AES256}, match: {%s: [", r, part)
		for i := range patterns {
			if i > 0 {
				s.WriteString(", ")
			}
			fmt.Fprintf(&s, "%q", pattern(r, i))
		}
		s.WriteString("]}}\n")
	}
	s.WriteString("- {name: last, want: {algorithm: AES256}}\n")
	return []byte(s.String())
}

// namesInPatterns is a policy whose second rule lists names that only the last of many
// patterns of the first one matches.
func namesInPatterns() []byte {
	const patterns, names = 2_000, 9_000
	return crowd(2, names, "buckets", func(rule, i int) string {
		switch {
		case rule == 1:
			return fmt.Sprintf("x%s%06d", strings.Repeat("a", 50), i)
		case i < patterns:
			return fmt.Sprintf("%s*b%03dc*", strings.Repeat("*a", 24), i)
		case i == names-1:
			return "x*"
		}
		return fmt.Sprintf("zz-%d", i)
	})
}

// A file within all bounds is read within a second: the comparison of its rules is
// bounded by work, not by time. What is usual in large accounts is accepted.
func TestParse_IsBoundedWork(t *testing.T) {
	for name, c := range map[string]struct {
		data    []byte
		refused bool
	}{
		"names":                {crowd(999, 25, "buckets", func(r, i int) string { return fmt.Sprintf("b-%d-%d", r, i) }), false},
		"prefixes":             {crowd(999, 25, "buckets", func(r, i int) string { return fmt.Sprintf("t%d-%d-*", r, i) }), false},
		"endings":              {crowd(999, 10, "buckets", func(r, i int) string { return fmt.Sprintf("*-%d-%d", r, i) }), false},
		"all the same but one": {crowd(200, 200, "buckets", func(r, i int) string { return fmt.Sprintf("p%06d-*", i*1000+r*(i/199)) }), false},
		"stars in a row":       {crowd(900, 20, "buckets", func(r, i int) string { return "*" + strings.Repeat("a*", 14) + fmt.Sprintf("%d-%d*", r, i) }), true},
		"a long row in each":   {crowd(60, 80, "buckets", func(r, i int) string { return strings.Repeat("*a", 50) + fmt.Sprintf("*%03d*%03d*", r, i) }), true},
		"classes":              {crowd(999, 20, "buckets", func(r, i int) string { return fmt.Sprintf("*[a-c][x-z]%d?%d*", r, i) }), true},
		"accounts":             {crowd(999, 20, "accounts", func(r, i int) string { return fmt.Sprintf("1%06d%06d", r, i) }), false},
		"names in patterns":    {namesInPatterns(), true},
		"unknown regions":      {crowd(1, 25_000, "regions", func(_, i int) string { return fmt.Sprintf("cn-hangzhou-northern-district-%d", i) }), false},
		"account patterns":     {crowd(999, 20, "accounts", func(r, i int) string { return fmt.Sprintf("*%03d?%03d*", r, i) }), true},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.data) > 1<<20 {
				t.Fatalf("%d bytes: beyond the bound of a file", len(c.data))
			}
			p, err := Parse("p", c.data)
			tooMany := err != nil && strings.Contains(err.Error(), "too many patterns")
			if tooMany != c.refused || err != nil && !tooMany {
				t.Errorf("%.300v", err)
			}
			if err == nil && len(p.Warnings) > 101 {
				t.Errorf("%d warnings", len(p.Warnings))
			}
		})
	}
}
