package policy

import "bucketwarden/ossenc/policy/glob"

// patterns is a list of patterns any of which may match. The zero patterns match
// everything. Names are apart, because lists of thousands of buckets are made of
// them.
type patterns struct {
	all   []glob.Pattern  // as they were written
	names map[string]bool // that the literal ones match
	globs []glob.Pattern  // the others
}

func newPatterns(all []glob.Pattern) patterns {
	p := patterns{all: all, names: map[string]bool{}}
	for _, one := range all {
		if one.IsLiteral() {
			p.names[one.Name()] = true
			continue
		}
		p.globs = append(p.globs, one)
	}
	return p
}

// any reports whether there are no patterns, so that all names match.
func (p patterns) any() bool { return len(p.all) == 0 }

func (p patterns) match(name string) bool {
	return p.any() || p.names[name] || some(p.globs, func(g glob.Pattern) bool { return g.Match(name) })
}

// covers reports whether p is sure to match every name that others match.
func (p patterns) covers(others patterns) bool {
	switch {
	case p.any():
		return true
	case others.any():
		return some(p.globs, glob.Pattern.MatchesAll)
	}
	for name := range others.names {
		if !p.match(name) {
			return false
		}
	}
	for _, o := range others.globs {
		if !some(p.all, func(g glob.Pattern) bool { return g.Covers(o) }) {
			return false
		}
	}
	return true
}

func some(list []glob.Pattern, is func(glob.Pattern) bool) bool {
	for _, p := range list {
		if is(p) {
			return true
		}
	}
	return false
}
