package ossenc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// SweepOptions says which buckets of all accounts to sweep, and how.
type SweepOptions struct {
	// Mode is that of each bucket's task.
	Mode Mode
	// Prefix and Region leave out all other buckets; empty for all.
	Prefix, Region string
	// ExceptRegions leaves out the buckets in these regions.
	ExceptRegions []string
	// Buckets leaves out all buckets but these, by name; nil for all.
	Buckets map[string]bool
	// Accounts leaves out all accounts but these, by ID; nil for all.
	Accounts []string
	// After is where an earlier sweep stopped ([SweepSummary.Last]), to resume behind it.
	After Cursor
	// MaxChanges is how many buckets may be written; nil for any number. What is
	// beyond ends Blocked.
	MaxChanges *int
	// Changes is how many buckets earlier parts of the sweep wrote.
	Changes int
	// Concurrency is how many buckets are worked on at a time at most; 64 if 0.
	Concurrency int
	// Reserve is how long before ctx's deadline no further bucket is begun; 3 s if 0.
	Reserve time.Duration
}

// SweepSummary says how far a sweep came.
type SweepSummary struct {
	// Complete is whether every bucket had its turn. One that was not begun, or that
	// ended with code [Deadline], had none.
	Complete bool
	// Stopped is whether the sweep ended early, so that buckets are left behind Last.
	// Accounts whose list could not be read do not make it so.
	Stopped bool
	// Last is the last bucket before the first one that had no turn, or the beginning of
	// its account: give it as After to resume. Buckets behind it may have had their turn
	// too and get another.
	Last Cursor
	// Changes is how many buckets were written, or tried to be.
	Changes int
	// Concurrency is how many buckets were worked on at a time at most.
	Concurrency int
}

const (
	defaultConcurrency = 64
	defaultReserve     = 3 * time.Second
)

// Sweep enforces every bucket concurrently and calls yield with the results one at
// a time, in the order of the account IDs (the function's own first) and then of
// the bucket names. It stops when all are done, the deadline is near, or yield
// returns false. In the last case results in flight are discarded: do not stop
// early when writing. Memory does not grow with the number of buckets.
//
// The error joins the *[Error]s of all accounts whose list could not be read to its
// end: their buckets are missing, although Last may be behind them.
func (w *Warden) Sweep(ctx context.Context, o SweepOptions, yield func(Result) bool) (SweepSummary, error) {
	accounts, err := w.AccountList(ctx, o)
	if err := w.checkCursor(o, accounts.IDs, err); err != nil {
		return SweepSummary{Last: o.After, Changes: o.Changes}, err
	}
	from, after := o.After.split()
	all := SweepSummary{Last: o.After, Changes: o.Changes, Complete: err == nil}
	errs := append(accounts.Problems, err)
	for _, account := range accounts.IDs {
		if account < from {
			continue
		}
		if account > from {
			after = ""
		}
		part, err := w.sweepAccount(ctx, o, account, after, all.Changes, yield)
		all.add(part.SweepSummary)
		if part.stopped && part.Last == "" && account != from {
			all.Last = beginningOf(account) // those before it had their turn, also without a bucket
		}
		errs = append(errs, err)
		if all.Stopped = part.stopped; part.stopped {
			break
		}
	}
	return all, errors.Join(errs...)
}

// checkCursor refuses a cursor that would skip buckets: of an account that there is
// not, of a sweep of other buckets, or where the accounts behind it are not known. A
// member that has left its organisation is behind the sweep anyway.
func (w *Warden) checkCursor(o SweepOptions, accounts []string, unknown error) error {
	account, bucket := o.After.split()
	changing := w.Accounts != nil && w.Accounts.Change() && o.Accounts == nil
	switch {
	case !o.After.Valid():
		return &Error{Op: "Sweep", Code: Invalid, Message: "the cursor is not one that a sweep ended with"}
	case o.After != "" && unknown != nil:
		return unknown
	case o.After != "" && !changing && !slices.Contains(accounts, account):
		return &Error{Op: "Sweep", Code: Invalid, Message: "the cursor is in an account that is not swept"}
	case bucket != "" && !strings.HasPrefix(bucket, o.Prefix):
		return &Error{Op: "Sweep", Code: Invalid, Message: "the cursor is of a sweep with another prefix"}
	}
	return nil
}

// AccountList returns the accounts to go over, in order; the function's own is "". One
// that is asked for and has no role stays in: its list fails, visibly. With an error,
// an *[Error], accounts may be missing.
func (w *Warden) AccountList(ctx context.Context, o SweepOptions) (AccountList, error) {
	list := AccountList{IDs: []string{""}}
	var err error
	switch {
	case o.Accounts != nil:
		list.IDs, err = w.askedFor(ctx, o.Accounts)
	case w.Accounts != nil:
		var others AccountList
		others, err = w.Accounts.List(ctx)
		list.IDs, list.Problems = append(list.IDs, others.IDs...), others.Problems
	}
	slices.Sort(list.IDs)
	list.IDs = slices.Compact(list.IDs)
	return list, err
}

// askedFor returns the accounts of a request. The error is why it is not known which
// of them there are.
func (w *Warden) askedFor(ctx context.Context, accounts []string) (ids []string, err error) {
	for _, id := range accounts {
		if id == IdentityFrom(ctx).AccountID {
			id = ""
		}
		ids = append(ids, id)
		if err == nil {
			_, err = w.HasAccount(ctx, id)
		}
	}
	return ids, err
}

// add takes in what became of one more account.
func (s *SweepSummary) add(part SweepSummary) {
	s.Complete = s.Complete && part.Complete
	s.Last = cmp.Or(part.Last, s.Last)
	s.Changes = part.Changes
	s.Concurrency = max(s.Concurrency, part.Concurrency)
}

// Count returns how many buckets of each region a sweep from the beginning goes over,
// for caps that are a share and for a fan-out. It costs a call for each thousand. The error joins those of all
// accounts whose buckets could not be counted to the end: a share of the others is
// less, never more.
func (w *Warden) Count(ctx context.Context, o SweepOptions) (map[string]int, error) {
	counts := map[string]int{}
	accounts, err := w.AccountList(ctx, o)
	errs := append(accounts.Problems, err)
	for _, account := range accounts.IDs {
		errs = append(errs, w.countIn(ctx, account, o, counts))
	}
	return counts, errors.Join(errs...)
}

func (w *Warden) countIn(ctx context.Context, account string, o SweepOptions, counts map[string]int) error {
	inside, err := w.asAccount(ctx, account)
	if err != nil {
		return err
	}
	for b, err := range w.Lister.List(inside, o.Prefix, "") {
		if err != nil {
			return err
		}
		if o.has(b) {
			counts[b.Region]++
		}
	}
	return nil
}

// has reports whether the sweep is about the bucket.
func (o SweepOptions) has(b Bucket) bool {
	return (o.Region == "" || b.Region == o.Region) && !slices.Contains(o.ExceptRegions, b.Region) && (o.Buckets == nil || o.Buckets[b.Name]) && strings.HasPrefix(b.Name, o.Prefix)
}
