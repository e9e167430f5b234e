package service

import (
	"log/slog"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// A row of a plan, and of an undo, is written only over the rule that was approved, also
// where what would be written is the same.
func TestChanges_OnlyOverTheRuleThatWasApproved(t *testing.T) {
	required := ossenc.Desired{Rule: kms}
	for name, now := range map[string]ossenc.Rule{"AsApproved": none, "Another": aes256} {
		m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": now, "b-2": now}}
		s := &Service{Warden: func() Warden { return m.Warden(required) }, Policy: policy.Simple(required), Log: slog.New(slog.DiscardHandler)}
		p, err := s.NewPlan("").With([]PlanRow{{Bucket: "b-1", Before: none, Target: kms}})
		if err != nil {
			t.Fatal(err)
		}
		applied, err := s.Apply(t.Context(), p, "", ChangeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		undone, err := s.Restore(t.Context(), []ossenc.Result{{Bucket: "b-2", Verdict: ossenc.Fixed, Before: kms, After: none}}, ChangeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for what, results := range map[string]Results{"apply": applied, "restore": undone} {
			if isRefused := results.Code() == ossenc.Refused; isRefused != (name == "Another") {
				t.Errorf("%s, %s: %+v", name, what, results.Results)
			}
		}
		for _, bucket := range []string{"b-1", "b-2"} {
			if written := m.Rules[bucket] != now; written != (name == "AsApproved") {
				t.Errorf("%s: %s has %s", name, bucket, m.Rules[bucket])
			}
		}
	}
}
