package reliability_test

import (
	"fmt"
	"slices"
	"testing"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/reliability"
	"bucketwarden/ossenc"
)

// entry is one call in a ledger: an attempt, and what it did if it was carried
// out.
type entry struct {
	operation, key string
	fault          *localoss.Fault
	access         *localoss.Access
}

const (
	look  = "GetBucketEncryption"
	write = "PutBucketEncryption"
)

func ledgerOf(entries []entry) *reliability.Ledger {
	var l reliability.Ledger
	for i, e := range entries {
		r := localoss.Request{Operation: e.operation, AccessKeyID: e.key, Bucket: "b-1", RequestID: fmt.Sprint("request ", i)}
		if e.operation != "" {
			l.Attempt(r, e.fault)
		}
		if e.access != nil {
			e.access.Request, e.access.Bucket = r, "b-1"
			l.OnRule(*e.access)
		}
	}
	return &l
}

func TestLedger(t *testing.T) {
	kms := localoss.Rule{Algorithm: "KMS"}
	sees := func(r localoss.Rule) *localoss.Access { return &localoss.Access{Before: r, After: r, Seen: r} }
	puts := func(r localoss.Rule) *localoss.Access { return &localoss.Access{After: r, Asked: r} }
	tests := []struct {
		name               string
		entries            []entry
		weakened, unlooked int
	}{
		{"LookThenWrite", []entry{{look, "a", nil, sees(none)}, {write, "a", nil, puts(aes)}}, 0, 0},
		{"LookThenStronger", []entry{{look, "a", nil, sees(aes)}, {write, "a", nil, puts(kms)}}, 0, 0},
		{"LookThenWeaker", []entry{{look, "a", nil, sees(kms)}, {write, "a", nil, puts(aes)}}, 1, 0},
		{"LookThenAnotherKey", []entry{{look, "a", nil, sees(named)}, {write, "a", nil, puts(localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-2", KMSDataEncryption: "SM4"})}}, 1, 0},
		{"NoLook", []entry{{write, "a", nil, puts(aes)}}, 0, 1},
		{"SomebodyElsesLook", []entry{{look, "b", nil, sees(none)}, {write, "a", nil, puts(aes)}}, 0, 1},
		{"SpoiltLook", []entry{{look, "a", &reset, sees(none)}, {write, "a", nil, puts(aes)}}, 0, 1},
		{"LookAtNothing", []entry{{look, "a", nil, nil}, {write, "a", nil, puts(aes)}}, 0, 1},
		{"WriteTwice", []entry{{look, "a", nil, sees(none)}, {write, "a", &later, nil}, {write, "a", nil, puts(aes)}}, 0, 1},
		{"WriteLookWrite", []entry{{look, "a", nil, sees(none)}, {write, "a", &later, nil}, {look, "a", nil, sees(none)}, {write, "a", nil, puts(aes)}}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := ledgerOf(tt.entries)
			if got := l.Weakened(); len(got) != tt.weakened {
				t.Errorf("weakened: %v, want %d", got, tt.weakened)
			}
			if got := l.Unlooked(); len(got) != tt.unlooked {
				t.Errorf("unlooked: %v, want %d", got, tt.unlooked)
			}
		})
	}
}

func TestLedger_Held(t *testing.T) {
	l := ledgerOf([]entry{
		{access: &localoss.Access{After: aes}},
		{access: &localoss.Access{Before: aes, After: both}},
		{access: &localoss.Access{Before: both, Gone: true}},
	})
	held := func(r localoss.Rule) (marks []int) {
		for mark := range 4 {
			if l.Held("b-1", reliability.RuleOf(r), mark) {
				marks = append(marks, mark)
			}
		}
		return marks
	}
	for name, tt := range map[string]struct {
		rule localoss.Rule
		want []int
	}{
		"First": {aes, []int{0, 1}}, "Second": {both, []int{0, 1, 2}}, "Never": {named, nil}, "NoRuleIsNoBucket": {none, nil},
	} {
		if got := held(tt.rule); !slices.Equal(got, tt.want) {
			t.Errorf("%s: held from %v, want %v", name, got, tt.want)
		}
	}
	if l.Held("b-2", ossenc.Rule{}, 0) {
		t.Error("a bucket that there was not has a rule")
	}
}
