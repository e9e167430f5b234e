package function

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

// How ActionTrail is asked: an account has two calls a second, and its console takes
// part. One question is two calls, so an instance asks about a bucket every two seconds
// at most, and leaves out what comes sooner.
const (
	fightTime    = 24 * time.Hour
	askEvery     = 2 * time.Second
	askTime      = 1500 * time.Millisecond
	askReserve   = 3 * time.Second // of an invocation's time that must be left
	afterRefused = 10 * time.Minute
	afterFailed  = 10 * time.Second
)

// fights asks ActionTrail who else changes a rule. It is advice: what fails is logged
// once in a while, and changes nothing.
type fights struct {
	client *actiontrail.Client
	// roles are those of the function, in its own account and in others.
	roles []string
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	next  map[string]time.Time // when an account's region may be asked again
	wrote []remembered         // by this instance, the oldest first
}

func newFights(cfg settings.Config, c *cloud, log *slog.Logger) *fights {
	f := &fights{client: actiontrail.New(cfg.Trail, c.transport, c.chain.Credentials), log: log, now: time.Now, next: map[string]time.Time{}}
	if cfg.OwnRole != "" {
		f.roles = append(f.roles, cfg.OwnRole)
	}
	for _, a := range cfg.Policy.Accounts {
		f.roles = append(f.roles, a.RoleARN[strings.LastIndex(a.RoleARN, "/")+1:])
	}
	return f
}

// Recent implements [ossenc.Fights].
func (f *fights) Recent(ctx context.Context, b ossenc.Bucket) (ossenc.Contest, bool) {
	return f.recent(ctx, b)
}

func (f *fights) recent(ctx context.Context, b ossenc.Bucket) (*contest, bool) {
	place := b.Account + "/" + b.Region
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < askReserve || !f.turn(place, askEvery) {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	now := f.now()
	c := &contest{now: now, whole: true}
	for _, call := range []string{"PutBucketEncryption", "DeleteBucketEncryption"} {
		q := actiontrail.Query{Region: b.Region, Bucket: b.Name, EventName: call, From: now.Add(-fightTime), To: now}
		page, err := f.client.Lookup(ctx, q) // the newest 50; more rounds are a fight all the same
		if err != nil {
			f.failed(ctx, place, err)
			return nil, false
		}
		c.whole = c.whole && page.Next == ""
		for _, e := range page.Events {
			f.note(c, e)
		}
	}
	return c, true
}

// turn reports whether a place may be asked, and then takes the turn.
func (f *fights) turn(place string, pause time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Before(f.next[place]) {
		return false
	}
	f.next[place] = now.Add(pause)
	return true
}

// failed leaves ActionTrail alone for some time.
func (f *fights) failed(ctx context.Context, place string, err error) {
	pause, level := afterFailed, slog.LevelInfo
	if ossenc.CodeOf(err) == ossenc.Denied {
		pause, level = afterRefused, slog.LevelWarn
	}
	f.mu.Lock()
	f.next[place] = f.now().Add(pause)
	f.mu.Unlock()
	f.log.LogAttrs(ctx, level, "ActionTrail does not say who changed a rule; no verdict depends on it",
		slog.String("error", err.Error()), slog.String("pause", pause.String()))
}

// note keeps what concerns the rule, and calls that failed, which may have worked.
func (f *fights) note(c *contest, e actiontrail.Event) {
	switch change := e.Change(e.Owner, f.roles...); change.Kind {
	case history.RuleSet, history.RuleRemoved, history.Attempted:
		c.changes = append(c.changes, change)
	}
}

// contest is what the trail said of one bucket.
type contest struct {
	changes []history.Change
	now     time.Time
	whole   bool // the answers had no more pages
}

// Fight implements [ossenc.Contest].
func (c *contest) Fight(t ossenc.Trigger, required ossenc.Rule, repaired bool) ossenc.Fight {
	changes := c.changes
	if repaired { // both are too young to be in the trail; if they are not, the ID says so
		at := t.At
		if at.IsZero() || at.After(c.now) {
			at = c.now
		}
		changes = append(changes[:len(changes):len(changes)],
			changeOf(t, at),
			history.Change{Time: c.now.Add(time.Second), Kind: history.RuleSet, Own: true})
	}
	fight := history.FindFight(changes, c.now.Add(-fightTime))
	if !fight.IsNone() {
		fight.Advice = history.Advice(fight.By.Tool, required)
	}
	return fight
}
