package glob

// CanBe reports whether the pattern matches some name of min to max characters
// that are all in the alphabet: one that does not is a typing mistake.
func (p Pattern) CanBe(alphabet string, minimum, maximum int) bool {
	shortest, open := 0, false
	for _, e := range p.elements {
		switch e.kind {
		case anyRun:
			open = true
			continue
		case exactly, oneOf:
			if !e.takesAnyOf(alphabet) {
				return false
			}
		}
		shortest++
	}
	return shortest <= maximum && (open || shortest >= minimum)
}

func (e element) takesAnyOf(alphabet string) bool {
	for _, r := range alphabet {
		if e.takes(r) {
			return true
		}
	}
	return false
}
