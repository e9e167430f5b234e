package reach

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
)

// snapshot is the list of the buckets that a verb is about, read once and before
// anything else: so a selection that matches nothing is found before it looks
// like success, and progress knows where it ends.
type snapshot struct {
	own      string // the ID of the account of the credentials, if known
	accounts map[string]list
	// found counts the buckets that are selected.
	found int
}

type list struct {
	buckets []ossenc.Bucket
	err     error // why the list ends where it does
}

// List returns the selected buckets of the context's account.
func (s *snapshot) List(ctx context.Context, prefix, after string) iter.Seq2[ossenc.Bucket, error] {
	account := ossenc.IdentityFrom(ctx).AccountID
	if account == s.own {
		account = ""
	}
	l := s.accounts[account]
	return func(yield func(ossenc.Bucket, error) bool) {
		for _, b := range l.buckets {
			if strings.HasPrefix(b.Name, prefix) && b.Name > after && !yield(b, nil) {
				return
			}
		}
		if l.err != nil {
			yield(ossenc.Bucket{}, l.err)
		}
	}
}

// found is what there is, for the error that says so.
type inventory struct {
	regions map[string]int
	names   []string
}

// take reads the lists of all selected accounts and keeps the selected buckets.
func (r *Reach) take(ctx context.Context, f *Flags) error {
	r.snapshot = &snapshot{own: r.Account, accounts: map[string]list{}}
	there := inventory{regions: map[string]int{}}
	matched := map[string]bool{} // values of flags that some bucket has
	failed := false
	for _, account := range r.accountIDs() {
		var l list
		inside, err := r.inside(ctx, account)
		if err != nil {
			l.err = err
		} else {
			for b, err := range r.client.List(inside, "", "") {
				if err != nil {
					l.err = err
					break
				}
				there.regions[b.Region]++
				there.names = append(there.names, b.Name)
				if f.selects(b, matched) {
					l.buckets = append(l.buckets, b)
				}
			}
		}
		failed = failed || l.err != nil
		r.snapshot.accounts[account] = l
		r.snapshot.found += len(l.buckets)
	}
	if failed { // what is not there may be in what was not read
		return nil
	}
	return f.unmatched(matched, there)
}

func (r *Reach) inside(ctx context.Context, account string) (context.Context, error) {
	if account == "" {
		return ctx, nil
	}
	id, err := r.accounts.Identity(ctx, account)
	if err != nil {
		return ctx, err
	}
	return ossenc.WithIdentity(ctx, id), nil
}

// selects reports whether the flags select a bucket, and notes which of them have a
// match.
func (f *Flags) selects(b ossenc.Bucket, matched map[string]bool) bool {
	inRegion := len(f.regions) == 0 || slices.Contains(f.regions, b.Region)
	named := len(f.buckets) == 0 || slices.Contains(f.buckets, b.Name)
	begins := strings.HasPrefix(b.Name, f.prefix)
	matched["region "+b.Region] = true
	matched["bucket "+b.Name] = true
	if begins {
		matched["prefix "+f.prefix] = true
	}
	if inRegion && named && begins {
		matched["all"] = true
		return true
	}
	return false
}

// unmatched returns an error for a value of a flag that no bucket has, with what
// there is: a report of nothing must not look like a good one.
func (f *Flags) unmatched(matched map[string]bool, there inventory) error {
	for _, region := range f.regions {
		if !matched["region "+region] {
			return app.Usagef("there is no bucket in region %s; there are %s", region, there.inRegions())
		}
	}
	for _, name := range f.buckets {
		if !matched["bucket "+name] {
			return app.Usagef("there is no bucket %s%s; there are %s", name, document.DidYouMean(name, there.names), there.some())
		}
	}
	if f.prefix != "" && !matched["prefix "+f.prefix] {
		return app.Usagef("no bucket's name begins with %s; there are %s", f.prefix, there.some())
	}
	if f.selection() != "" && !matched["all"] {
		return app.Usagef("no bucket is all of: %s; there are %s", f.selection(), there.some())
	}
	return nil
}

func (i inventory) inRegions() string {
	if len(i.regions) == 0 {
		return "no buckets at all"
	}
	names := slices.Collect(maps.Keys(i.regions))
	sort.Slice(names, func(a, b int) bool {
		return i.regions[names[a]] > i.regions[names[b]] || i.regions[names[a]] == i.regions[names[b]] && names[a] < names[b]
	})
	for k, n := range names {
		names[k] = fmt.Sprintf("%d in %s", i.regions[n], n)
	}
	return strings.Join(names, ", ")
}

// some names the first few buckets.
func (i inventory) some() string {
	const few = 5
	switch n := len(i.names); {
	case n == 0:
		return "no buckets at all"
	case n <= few:
		return strings.Join(i.names, ", ")
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(i.names[:few], ", "), n-few)
	}
}
