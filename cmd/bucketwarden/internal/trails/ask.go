// Package trails has the verbs about what happened: history and evidence. They read
// ActionTrail, which keeps 90 days, and files for what is older. They never write.
package trails

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

const (
	// kept is how long ActionTrail keeps events; a minute less, because it compares with a
	// clock of its own.
	kept = 90*24*time.Hour - time.Minute
	// late is how long after it happened an event is surely there: ten minutes as
	// documented, and as many again.
	late = 2 * actiontrail.Delay
)

// key names a bucket of an account.
type key struct{ account, bucket string }

// past is what was read of what happened.
type past struct {
	reach *reach.Reach
	own   string // the ID of the credentials' account, if known
	// covered is when each region's events were all read; regions that are not in it were
	// not asked, or did not answer.
	covered map[string][]history.Interval
	changes map[key][]history.Change
	regions map[key]string // where a bucket's events were
	// accounts are the selected ones, and homes the accounts of their buckets.
	accounts []string
	homes    map[string]string
	// holes are records that show a change, and not when, or not of which bucket.
	holes []hole

	// read is how many events were read, and progress shows it.
	read     int
	progress *term.Progress

	// problems say what could not be read.
	problems []string
}

func newPast(r *reach.Reach) *past {
	p := &past{
		reach: r, progress: r.Progress("Reading ActionTrail"), covered: map[string][]history.Interval{}, changes: map[key][]history.Change{}, regions: map[key]string{},
		accounts: r.Accounts(), homes: map[string]string{},
	}
	for _, account := range p.accounts {
		buckets, _ := r.Buckets(account) // what is not listed is a problem of its own
		for _, b := range buckets {
			p.homes[b.Name] = account
		}
	}
	return p
}

// add enters an event that was found at a place.
func (p *past) add(place, account string, e actiontrail.Event) {
	if !reach.Concerns(e) {
		return
	}
	named := false
	for _, bucket := range e.Buckets {
		if !ossenc.ValidBucketName(bucket) {
			continue
		}
		named = true
		home, known := p.home(place, account, e, bucket)
		c, timed := p.reach.Change(e, cmp.Or(home, p.own))
		if !known || !timed {
			p.holes = append(p.holes, hole{place: place, bucket: bucket, at: e.Time})
			continue
		}
		k := key{home, bucket}
		p.changes[k] = append(p.changes[k], c)
		p.regions[k] = cmp.Or(p.regions[k], e.Region)
	}
	if !named {
		p.holes = append(p.holes, hole{place: place, at: e.Time})
	}
}

// home is the account of a bucket. A record in a file may not say it; then it is where a bucket
// of this name is, as no two accounts have one of the same name.
func (p *past) home(place, account string, e actiontrail.Event, bucket string) (string, bool) {
	if place != everywhere || e.Owner != "" || len(p.accounts) < 2 {
		return account, true
	}
	home, known := p.homes[bucket]
	return home, known
}

// ask reads the events of a region, of one bucket or of all.
func (p *past) ask(ctx context.Context, account, region, bucket string, period history.Interval) {
	defer p.progress.Keep(p.count(), p.reach.Throttled)()
	inside, err := p.reach.Inside(ctx, account)
	for _, call := range reach.Calls() {
		if err != nil {
			break
		}
		q := actiontrail.Query{Region: region, Bucket: bucket, EventName: call, From: period.From, To: period.To}
		err = p.reach.Lookup(inside, q, func(e actiontrail.Event) {
			p.read++
			p.progress.Show(p.count())
			if e.Name == "" { // it was asked for by this name
				e.Name = call
			}
			p.add(account+"/"+region, account, e)
		})
	}
	place := account + "/" + region
	if err != nil {
		p.problems = append(p.problems, fmt.Sprintf("the events of %s could not be read: %v", region, err))
		return
	}
	p.covered[place] = append(p.covered[place], history.Interval{From: period.From, To: period.To})
}

func (p *past) count() term.Count { return term.Count{Listing: true, Found: p.read} }

// everywhere is the place of trail files.
const everywhere = "*"

// askable returns the part of a period that ActionTrail can be asked for.
func askable(period history.Interval, now time.Time) history.Interval {
	from, to := period.From, period.To
	if oldest := now.Add(-kept); from.Before(oldest) {
		from = oldest
	}
	if newest := now.Add(-late); to.After(newest) {
		to = newest
	}
	return history.Interval{From: from.UTC().Truncate(time.Second), To: to.UTC().Truncate(time.Second)}
}

// regionsOf returns the regions of the selected buckets of an account, and those of
// the flags.
func regionsOf(r *reach.Reach, f *reach.Flags, account string) ([]string, error) {
	found := map[string]bool{}
	buckets, err := r.Buckets(account)
	for _, b := range buckets {
		found[b.Region] = true
	}
	for _, region := range f.Scope().Regions {
		found[region] = true
	}
	return slices.Sorted(maps.Keys(found)), err
}

// withoutRoles warns that nothing is known to be the function's own.
func withoutRoles(a *app.App, r *reach.Reach) {
	if len(r.Roles()) == 0 {
		a.Notef("no role is known to be the function's, so no change counts as its own: add --role NAME, or %s", settings.RoleName)
	}
}

// length is a duration for people: 90d, 3h20m, 45s.
func length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
