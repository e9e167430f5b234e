package policy

import "bucketwarden/ossenc/policy/glob"

// patterns is a list of patterns any of which may match. The zero patterns match
// everything. Names are apart, because lists of thousands of buckets are made of
// them.
type patterns struct {
	all   []glob.Pattern  // as they were written
	names map[string]bool // that the literal ones match
	globs []glob.Pattern  // the others
	texts map[string]bool // of the others
}

func newPatterns(all []glob.Pattern) patterns {
	p := patterns{all: all, names: map[string]bool{}, texts: map[string]bool{}}
	for _, one := range all {
		if one.IsLiteral() {
			p.names[one.Name()] = true
			continue
		}
		p.globs, p.texts[one.String()] = append(p.globs, one), true
	}
	return p
}

// any reports whether there are no patterns, so that all names match.
func (p patterns) any() bool { return len(p.all) == 0 }

func (p patterns) match(name string) bool {
	return p.any() || p.names[name] || some(p.globs, func(g glob.Pattern) bool { return g.Match(name) })
}

// covers reports whether p is sure to match every name that others match. It
// gives up, and says no, when there is no work left.
func (p patterns) covers(others patterns, w *work) bool {
	switch {
	case p.any():
		return true
	case others.any():
		return some(p.globs, glob.Pattern.MatchesAll)
	}
	for _, o := range others.all {
		if w.spend(1) && (p.names[o.Name()] && o.IsLiteral() || p.texts[o.String()]) {
			continue
		}
		if !some(p.globs, func(g glob.Pattern) bool { return w.covers(g, o) }) {
			return false
		}
	}
	return true
}

// work bounds how much the rules of one file are compared, in comparisons of
// characters.
type work struct{ left int }

// maxWork takes a quarter of a second.
const maxWork = 20_000_000

// spend reports whether so much work is left, and takes it.
func (w *work) spend(n int) bool {
	w.left -= n
	return w.left >= 0
}

// covers is [glob.Pattern.Covers].
func (w *work) covers(g, o glob.Pattern) bool {
	if w.left < 0 {
		return false
	}
	covers, steps := g.CoversIn(o)
	return w.spend(steps) && covers
}

func some(list []glob.Pattern, is func(glob.Pattern) bool) bool {
	for _, p := range list {
		if is(p) {
			return true
		}
	}
	return false
}
