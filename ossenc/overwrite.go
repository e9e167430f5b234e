package ossenc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Overwrite is a change of another writer that came between a look of the function and
// the write that followed it, or may have: OSS has no conditional write. It is advice
// for people.
type Overwrite struct {
	// By is who made the change, Call what it was, and At when.
	By   Actor     `json:"by"`
	Call string    `json:"call"`
	At   time.Time `json:"at"`
	// Rule is the rule that the change left, none after a removal; nil where the record
	// does not show it.
	Rule *Rule `json:"rule,omitempty"`
	// WrittenAt and WriteID are the function's write: its time, and its request ID.
	WrittenAt time.Time `json:"written_at"`
	WriteID   string    `json:"write_request_id"`
	// WithinMS is how far the change and the write were apart at most, in milliseconds:
	// the times of records are whole seconds.
	WithinMS int64 `json:"within_ms"`
	// Certain is whether the records prove that the change came before the write, and
	// that the write had not seen it. Without it both were so close together that it may be.
	Certain bool `json:"certain"`
}

// String is the overwrite in one phrase.
func (o Overwrite) String() string {
	what := "the record does not show which rule"
	if o.Rule != nil {
		what = "it left " + o.Rule.String()
	}
	how := fmt.Sprintf("our write may have overwritten it, at most %d ms apart", o.WithinMS)
	if o.Certain {
		how = fmt.Sprintf("our write overwrote it without having seen it, at most %d ms later", o.WithinMS)
	}
	return fmt.Sprintf("%s called %s at %s (%s); %s", o.By, o.Call, o.At.UTC().Format(time.RFC3339), what, how)
}

// Look is what a write was decided on. It travels in the user agent of the write, so
// that the record of the write has it: the function keeps no state.
type Look struct {
	// At is when the look had ended, to the millisecond.
	At time.Time
	// Saw identifies the rule that was seen; see [Saw].
	Saw string
}

// Saw returns a short name for a rule: two rules are the same if their names are. It
// shows no key ID.
func Saw(r Rule) string {
	sum := sha256.Sum256([]byte(r.String()))
	return hex.EncodeToString(sum[:6])
}

// String is the look as two tokens of a user agent:
//
//	look/1764150000123 saw/140bedbf9c3f
func (l Look) String() string {
	return "look/" + strconv.FormatInt(l.At.UnixMilli(), 10) + " saw/" + l.Saw
}

// ParseLook reads the tokens of [Look.String] in a user agent; false if they are not there.
func ParseLook(agent string) (Look, bool) {
	var l Look
	for token := range strings.FieldsSeq(agent) {
		if text, ok := strings.CutPrefix(token, "look/"); ok {
			if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 && len(text) <= 15 {
				l.At = time.UnixMilli(ms).UTC()
			}
		}
		if text, ok := strings.CutPrefix(token, "saw/"); ok && len(text) == 12 {
			l.Saw = text
		}
	}
	return l, !l.At.IsZero() && l.Saw != ""
}

type lookKey struct{}

// WithLook returns a context for the write that the look decided.
func WithLook(ctx context.Context, l Look) context.Context {
	return context.WithValue(ctx, lookKey{}, l)
}

// LookFrom returns the look of the context's write; false if there is none.
func LookFrom(ctx context.Context) (Look, bool) {
	l, ok := ctx.Value(lookKey{}).(Look)
	return l, ok
}

// OwnWrite is a write of the function.
type OwnWrite struct {
	ID   string
	Look Look
	// Rule is what it wrote; nil where nothing says so.
	Rule *Rule
	// It was carried out at some moment from From until before To.
	From, To time.Time
	// Remembered means that From and To are of the function's clock, not of its record.
	Remembered bool
}

// lookOf is a look that ended at a moment: the millisecond is rounded up, because a look
// must not seem older than it is.
func lookOf(ended time.Time, r Rule) Look {
	return Look{At: ended.Add(time.Millisecond - 1).Truncate(time.Millisecond), Saw: Saw(r)}
}

// wrote reports a write that OSS accepted.
func (w *Warden) wrote(b Bucket, o OwnWrite) {
	if w.Fights != nil {
		w.Fights.Wrote(b, o)
	}
}

// overwrote adds the change behind a task that a write of the function overwrote unseen.
// The bucket has a good rule, so nothing else would report it.
func (w *Warden) overwrote(ctx context.Context, t Task, res Result) Result {
	if w.Fights == nil || !t.undoes() || res.Verdict != Compliant || t.Trigger.At.IsZero() {
		return res
	}
	if left := t.Trigger.Left(); left != nil && *left == res.After {
		return res // what they set is current
	}
	res.Overwrote = w.Fights.Overwrote(ctx, t.Bucket, *t.Trigger, res.After)
	return res
}
