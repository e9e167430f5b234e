package function

import (
	"context"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

// What an instance remembers of its own writes. It decides nothing: a new instance knows
// nothing, and then ActionTrail is asked as soon as it can know.
const (
	maxRemembered = 1024
	rememberFor   = time.Hour
)

// remembered is one write of this instance.
type remembered struct {
	bucket ossenc.Bucket
	write  ossenc.OwnWrite
}

// Wrote implements [ossenc.Fights].
func (f *fights) Wrote(b ossenc.Bucket, w ossenc.OwnWrite) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wrote) == maxRemembered {
		f.wrote = f.wrote[1:]
	}
	w.Remembered = true
	f.wrote = append(f.wrote, remembered{ossenc.Bucket{Account: b.Account, Name: b.Name}, w})
}

// writesOf returns what this instance wrote to a bucket lately.
func (f *fights) writesOf(b ossenc.Bucket) []ossenc.OwnWrite {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []ossenc.OwnWrite
	for _, r := range f.wrote {
		if r.bucket.Name == b.Name && r.bucket.Account == b.Account && f.now().Sub(r.write.To) < rememberFor {
			all = append(all, r.write)
		}
	}
	return all
}

// Overwrote implements [ossenc.Fights]. The trail is asked only where it can have both
// records, so the usual event, which is younger, costs no call.
func (f *fights) Overwrote(ctx context.Context, b ossenc.Bucket, t ossenc.Trigger, present ossenc.Rule) *ossenc.Overwrite {
	change := changeOf(t, t.At)
	if o := history.FindOverwrite(change, inForce(f.writesOf(b), present), nil, false); o != nil {
		return o
	}
	if f.now().Sub(t.At) < actiontrail.Delay {
		return nil
	}
	c, ok := f.recent(ctx, b)
	if !ok {
		return nil
	}
	// Everything is there after twice the delay, if the answers had no more pages.
	whole := c.whole && c.now.Sub(t.At) >= 2*actiontrail.Delay
	return history.FindOverwrite(change, inForce(history.Writes(c.changes), present), c.changes, whole)
}

// inForce leaves out the writes of another rule than the present one: what came behind
// them counts.
func inForce(writes []ossenc.OwnWrite, present ossenc.Rule) []ossenc.OwnWrite {
	var all []ossenc.OwnWrite
	for _, w := range writes {
		if w.Rule == nil || *w.Rule == present {
			all = append(all, w)
		}
	}
	return all
}

// changeOf is the change that a record reports.
func changeOf(t ossenc.Trigger, at time.Time) history.Change {
	c := history.Change{ID: t.ID, Time: at, Kind: history.RuleSet, By: t.Actor, Rule: t.Rule, Shown: !t.Rule.IsNone()}
	if t.Call == "DeleteBucketEncryption" {
		c.Kind = history.RuleRemoved
	}
	return c
}
