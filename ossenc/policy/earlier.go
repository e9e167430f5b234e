package policy

import (
	"slices"

	"bucketwarden/ossenc/policy/glob"
)

// earlier finds, among rules, those that may cover another, without a comparison with each:
// there may be 1,000 rules with 100,000 patterns.
type earlier struct {
	all   []int            // rules for all buckets
	names map[string][]int // rules by the names that they list
	globs map[string][]globOf
}

// globOf is a pattern with wildcards, and the rule that it is of.
type globOf struct {
	rule    int
	pattern glob.Pattern
}

func newEarlier() *earlier {
	return &earlier{names: map[string][]int{}, globs: map[string][]globOf{}}
}

// add adds the bucket patterns of a rule.
func (e *earlier) add(rule int, buckets patterns) {
	if buckets.any() {
		e.all = append(e.all, rule)
	}
	for name := range buckets.names {
		e.names[name] = append(e.names[name], rule)
	}
	for _, g := range buckets.globs {
		e.globs[g.Prefix()] = append(e.globs[g.Prefix()], globOf{rule, g})
	}
}

// candidates returns the rules that cover the first of the bucket patterns, in
// their order: no other can cover them all.
func (e *earlier) candidates(buckets patterns, w *work) []int {
	rules := slices.Clone(e.all)
	first := glob.Everything()
	if !buckets.any() {
		first = buckets.all[0]
	}
	if first.IsLiteral() {
		rules = append(rules, e.names[first.Name()]...)
	}
	prefix := first.Prefix()
	for n := range len(prefix) + 1 {
		for _, g := range e.globs[prefix[:n]] {
			if w.covers(g.pattern, first) {
				rules = append(rules, g.rule)
			}
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}
