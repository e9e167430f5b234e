package ossenc

import (
	"context"
	"slices"
	"testing"
)

// asked notes as whom everything about a bucket is asked.
type asked struct {
	fakeStore
	as []string
}

func (a *asked) note(ctx context.Context, what string) {
	id := IdentityFrom(ctx)
	a.as = append(a.as, what+" as "+id.AccountID+" with "+id.Credentials.AccessKeyID)
}

func (a *asked) Get(ctx context.Context, b Bucket) (Observation, error) {
	a.note(ctx, "Get")
	return a.fakeStore.Get(ctx, b)
}

func (a *asked) Put(ctx context.Context, b Bucket, r Rule) (Observation, error) {
	a.note(ctx, "Put")
	return a.fakeStore.Put(ctx, b, r)
}

func (a *asked) Describe(ctx context.Context, _, keyID string) (Key, error) {
	a.note(ctx, "Describe")
	return Key{ID: keyID, Usable: true}, nil
}

func (a *asked) Evaluate(ctx context.Context, _ Bucket, _ FactsFunc) (Requirement, error) {
	a.note(ctx, "Evaluate")
	return Requirement{Desired: Desired{Rule: Rule{Algorithm: KMS, KMSKeyID: "key-1"}}}, nil
}

func (a *asked) Exemption(context.Context, Bucket, FactsFunc) *Exemption { return nil }

// roles are accounts that are entered by a session of their own.
type roles struct{ Accounts }

func (roles) Identity(ctx context.Context, account string) (Identity, error) {
	if id := IdentityFrom(ctx).AccountID; id != "1001" {
		return Identity{}, &Error{Op: "AssumeRole", Code: Denied, Message: "asked as " + id}
	}
	return Identity{AccountID: account, Credentials: Credentials{AccessKeyID: "session-of-" + account, AccessKeySecret: "s", SecurityToken: "t"}}, nil
}

// Whatever is asked about a bucket of another account, and what is written to it, is so as
// that account; for the function's own buckets as the function.
func TestEnsure_ActsAsTheBucketsAccount(t *testing.T) {
	for account, as := range map[string]string{"": "1001 with own", "1001": "1001 with own", "2002": "2002 with session-of-2002"} {
		a := &asked{}
		w := &Warden{Store: a, Policy: a, Keys: a, Accounts: roles{}}
		ctx := WithIdentity(t.Context(), Identity{AccountID: "1001", Credentials: Credentials{AccessKeyID: "own", AccessKeySecret: "s"}})
		res := w.Ensure(ctx, Task{Bucket: Bucket{Name: "b-1", Account: account}})
		want := []string{"Get as " + as, "Evaluate as " + as, "Describe as " + as, "Put as " + as, "Get as " + as}
		if res.Verdict != Fixed || !slices.Equal(a.as, want) {
			t.Errorf("%q: %s (%s)\n%q, want\n%q", account, res.Verdict, res.Reason, a.as, want)
		}
	}
}
