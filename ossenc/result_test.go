package ossenc

import (
	"testing"
	"testing/synctest"
)

func TestVerdict_Failed(t *testing.T) {
	for v, failed := range map[Verdict]bool{
		Compliant: false, Fixed: false, WouldFix: false, Ignored: false, Exempt: false, Gone: false,
		Blocked: true, Unknown: true, Rejected: true,
	} {
		if v.Failed() != failed {
			t.Errorf("%s fails: %t", v, v.Failed())
		}
	}
}

// A bucket that vanishes meanwhile has no rule: what was read of it before is not told, so
// that nobody counts it as one that has it.
func TestEnsure_NothingIsToldOfTheRuleOfABucketThatVanished(t *testing.T) {
	for name, vanish := range map[string]func(*fakeStore){
		"BeforeTheWrite": func(s *fakeStore) { s.onPut = func(int) (error, bool) { return failing(NotFound), true } },
		"AfterAFailedWrite": func(s *fakeStore) {
			s.onPut = func(int) (error, bool) { return failing(Unavailable), true }
			s.onGet = func(n int) (Observation, error, bool) { return Observation{}, failing(NotFound), n > 1 }
		},
		"BeforeTheReadBack": func(s *fakeStore) {
			s.onGet = func(n int) (Observation, error, bool) { return Observation{}, failing(NotFound), n > 1 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &fakeStore{rule: Rule{Algorithm: AES256}}
				vanish(s)
				w := &Warden{Store: s, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: KMS}}})}
				res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
				if res.Verdict != Gone || res.Observed || !res.Before.IsNone() || !res.After.IsNone() {
					t.Errorf("%s, observed %t, before %s, after %s (%s)", res.Verdict, res.Observed, res.Before, res.After, res.Reason)
				}
			})
		})
	}
}
