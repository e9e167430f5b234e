package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// overAccounts sweeps an account of n buckets as the function's own and as each of the
// others.
func overAccounts(n int, others *memory.Accounts) (*Service, *memory.Account) {
	_, m := sweeping(n, 0)
	warden := m.Warden(ossenc.Desired{Rule: aes256})
	warden.Accounts = others
	return servingBy(warden), m
}

// A member may leave its organisation between two parts of a sweep: the next part begins
// behind it. In a policy's own list such a cursor is a mistake.
func TestSweep_AMemberThatLeft(t *testing.T) {
	for _, open := range []bool{true, false} {
		s, _ := overAccounts(3, &memory.Accounts{IDs: []string{"2", "4"}, Open: open})
		res := sweepOnce(t, s, time.Minute, `{"cursor":"3/b-00001~0"}`)
		if open && (!res.Complete || res.Buckets != 3) || !open && (res.Code != ossenc.Invalid || res.Buckets != 0) {
			t.Errorf("open %t: %+v", open, res)
		}
	}
}

// A part of a sweep that does not know which accounts there are must not come to an end
// without them; a sweep from the beginning covers what is known, and fails.
func TestSweep_AListThatCannotBeRead(t *testing.T) {
	silent := &memory.Accounts{ListErr: &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: "no answer"}}
	s, _ := overAccounts(3, silent)
	if res := sweepOnce(t, s, time.Minute, `{"cursor":"3/b-00001~0"}`); res.Complete || res.Code != ossenc.Unavailable || res.Buckets != 0 {
		t.Errorf("a part: %+v", res)
	}
	if res := sweepOnce(t, s, time.Minute, ""); res.Complete || res.Code != ossenc.Unavailable || res.Buckets != 3 {
		t.Errorf("from the beginning: %+v", res)
	}
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "11"})
	if res, err := s.Sweep(ctx, parse(t, []byte(`{"action":"sweep","accounts":["2","3"]}`))); err != nil || res.Code != ossenc.Unavailable || res.Complete {
		t.Errorf("of two accounts: %+v, %v", res, err)
	}
}

// What is wrong with the selection of accounts fails the sweep, after it covered all.
func TestSweep_AProblemOfTheSelection(t *testing.T) {
	s, _ := overAccounts(3, &memory.Accounts{IDs: []string{"2"}, Problem: &ossenc.Error{Code: ossenc.Invalid, Message: "no account is in folder fd-x"}})
	if res := sweepOnce(t, s, time.Minute, ""); res.Code != ossenc.Invalid || res.Buckets != 6 || len(res.Errors) != 1 {
		t.Errorf("%+v", res)
	}
}

// TestSweep_ThousandsOfAccountsWithoutARole: the answer lists some, counts the rest, and
// the log has each.
func TestSweep_ThousandsOfAccountsWithoutARole(t *testing.T) {
	others := &memory.Accounts{}
	for i := range 1500 {
		others.IDs = append(others.IDs, fmt.Sprint(i+1))
	}
	s, m := overAccounts(3, others)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewJSONHandler(&log, nil))
	w := m.Warden(ossenc.Desired{Rule: aes256})
	w.Accounts = noRoles{others}
	s.Warden = func() Warden { return w }
	res := sweepOnce(t, s, time.Minute, "")
	if len(res.Errors) != maxErrors || res.OmittedErrors != 500 || res.Code != ossenc.Denied || res.Buckets != 3 {
		t.Errorf("%d errors, %d omitted, %s, %d buckets", len(res.Errors), res.OmittedErrors, res.Code, res.Buckets)
	}
	if n := strings.Count(log.String(), `"msg":"account"`); n != 1500 {
		t.Errorf("%d lines in the log", n)
	}
	slim := sweepOnce(t, s, time.Minute, `{"slim":true}`)
	if len(slim.Errors) != maxSlimErrors || slim.OmittedErrors != 1500-maxSlimErrors {
		t.Errorf("slim: %d errors, %d omitted", len(slim.Errors), slim.OmittedErrors)
	}
}

// Rules that match on names and tags of accounts ask for them as the function, and an
// account that nothing names is unknown where they decide.
func TestSweep_NamesAndTagsOfAccounts(t *testing.T) {
	_, m := sweeping(1, 0)
	p, err := policy.Parse("policy.yaml", []byte(`
version: 1
resource_directory: {role_name: member}
rules:
  - {name: prod, match: {account_names: ["pay*"], account_tags: {env: prod}}, want: {algorithm: KMS}}
  - {name: rest, want: {algorithm: AES256}}
`))
	if err != nil {
		t.Fatal(err)
	}
	w := &ossenc.Warden{Store: m, Lister: m, Policy: policy.Evaluator{Policy: p}, Mode: ossenc.ReportOnly, Accounts: &memory.Accounts{
		IDs: []string{"2", "3", "4"},
		Known: map[string]ossenc.AccountFacts{
			"2": {Name: "pay eu", Tags: map[string]string{"env": "prod"}}, "3": {Name: "pay eu", Tags: map[string]string{"env": "test"}},
		},
	}}
	s := servingBy(w)
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "11"})
	got := map[string]string{}
	if _, err := s.Rows(ctx, Selection{}, func(r ossenc.Result) bool {
		got[r.Account] = r.PolicyRule
		if r.Verdict == ossenc.Unknown {
			got[r.Account] = string(r.Code)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"": "invalid", "2": "prod", "3": "rest", "4": "invalid"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// noRoles are accounts none of which has a role; each says so of itself.
type noRoles struct{ *memory.Accounts }

func (noRoles) Identity(_ context.Context, id string) (ossenc.Identity, error) {
	return ossenc.Identity{}, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: "no role in account " + id}
}

func (n noRoles) ForRun() ossenc.Accounts { return n }
