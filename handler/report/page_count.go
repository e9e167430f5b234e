package report

import (
	"cmp"
	"maps"
	"slices"
	"sort"

	"bucketwarden/ossenc"
)

// counts are rows by group.
type counts struct {
	group [groupCount]int
	all   int // except those that are gone
}

func (c *counts) add(g group) {
	c.group[g]++
	if g != groupGone {
		c.all++
	}
}

// bad is how many need attention.
func (c *counts) bad() int {
	return c.group[groupForeign] + c.group[groupNone] + c.group[groupUnknown] + c.group[groupWeak]
}

// tallies are the counts behind the page's pictures.
type tallies struct {
	all counts
	by  map[string]map[string]*counts // by column, then by value
	// bare counts the exempt buckets without a rule, by the policy's rule.
	bare map[string]int
	seen int
}

// tallied are the columns that rows are counted by.
var tallied = [...]string{"account", "region", "rule", "required", "policy"}

func newTallies() tallies {
	t := tallies{by: map[string]map[string]*counts{}, bare: map[string]int{}}
	for _, c := range tallied {
		t.by[c] = map[string]*counts{}
	}
	return t
}

func (t *tallies) add(res ossenc.Result, own string) {
	g := groupOf(res)
	t.seen++
	t.all.add(g)
	if g == groupGone {
		return
	}
	required := res.Wanted
	required.KMSKeyID = ""
	values := [...]string{cmp.Or(res.Account, own), res.Region, algorithmOf(res), required.String(), res.PolicyRule}
	if res.Wanted.IsNone() {
		values[3] = "" // exempt, or not known
	}
	for i, column := range tallied {
		c := t.by[column][values[i]]
		if c == nil {
			c = &counts{}
			t.by[column][values[i]] = c
		}
		c.add(g)
	}
	if g == groupExempt && res.After.IsNone() {
		t.bare[res.PolicyRule]++
	}
}

// bar is one line of a bar chart; the one without a name is all others.
type bar struct {
	name string
	counts
}

// maxBars keeps a card small; the rest is one bar.
const maxBars = 7

// bars are the counts of a column, those with most to do first.
func (t *tallies) bars(column string) []bar {
	var all []bar
	for _, name := range slices.Sorted(maps.Keys(t.by[column])) {
		if name != "" {
			all = append(all, bar{name, *t.by[column][name]})
		}
	}
	sort.SliceStable(all, func(i, j int) bool {
		return cmp.Or(cmp.Compare(all[j].bad(), all[i].bad()), cmp.Compare(all[j].all, all[i].all)) < 0
	})
	if len(all) <= maxBars+1 {
		return all
	}
	rest := bar{}
	for _, b := range all[maxBars:] {
		rest.all += b.all
		for g, n := range b.group {
			rest.group[g] += n
		}
	}
	return append(all[:maxBars], rest)
}

// shares returns the shares of the groups in tenths of a percent. They add up to 1000,
// and a group that is there has at least one: what is not all never looks like all, nor
// what is something like nothing.
func (c *counts) shares() [groupCount]int {
	var shares [groupCount]int
	if c.all == 0 {
		return shares
	}
	left, largest := 1000, groupOK
	rests := []group{}
	for g := range groupGone {
		n := c.group[g]
		shares[g] = n * 1000 / c.all
		if n > 0 {
			shares[g] = max(shares[g], 1)
			rests = append(rests, g)
		}
		if n > c.group[largest] {
			largest = g
		}
		left -= shares[g]
	}
	sort.SliceStable(rests, func(i, j int) bool {
		a, b := c.group[rests[i]], c.group[rests[j]]
		return cmp.Or(cmp.Compare(b*1000%c.all, a*1000%c.all), cmp.Compare(b, a)) < 0
	})
	for i := 0; left > 0 && i < len(rests); i++ {
		shares[rests[i]]++
		left--
	}
	shares[largest] += left // negative where small groups took more than theirs
	return shares
}
