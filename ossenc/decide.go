package ossenc

import "fmt"

// Compare says when a present rule is good enough.
type Compare string

const (
	// Floor accepts every rule that is at least as strong as the wanted one, and
	// never weakens.
	Floor Compare = "floor"
	// Exact accepts the wanted rule only. It is the one way to weaken a rule.
	Exact Compare = "exact"
)

// Decision is what to do about one bucket's rule.
type Decision struct {
	// Target is the rule that should be in force.
	Target Rule
	// Write is whether Target differs from the present rule.
	Write bool
	// Reason is one sentence for people.
	Reason string
}

// Decide compares the present rule with the wanted one. It does no I/O, and for
// the same rules it always decides the same.
func Decide(present, wanted Rule, compare Compare) Decision {
	target := wanted
	if compare != Exact {
		target = Join(present, wanted)
	}
	return Decision{Target: target, Write: target != present, Reason: reason(present, wanted, target)}
}

func reason(present, wanted, target Rule) string {
	switch {
	case present == wanted:
		return fmt.Sprintf("%s is in force as wanted", present)
	case present == target && present.Strength() == wanted.Strength():
		return fmt.Sprintf("kept %s: as strong as the wanted %s, with another key", present, wanted)
	case present == target:
		return fmt.Sprintf("kept %s: stronger than the wanted %s", present, wanted)
	case target == wanted && present.IsNone():
		return fmt.Sprintf("no default encryption; %s is wanted", wanted)
	case target == wanted:
		return fmt.Sprintf("%s is in force; %s is wanted", present, wanted)
	}
	return fmt.Sprintf("%s is in force and %s is wanted; %s is the least rule as strong as both", present, wanted, target)
}
