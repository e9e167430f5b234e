package ossenc

import (
	"fmt"
	"testing"
)

// universe holds every rule that differs in strength, and two named keys.
var universe = []Rule{
	{},
	{Algorithm: AES256},
	{Algorithm: SM4},
	{Algorithm: KMS},
	{Algorithm: KMS, KMSDataEncryption: SM4},
	{Algorithm: KMS, KMSKeyID: "key-1"},
	{Algorithm: KMS, KMSKeyID: "key-1", KMSDataEncryption: SM4},
	{Algorithm: KMS, KMSKeyID: "key-2"},
	{Algorithm: KMS, KMSKeyID: "key-2", KMSDataEncryption: SM4},
}

func pairs(t *testing.T, check func(t *testing.T, present, wanted Rule)) {
	for _, p := range universe {
		for _, w := range universe {
			t.Run(fmt.Sprintf("%s,%s", p, w), func(t *testing.T) { check(t, p, w) })
		}
	}
}

func TestJoin_IsTheLeastUpperBound(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		j := Join(p, w)
		if !j.Strength().AtLeast(p.Strength()) || !j.Strength().AtLeast(w.Strength()) {
			t.Fatalf("Join = %s, weaker than one of them", j)
		}
		for _, r := range universe {
			s := r.Strength()
			if s.AtLeast(p.Strength()) && s.AtLeast(w.Strength()) && !s.AtLeast(j.Strength()) {
				t.Errorf("Join = %s, but %s would do and is not as strong", j, r)
			}
		}
	})
}

func TestJoin_KeepsWhatIsStrongEnough(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		if p.Strength().AtLeast(w.Strength()) && Join(p, w) != p {
			t.Errorf("Join = %s, want the present rule as it is", Join(p, w))
		}
	})
}

func TestJoin_NeverExchangesANamedKey(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		if p.KMSKeyID != "" && Join(p, w).KMSKeyID != p.KMSKeyID {
			t.Errorf("Join = %s, want key %s kept", Join(p, w), p.KMSKeyID)
		}
	})
}

func TestJoin_SettlesAtOnce(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		once := Join(p, w)
		if twice := Join(once, w); twice != once {
			t.Errorf("Join = %s, and again %s", once, twice)
		}
	})
}

func TestJoin_IsARuleThatOSSTakes(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		j := Join(p, w)
		if j.IsNone() {
			if !p.IsNone() || !w.IsNone() {
				t.Fatal("Join = none of a rule")
			}
			return
		}
		if made, err := NewRule(j.Algorithm, j.KMSKeyID, j.KMSDataEncryption); err != nil || made != j {
			t.Errorf("NewRule(%s) = %s, %v", j, made, err)
		}
	})
}

// Strength is a partial order, and every pair has a join: with that, no sequence
// of Floor decisions weakens a rule.
func TestStrength_IsAnOrder(t *testing.T) {
	for _, a := range universe {
		for _, b := range universe {
			as, bs := a.Strength(), b.Strength()
			if as.AtLeast(bs) && bs.AtLeast(as) != (as == bs) {
				t.Errorf("%s and %s: AtLeast both ways must mean equal", a, b)
			}
			for _, c := range universe {
				if as.AtLeast(bs) && bs.AtLeast(c.Strength()) && !as.AtLeast(c.Strength()) {
					t.Errorf("%s >= %s >= %s, but not %s >= %s", a, b, c, a, c)
				}
			}
		}
	}
}

func TestDecide(t *testing.T) {
	tests := []struct {
		name            string
		present, wanted string
		compare         Compare
		target          string
		reason          string
	}{
		{"NothingThere", "none", "AES256", Floor, "AES256", "no default encryption; AES256 is required"},
		{"SameRule", "AES256", "AES256", Floor, "AES256", "AES256 is current and required"},
		{"StrongerKept", "KMS(key-1)", "AES256", Floor, "KMS(key-1)", "kept KMS(key-1): stronger than the required AES256"},
		{"SM4KeptOverAES256", "SM4", "AES256", Floor, "SM4", "kept SM4: stronger than the required AES256"},
		{"AES256RaisedToSM4", "AES256", "SM4", Floor, "SM4", "AES256 is current; SM4 is required"},
		{"CipherRaisedKeyKept", "KMS(key-1)", "SM4", Floor, "KMS(key-1)+SM4", "KMS(key-1) is current and SM4 is required; KMS(key-1)+SM4 is the weakest rule that is as strong as both"},
		{"KeyRaisedCipherKept", "SM4", "KMS", Floor, "KMS+SM4", "SM4 is current and KMS is required; KMS+SM4 is the weakest rule that is as strong as both"},
		{"ServiceKeyRaisedToKMS", "AES256", "KMS", Floor, "KMS", "AES256 is current; KMS is required"},
		{"DefaultKeyRaisedToNamed", "KMS", "KMS(key-2)", Floor, "KMS(key-2)", "KMS is current; KMS(key-2) is required"},
		{"OtherNamedKeyKept", "KMS(key-1)", "KMS(key-2)", Floor, "KMS(key-1)", "kept KMS(key-1): as strong as the required KMS(key-2), with another key"},
		{"OtherNamedKeyKeptCipherRaised", "KMS(key-1)", "KMS(key-2)+SM4", Floor, "KMS(key-1)+SM4", "KMS(key-1) is current and KMS(key-2)+SM4 is required; KMS(key-1)+SM4 is the weakest rule that is as strong as both"},
		{"ExactWeakens", "KMS(key-1)", "AES256", Exact, "AES256", "KMS(key-1) is current; AES256 is required"},
		{"ExactExchangesTheKey", "KMS(key-1)", "KMS(key-2)", Exact, "KMS(key-2)", "KMS(key-1) is current; KMS(key-2) is required"},
		{"ExactSame", "SM4", "SM4", Exact, "SM4", "SM4 is current and required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Decide(named(t, tt.present), named(t, tt.wanted), tt.compare)
			if got := d.Target.String(); got != tt.target {
				t.Errorf("Target = %s, want %s", got, tt.target)
			}
			if want := tt.target != tt.present; d.Write != want {
				t.Errorf("Write = %t, want %t", d.Write, want)
			}
			if d.Reason != tt.reason {
				t.Errorf("Reason = %q\n     want %q", d.Reason, tt.reason)
			}
		})
	}
}

func TestDecide_ExactWritesTheWantedRuleAndNothingElse(t *testing.T) {
	pairs(t, func(t *testing.T, p, w Rule) {
		d := Decide(p, w, Exact)
		if d.Target != w || d.Write != (p != w) {
			t.Errorf("Decide = %+v", d)
		}
	})
}

// named returns the rule of the universe that prints as s.
func named(t *testing.T, s string) Rule {
	t.Helper()
	for _, r := range universe {
		if r.String() == s {
			return r
		}
	}
	t.Fatalf("no rule prints as %q", s)
	return Rule{}
}
