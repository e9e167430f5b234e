package trails

import (
	"context"
	"slices"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

// fight is a day in which the function and others undid each other.
type fight struct {
	Account string `json:"account,omitempty"`
	Bucket  string `json:"bucket"`
	Region  string `json:"region"`
	ossenc.Fight
}

// fights returns the latest fight of each bucket, with the lines that end it.
func fights(ctx context.Context, r *reach.Reach, p *past, only string) []fight {
	all := []fight{}
	for k, changes := range p.changes {
		if only != "" && k.bucket != only {
			continue
		}
		found := latestFight(changes)
		if found.IsNone() {
			continue
		}
		required := (&evidence{}).require(ctx, r, bucket{Account: k.account, Bucket: k.bucket, Region: p.regions[k]}).Required
		found.Advice = history.Advice(found.By.Tool, required)
		all = append(all, fight{k.account, k.bucket, p.regions[k], found})
	}
	slices.SortFunc(all, func(a, b fight) int { return b.Since.Compare(a.Since) })
	return all
}

// latestFight searches the 24 hours before each write of the function, the latest first.
func latestFight(changes []history.Change) ossenc.Fight {
	ordered := history.Order(changes)
	for i, c := range slices.Backward(ordered) {
		if !c.Own {
			continue
		}
		if found := history.FindFight(ordered[:i+1], c.Time.Add(-24*time.Hour)); !found.IsNone() {
			return found
		}
	}
	return ossenc.Fight{}
}
