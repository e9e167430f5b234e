package ossenc

import (
	"slices"
	"strings"
	"testing"
)

func TestStrictest(t *testing.T) {
	tests := []struct {
		modes []Mode
		want  Mode
	}{
		{nil, ""},
		{[]Mode{"", ""}, ""},
		{[]Mode{"", Enforce}, Enforce},
		{[]Mode{Enforce, ReportOnly, ""}, ReportOnly},
		{[]Mode{ReportOnly, Enforce}, ReportOnly},
		{[]Mode{ReportOnly, "reprot", Enforce}, "reprot"}, // nothing says what it allows
	}
	for _, tt := range tests {
		for range 2 {
			if got := Strictest(tt.modes...); got != tt.want {
				t.Errorf("%q: %q, want %q", tt.modes, got, tt.want)
			}
			slices.Reverse(tt.modes)
		}
	}
}

// A difference is written only where the setting, the policy's rule and the task all
// allow it.
func TestEnsure_TheStrictestModeHolds(t *testing.T) {
	for _, setting := range []Mode{"", Enforce, ReportOnly} {
		for _, rule := range []Mode{"", Enforce, ReportOnly} {
			for _, request := range []Mode{"", Enforce, ReportOnly} {
				for _, override := range []*Desired{nil, {Rule: Rule{Algorithm: KMS}, Mode: rule}} {
					store := &fakeStore{}
					w := &Warden{Store: store, Mode: setting, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}, Mode: rule}})}
					res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}, Override: override, Waive: Waiver{Mode: true}, Mode: request})
					want, puts := Fixed, 1
					if slices.Contains([]Mode{setting, rule, request}, ReportOnly) {
						want, puts = WouldFix, 0
					}
					if res.Verdict != want || store.puts != puts {
						t.Errorf("setting %q, rule %q, request %q, override %v: %s, %d writes", setting, rule, request, override != nil, res.Verdict, store.puts)
					}
				}
			}
		}
	}
}

// To ask for nothing, or for what makes no sense, is a mistake of the caller and never
// "compliant"; and the bucket is not touched.
func TestEnsure_WhatMakesNoSenseIsInvalid(t *testing.T) {
	aes256, good := Rule{Algorithm: AES256}, ruled(Requirement{Desired: aes(false)})
	tests := []struct {
		name   string
		policy Policy
		mode   Mode
		task   Task
		reason string
	}{
		{"NoPolicy", nil, "", Task{}, "no policy"},
		{"NoPolicyButARule", nil, "", Task{Override: &Desired{Rule: aes256}}, "no policy"},
		{"Nothing", good, "", Task{Override: &Desired{}}, "asks for nothing"},
		{"NothingExactly", good, "", Task{Override: &Desired{Compare: Exact}}, "asks for nothing"},
		{"NothingInReportMode", good, "", Task{Override: &Desired{}, Mode: ReportOnly}, "asks for nothing"},
		{"RuleAndRemoval", good, "", Task{Override: &Desired{Rule: aes256, Remove: true}}, "ask for one of them"},
		{"RemovalThatWeakensNothing", good, "", Task{Override: &Desired{Remove: true, Compare: Floor}}, "weaken nothing"},
		{"RemovalThatWeakensNothingByTheTask", good, "", Task{Override: &Desired{Remove: true}, Compare: Floor}, "weaken nothing"},
		{"UnknownCompare", good, "", Task{Override: &Desired{Rule: aes256, Compare: "flor"}}, "neither floor nor exact"},
		{"UnknownCompareOfTheTask", good, "", Task{Compare: "exakt"}, "neither floor nor exact"},
		{"UnknownMode", good, "", Task{Override: &Desired{Rule: aes256, Mode: "audit"}}, "none of enforce, approve, report"},
		{"UnknownModeOfTheTask", good, "", Task{Mode: "audit"}, "none of enforce, approve, report"},
		{"UnknownModeOfTheSettings", good, "audit", Task{}, "none of enforce, approve, report"},
		{"PolicyAsksForNothing", ruled(Requirement{Rule: "empty"}), "", Task{}, `rule "empty" asks for nothing`},
		{"PolicyAsksForNothingExactly", ruled(Requirement{}), "", Task{Compare: Exact}, "asks for nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, present := range []Rule{{}, {Algorithm: KMS}} {
				store := &fakeStoreWithDelete{fakeStore{rule: present}}
				tt.task.Bucket = Bucket{Name: "b-1"}
				res := (&Warden{Store: store, Policy: tt.policy, Mode: tt.mode}).Ensure(t.Context(), tt.task)
				if res.Verdict != Rejected || res.Code != Invalid || store.puts != 0 || !strings.Contains(res.Reason, tt.reason) {
					t.Errorf("%s %q, %d writes: %s", res.Verdict, res.Code, store.puts, res.Reason)
				}
			}
		})
	}
}
