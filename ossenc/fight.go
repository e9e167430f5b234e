package ossenc

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Rounds is how often the function must have undone a change for a fight.
const Rounds = 3

// Fight is what another writer and the function do to each other.
type Fight struct {
	// By is who the function undid most often, and Count how often.
	By    Actor `json:"by"`
	Count int   `json:"count"`
	// Since is when the first of their changes was made.
	Since time.Time `json:"since"`
	// Others is how many others the function undid.
	Others int `json:"others,omitempty"`
	// Advice is what ends the fight, for the tool that was seen.
	Advice string `json:"advice,omitempty"`
}

// IsNone reports whether there is no fight.
func (f Fight) IsNone() bool { return f.Count == 0 }

// Stops reports whether it is a fight with one identity, which a policy may let the
// function give up.
func (f Fight) Stops() bool { return f.Count >= Rounds }

// String is the fight in one phrase.
func (f Fight) String() string {
	return fmt.Sprintf("%s was undone %d times since %s", f.By, f.Count, f.Since.UTC().Format(time.RFC3339))
}

// OnFight says what the function does in a fight.
type OnFight string

// The ways to go on: keep repairing, which is the default, or stop.
const (
	KeepFighting OnFight = "keep"
	StopFighting OnFight = "stop"
)

// Fights finds out who else changes a bucket's rule. The one for ActionTrail is wired
// with the function. It must be safe for concurrent use.
type Fights interface {
	// Recent asks what happened to a bucket's rule lately. It takes little time, and is
	// false where nothing is known: that is advice that is missing, never a failure.
	Recent(ctx context.Context, b Bucket) (Contest, bool)
	// Wrote takes in a write of the function that OSS accepted.
	Wrote(b Bucket, w OwnWrite)
	// Overwrote finds the write of the function that overwrote another writer's change
	// without having seen it; nil where there is none, or nothing is known. present is the
	// current rule.
	Overwrote(ctx context.Context, b Bucket, t Trigger, present Rule) *Overwrite
}

// Contest is what happened to one bucket's rule lately.
type Contest interface {
	// Fight looks for a fight. repaired adds the change that made the task, and that the
	// function has undone it; what is asked for is the rule to advise.
	Fight(t Trigger, required Rule, repaired bool) Fight
}

// undoes reports whether a write would undo the change of another writer: a creation
// is not a wish to be without a rule.
func (t Task) undoes() bool {
	return t.Trigger != nil && !t.OwnWrite && slices.Contains([]string{"PutBucketEncryption", "DeleteBucketEncryption"}, t.Trigger.Call)
}

// writeOrStop writes, and says who is fought with. A policy may let the function give up,
// then nothing is written. What the trail does not say changes nothing.
func (w *Warden) writeOrStop(ctx context.Context, t Task, r Requirement, d Decision, res Result) Result {
	if w.Fights == nil || !t.undoes() {
		return w.write(ctx, t, r, d, res)
	}
	var contest Contest
	known := false
	if r.OnFight == StopFighting && r.Desired.Compare != Exact {
		contest, known = w.Fights.Recent(ctx, t.Bucket)
		if fight, stop := given(contest, known, t, r); stop {
			res.Contested = &fight
			return res.fail(Blocked, Contested, fmt.Sprintf("%s; %s, and the policy says on_fight: stop, so nothing was written", d.Reason, fight))
		}
	}
	res = w.write(ctx, t, r, d, res)
	if res.Verdict != Fixed {
		return res
	}
	if !known {
		contest, known = w.Fights.Recent(ctx, t.Bucket)
	}
	if known {
		if fight := contest.Fight(*t.Trigger, r.Desired.Rule, true); !fight.IsNone() {
			res.Contested = &fight
		}
	}
	return res
}

// given reports whether the trail alone, without the event, shows that the identity
// behind the event was undone often enough.
func given(c Contest, known bool, t Task, r Requirement) (Fight, bool) {
	if !known {
		return Fight{}, false
	}
	fight := c.Fight(*t.Trigger, r.Desired.Rule, false)
	by, now := fight.By, t.Trigger.Actor
	by.Tool, now.Tool = "", ""
	return fight, fight.Stops() && by == now
}
