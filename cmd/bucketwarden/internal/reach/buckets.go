package reach

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
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

// inventory is what there is, for the error that says so.
type inventory struct {
	regions map[string]int
	count   int
	// names are the first few, or all of them where one was asked for and another may
	// be meant.
	names []string
}

func (i *inventory) add(b ossenc.Bucket, f *Flags) {
	i.regions[b.Region]++
	i.count++
	if len(i.names) < fewNames || len(f.buckets) > 0 {
		i.names = append(i.names, b.Name)
	}
}

// slim returns the bucket with the strings that many buckets share held once, and
// without the page of the list that they are parts of: an account has thousands.
func slim(b ossenc.Bucket, once map[string]string) ossenc.Bucket {
	shared := func(s string) string {
		if known, ok := once[s]; ok {
			return known
		}
		s = strings.Clone(s)
		once[s] = s
		return s
	}
	return ossenc.Bucket{Name: strings.Clone(b.Name), Account: shared(b.Account), Region: shared(b.Region), Public: shared(b.Public), Internal: shared(b.Internal)}
}

// take reads the lists of all selected accounts and keeps the selected buckets.
func (r *Reach) take(ctx context.Context, f *Flags) error {
	r.snapshot = &snapshot{own: r.Account, accounts: map[string]list{}}
	accounts, progress := r.accountIDs(), r.Progress("Listing buckets")
	begun := term.Count{Listing: true, Parts: len(accounts)}
	defer progress.Keep(begun, r.Throttled)()
	t := taking{flags: f, show: progress.Show, count: begun, there: inventory{regions: map[string]int{}}, matched: map[string]bool{}, once: map[string]string{}}
	var all sync.WaitGroup
	slots := make(chan struct{}, listsAtATime)
	for _, account := range accounts {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			l := r.listOf(ctx, account, &t)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.failed = t.failed || l.err != nil
			t.count.Ended++
			r.snapshot.accounts[account] = l
			r.snapshot.found += len(l.buckets)
		})
	}
	all.Wait()
	if t.failed { // what is not there may be in what was not read
		return nil
	}
	return f.unmatched(t.matched, t.there)
}

// listsAtATime is how many accounts' lists are read at a time: each has limits of its
// own, and an organisation has hundreds of accounts.
const listsAtATime = 8

// taking is what is known of all lists together.
type taking struct {
	flags   *Flags
	show    func(term.Count)
	mu      sync.Mutex // guards what follows
	count   term.Count
	there   inventory
	matched map[string]bool // values of flags that some bucket has
	once    map[string]string
	failed  bool
}

func (t *taking) selects(b ossenc.Bucket) (ossenc.Bucket, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.there.add(b, t.flags)
	t.count.Found++
	t.show(t.count)
	return slim(b, t.once), t.flags.selects(b, t.matched)
}

func (r *Reach) listOf(ctx context.Context, account string, t *taking) (l list) {
	inside, err := r.inside(ctx, account)
	if err != nil {
		return list{err: err}
	}
	for b, err := range r.client.List(inside, "", "") {
		if err != nil {
			l.err = err
			break
		}
		if b, ok := t.selects(b); ok {
			l.buckets = append(l.buckets, b)
		}
	}
	return l
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
	inRegion := len(f.regions) == 0
	if slices.Contains(f.regions, b.Region) {
		inRegion, matched["region "+b.Region] = true, true
	}
	named := len(f.buckets) == 0
	if slices.Contains(f.buckets, b.Name) {
		named, matched["bucket "+b.Name] = true, true
	}
	begins := strings.HasPrefix(b.Name, f.prefix)
	if begins && f.prefix != "" {
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

// fewNames is how many buckets an error names.
const fewNames = 5

// some names the first few buckets.
func (i inventory) some() string {
	switch {
	case i.count == 0:
		return "no buckets at all"
	case i.count <= fewNames:
		return strings.Join(i.names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(i.names[:fewNames], ", "), i.count-fewNames)
}
