package report

import (
	"cmp"
	"fmt"
	"sort"
	"strings"

	"bucketwarden/ossenc"
)

// AccountTotal counts the rows of one account.
type AccountTotal struct {
	// Account is its ID; empty for the one of the provenance, where that is unknown.
	Account string `json:"account"`
	// Name is the one in the Resource Directory, with what cannot be seen spelt out;
	// empty if unknown.
	Name    string `json:"name,omitempty"`
	Buckets int    `json:"buckets"`
	// Attention is how many buckets need attention, and Unread how many of those could
	// not be read.
	Attention int                    `json:"attention"`
	Unread    int                    `json:"unread"`
	Verdict   map[ossenc.Verdict]int `json:"by_verdict"`
}

// String says for example: payments: 3 of 12 buckets need attention, 1 could not be read.
func (a AccountTotal) String() string {
	text := fmt.Sprintf("%d of %d buckets need attention, %d could not be read", a.Attention, a.Buckets, a.Unread)
	if a.Name != "" {
		text = a.Name + ": " + text
	}
	return text
}

// byAccount counts rows by account; nil counts nothing.
type byAccount map[string]*AccountTotal

func (b byAccount) add(account string, res ossenc.Result) {
	if b == nil {
		return
	}
	total := b[account]
	if total == nil {
		total = &AccountTotal{Account: account, Verdict: map[ossenc.Verdict]int{}}
		b[account] = total
	}
	total.Buckets++
	total.Verdict[res.Verdict]++
	total.Attention += number(needsAttention(res))
	total.Unread += number(isUnread(res))
}

// worstFirst returns the totals, those with the most buckets that need attention
// first.
func (b byAccount) worstFirst(name func(account string) string) []AccountTotal {
	var all []AccountTotal
	for _, total := range b {
		total.Name = name(total.Account)
		all = append(all, *total)
	}
	sort.Slice(all, func(i, j int) bool { // slices.SortFunc is compiled anew for each type
		x, y := all[i], all[j]
		return cmp.Or(y.Attention-x.Attention, y.Unread-x.Unread, y.Buckets-x.Buckets, strings.Compare(x.Account, y.Account)) < 0
	})
	return all
}

// nameOf returns the name of an account, with what cannot be seen spelt out; empty where
// there is only one account, or none is known.
func (v View) nameOf(account string) string {
	if !v.Accounts || v.AccountName == nil {
		return ""
	}
	return visible(v.AccountName(account))
}
