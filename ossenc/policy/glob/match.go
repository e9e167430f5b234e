package glob

// Match reports whether the pattern matches the whole name.
func (p Pattern) Match(name string) bool {
	if p.literal {
		return p.name == name // most patterns are, and lists of them are long
	}
	var buf [64]rune // as long as the longest bucket name: no allocation
	chars := buf[:0]
	for _, r := range name {
		chars = append(chars, r)
	}
	matched, _ := run(p.elements, chars, element.takes)
	return matched
}

// takes reports whether an element other than * takes the character.
func (e element) takes(r rune) bool {
	if e.kind == anyOne {
		return true
	}
	for _, s := range e.ranges {
		if s.low <= r && r <= s.high {
			return true
		}
	}
	return false
}

// Covers reports whether p is sure to match every name that q matches. It never
// says so wrongly. It may miss cases where several elements of p together cover
// one of q, such as [ab] and [bc] side by side in two patterns.
func (p Pattern) Covers(q Pattern) bool {
	covers, _ := p.CoversIn(q)
	return covers
}

// CoversIn is Covers, and says how many comparisons of elements it took.
func (p Pattern) CoversIn(q Pattern) (covers bool, steps int) {
	switch {
	case p.literal:
		return q.literal && p.name == q.name, 1
	case p.shortest > q.shortest:
		return false, 1
	}
	// What is behind the last * of p must cover the end of q: most patterns differ
	// at the beginning or at the end, and this finds the latter at once.
	for i := 1; i <= len(p.elements) && p.elements[len(p.elements)-i].kind != anyRun; i++ {
		if i > len(q.elements) || !p.elements[len(p.elements)-i].includes(q.elements[len(q.elements)-i]) {
			return false, i
		}
	}
	// A pattern covers another when it matches it read as a text whose characters
	// are q's elements: a * of q is taken by a * of p only, a ? by ? and *.
	return run(p.elements, q.elements, element.includes)
}

// Prefix returns the characters that every name that the pattern matches begins
// with.
func (p Pattern) Prefix() string { return p.prefix }

// includes reports whether an element other than * takes every character that
// the element other takes.
func (e element) includes(other element) bool {
	switch {
	case other.kind == anyRun:
		return false
	case e.kind == anyOne:
		return true
	case other.kind == anyOne:
		return false
	}
	for _, s := range other.ranges {
		if !e.includesSpan(s) {
			return false
		}
	}
	return true
}

func (e element) includesSpan(s span) bool {
	for _, mine := range e.ranges {
		if mine.low <= s.low && s.high <= mine.high {
			return true
		}
	}
	return false
}

// MatchesAll reports whether the pattern matches every name.
func (p Pattern) MatchesAll() bool {
	return len(p.elements) == 1 && p.elements[0].kind == anyRun
}

// run matches elements against a text of anything. It goes back to the last *
// only, which is enough: what an earlier * could take more, the last one can
// take too. So it takes at most len(elements)*len(text) steps, which it counts.
func run[T any](elements []element, text []T, takes func(element, T) bool) (matches bool, steps int) {
	e, i := 0, 0
	star, from := -1, 0 // the last *, and where its run ends for now
	for i < len(text) {
		steps++
		switch {
		case e < len(elements) && elements[e].kind == anyRun:
			star, from = e, i
			e++
		case e < len(elements) && takes(elements[e], text[i]):
			e++
			i++
		case star >= 0:
			from++
			e, i = star+1, from
		default:
			return false, steps
		}
	}
	for e < len(elements) && elements[e].kind == anyRun {
		e++
	}
	return e == len(elements), steps
}
