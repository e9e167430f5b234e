package trails

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc/history"
)

// hole is a record of a change that may be any bucket's, or of any time: what was
// known before it need not hold after it.
type hole struct {
	place  string // that of [past.covered]
	bucket string // empty for any bucket
	at     time.Time
}

// cover returns when everything of a bucket was recorded and read.
func (p *past) cover(k key, region string) []history.Interval {
	return slices.Concat(p.whole(k.account+"/"+region, k.bucket), p.whole(everywhere, k.bucket))
}

// whole returns the times of a place without the holes that concern a bucket, or without
// those of every bucket.
func (p *past) whole(place, bucket string) []history.Interval {
	covered := p.covered[place]
	for _, h := range p.holes {
		if (h.place == place || h.place == everywhere || place == everywhere) && (h.bucket == "" || h.bucket == bucket) {
			covered = h.breaks(covered)
		}
	}
	return covered
}

// breaks takes the second of the record out; without a time, everything.
func (h hole) breaks(covered []history.Interval) []history.Interval {
	if h.at.IsZero() {
		return nil
	}
	second := h.at.UTC().Truncate(time.Second)
	var parts []history.Interval
	for _, c := range covered {
		before, after := c, c
		if second.Before(c.To) {
			before.To = second
		}
		if next := second.Add(time.Second); next.After(c.From) {
			after.From = next
		}
		if before.From.Before(before.To) {
			parts = append(parts, before)
		}
		if after.From.Before(after.To) {
			parts = append(parts, after)
		}
	}
	return parts
}

// unread says which records break what is known, by place.
func (p *past) unread() []string {
	count := map[string]int{}
	for _, h := range p.holes {
		count[h.place]++
	}
	var all []string
	for _, place := range sortedKeys(count) {
		where := "the --trail files"
		if place != everywhere {
			where = place[strings.LastIndex(place, "/")+1:]
		}
		all = append(all, fmt.Sprintf("%d record(s) of %s show a change, and no time or no bucket's name that can be read: what they may have changed is not known", count[place], where))
	}
	return all
}
