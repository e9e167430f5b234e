package stack

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// outcome is what must come of one event.
type outcome struct {
	verdict ossenc.Verdict
	after   ossenc.Rule
	writes  int
	fails   string // the invocation's errorType; empty if it succeeds
}

// expected says what must come of an event, by what the settings require of the
// demo's bucket.
type expected struct {
	ossenc.Requirement
	mode ossenc.Mode
	// exemptUnread is whether the bucket is exempt also where it cannot be read.
	exemptUnread bool
	// settle is how long a new bucket is left to its creator, and settleBy what says so.
	settle   time.Duration
	settleBy string
}

type noTags struct{}

// Tags returns none: the demo's bucket has no tags.
func (noTags) Tags(context.Context, ossenc.Bucket) (map[string]string, error) {
	return map[string]string{}, nil
}

func expectedBy(ctx context.Context, cfg settings.Config) (expected, error) {
	asks := policy.Evaluator{Policy: cfg.Policy, Tags: noTags{}}
	r, err := asks.Evaluate(ctx, ossenc.Bucket{Name: demoBucket, Account: Account, Region: Region}, nil)
	unread := asks.Exemption(ctx, ossenc.Bucket{Name: demoBucket, Account: Account}, nil)
	e := expected{r, ossenc.Strictest(cfg.Mode, r.Desired.Mode), unread != nil, cfg.Settle, settings.Settle}
	if r.Settle != nil {
		e.settle, e.settleBy = *r.Settle, "settle in the policy's rule "+strconv.Quote(r.Rule)
	}
	return e, err
}

// of returns the outcome for a bucket with this rule. OSS reports the rule only if
// readable is set.
func (e expected) of(before ossenc.Rule, readable bool) outcome {
	d := ossenc.Decide(before, e.Desired.Rule, e.Desired.Compare)
	switch {
	case !readable && e.exemptUnread:
		return outcome{ossenc.Exempt, before, 0, ""}
	case e.Exempt != nil: // whether or not the rule can be read
		return outcome{ossenc.Exempt, before, 0, ""}
	case !readable:
		return outcome{ossenc.Unknown, before, 0, string(ossenc.Denied)}
	case e.Blocked != "":
		return outcome{ossenc.Blocked, before, 0, string(ossenc.Refused)}
	case before.KMSKeyID != "" && d.Target.KMSKeyID == before.KMSKeyID && e.Keys != nil && !slices.Contains(e.Keys, before.KMSKeyID):
		return outcome{ossenc.Blocked, before, 0, string(ossenc.ForeignKey)}
	case !d.Write:
		return outcome{ossenc.Compliant, before, 0, ""}
	case e.mode != ossenc.Enforce && e.mode != "":
		return outcome{ossenc.WouldFix, before, 0, ""}
	}
	d.Target.KMSKeyID = e.keyID(d.Target.KMSKeyID)
	return outcome{ossenc.Fixed, d.Target, 1, ""}
}

// keyID returns the ID behind the name of a key, which is what is written.
func (e expected) keyID(name string) string {
	for _, k := range e.keys() {
		if slices.Contains(k.Aliases, name) {
			return k.ID
		}
	}
	if _, id, isARN := strings.Cut(name, ":key/"); isARN {
		return id
	}
	return name
}

// words say what is required, for people.
func (e expected) words() string {
	required := e.Desired.Rule.String() + " or stronger"
	switch {
	case e.Exempt != nil:
		return "nothing of this bucket: the policy exempts it"
	case e.Desired.Compare == ossenc.Exact:
		required = "exactly " + e.Desired.Rule.String()
	}
	if e.mode != ossenc.Enforce && e.mode != "" {
		required += " (mode " + string(e.mode) + ": nothing is written)"
	}
	return required
}

// keys are those of the local KMS: the samples', and the one that the settings name,
// so that the demo does not end at a key that exists only in your account.
func (e expected) keys() []localkms.Key {
	keys := localkms.SampleKeys(localoss.Regions())
	name := e.Desired.Rule.KMSKeyID
	if name == "" || slices.ContainsFunc(keys, func(k localkms.Key) bool { return k.ID == name || slices.Contains(k.Aliases, name) }) {
		return keys
	}
	own := localkms.Key{ID: name, Region: Region}
	if _, id, isARN := strings.Cut(name, ":key/"); isARN {
		own.ID = id
	} else if strings.HasPrefix(name, "alias/") {
		own = localkms.Key{ID: "key-of-the-demo", Region: Region, Aliases: []string{name}}
	}
	return append(keys, own)
}
