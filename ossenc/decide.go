package ossenc

// Compare says when a current rule is good enough.
type Compare string

const (
	// Floor accepts every rule that is at least as strong as the required one, and
	// never weakens.
	Floor Compare = "floor"
	// Exact accepts the required rule only. It is the one way to weaken a rule.
	Exact Compare = "exact"
)

// Decision is what to do about one bucket's rule.
type Decision struct {
	// Target is the rule that should be current.
	Target Rule
	// Write is whether Target differs from the current rule.
	Write bool
	// Reason is one sentence for people.
	Reason string
}

// Decide compares the current rule with the required one. It does no I/O, and for
// the same rules it always decides the same.
func Decide(current, required Rule, compare Compare) Decision {
	target := required
	if compare != Exact {
		target = Join(current, required)
	}
	return Decision{Target: target, Write: target != current, Reason: reason(current, required, target)}
}

func reason(current, required, target Rule) string {
	is, needed := current.String(), required.String()
	switch {
	case current == required:
		return is + " is current and required"
	case current == target && current.Strength() == required.Strength():
		return "kept " + is + ": as strong as the required " + needed + ", with another key"
	case current == target:
		return "kept " + is + ": stronger than the required " + needed
	case target == required && current.IsNone():
		return "no default encryption; " + needed + " is required"
	case target == required:
		return is + " is current; " + needed + " is required"
	}
	return is + " is current and " + needed + " is required; " + target.String() + " is the weakest rule that is as strong as both"
}
