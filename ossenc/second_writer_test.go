package ossenc

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
)

// rival is a bucket that another writer changes once: before the read or the write of
// a given number.
type rival struct {
	rule    Rule
	theirs  Rule
	moment  int // the call, counted from 1, before which they write
	fate    Code
	done    bool // with the fate, whether the write is carried out all the same
	calls   int
	written []Rule
	looks   []Rule
}

func (r *rival) call() {
	if r.calls++; r.calls == r.moment {
		r.rule = r.theirs
	}
}

func (r *rival) Get(context.Context, Bucket) (Observation, error) {
	r.call()
	r.looks = append(r.looks, r.rule)
	return Observation{Rule: r.rule, Region: "cn-hangzhou"}, nil
}

func (r *rival) Put(_ context.Context, _ Bucket, rule Rule) (Observation, error) {
	r.call()
	r.written = append(r.written, rule)
	if len(r.written) > 1 || r.fate == "" {
		r.rule = rule
		return Observation{}, nil
	}
	if r.done {
		r.rule = rule
	}
	return Observation{}, failing(r.fate)
}

func (r *rival) Delete(ctx context.Context, b Bucket) (Observation, error) {
	return r.Put(ctx, b, Rule{})
}

// askedKeys notes which keys KMS called usable.
type askedKeys struct {
	fakeKeys
	usable map[string]bool
}

func (k askedKeys) Describe(ctx context.Context, region, id string) (Key, error) {
	key, err := k.fakeKeys.Describe(ctx, region, id)
	if err == nil && key.Usable {
		k.usable[id], k.usable[key.ID] = true, true
	}
	return key, err
}

// Whatever another writer sets, and whenever: no key is written that KMS does not call
// usable, or that the policy does not name; no write is weaker than the look before it;
// and "fixed" means that the written rule is current, or a stronger one that the policy
// accepts.
func TestEnsure_ASecondWriterAtEveryMoment(t *testing.T) {
	keys := fakeKeys{
		"key-1": {ID: "key-1", Usable: true}, "key-2": {ID: "key-2", Usable: true}, "evil": {ID: "evil", Usable: true},
		"off": {ID: "off", Reason: "it is disabled"}, "secret": {Reason: "denied"},
	}
	kmsOf := func(key, data string) Rule { return Rule{Algorithm: KMS, KMSKeyID: key, KMSDataEncryption: data} }
	theirs := []Rule{
		{},
		{Algorithm: AES256},
		{Algorithm: SM4},
		{Algorithm: KMS},
		kmsOf("key-1", ""), kmsOf("key-1", SM4), kmsOf("key-2", ""),
		kmsOf("evil", ""), kmsOf("evil", SM4), kmsOf("off", ""), kmsOf("secret", ""), kmsOf("gone", SM4),
	}
	wishes := []Desired{{Rule: Rule{Algorithm: AES256}}, {Rule: Rule{Algorithm: SM4}}, {Rule: Rule{Algorithm: KMS}}, wantKMS("key-1", Floor), {Rule: kmsOf("key-1", SM4)}, wantKMS("key-1", Exact), {Rule: Rule{Algorithm: SM4}, Compare: Exact}}
	cases, fixed := 0, 0
	synctest.Test(t, func(t *testing.T) {
		for _, before := range theirs {
			for _, other := range theirs {
				for moment := 1; moment <= 5; moment++ {
					for _, fate := range []Code{"", Unavailable, Throttled} {
						for _, done := range []bool{false, true} {
							for _, wish := range wishes {
								for _, named := range [][]string{nil, {"key-1", "key-2"}} {
									r := &rival{rule: before, theirs: other, moment: moment, fate: fate, done: done}
									asked := askedKeys{keys, map[string]bool{}}
									w := (&Warden{Store: r, Keys: asked, Policy: ruled(Requirement{Desired: wish, Keys: named, Named: named})}).ForInvocation()
									res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
									if cases++; res.Verdict == Fixed {
										fixed++
									}
									if wrong := wrongly(r, asked.usable, wish, named, res); wrong != "" {
										t.Fatalf("before %s, another writer's %s before call %d, fate %q (carried out %t), %s %q wanted, keys %q: wrote %v, %s %s, now %s: %s",
											before, other, moment, fate, done, wish.Rule, wish.Compare, named, r.written, res.Verdict, res.Reason, r.rule, wrong)
									}
								}
							}
						}
					}
				}
			}
		}
	})
	if cases < 10_000 || fixed < 1000 {
		t.Errorf("%d cases, %d fixed: the walk is not whole", cases, fixed)
	}
}

// wrongly says which promise a run breaks.
func wrongly(r *rival, usable map[string]bool, wish Desired, named []string, res Result) string {
	isNamed := func(key string) bool { return named == nil || key == "" || key == named[0] || key == named[1] }
	for i, wrote := range r.written {
		switch {
		case wrote.KMSKeyID != "" && !usable[wrote.KMSKeyID]:
			return "a key was written that KMS does not call usable"
		case !isNamed(wrote.KMSKeyID):
			return "a key was written that the policy does not name"
		case wish.Compare != Exact && !wrote.Strength().AtLeast(r.looks[i].Strength()):
			return fmt.Sprintf("a rule was written that is weaker than %s, the look before it", r.looks[i])
		}
	}
	if res.Verdict != Fixed {
		return ""
	}
	last := r.looks[len(r.looks)-1]
	wrote := r.written[len(r.written)-1]
	switch {
	case res.After != last:
		return "the answer's rule is not the one that was read last"
	case !isNamed(last.KMSKeyID):
		return "fixed, and a key is current that the policy does not name"
	case last != wrote && (wish.Compare == Exact || last.Strength() == wrote.Strength() || !last.Strength().AtLeast(wrote.Strength())):
		return "fixed, and what is current is neither the written rule nor a stronger one"
	}
	return ""
}

// A plan's precondition is checked at every look, not only at the first.
func TestEnsure_APlanIsCheckedAgainAfterAFailedWrite(t *testing.T) {
	none, aes256, kms := Rule{}, Rule{Algorithm: AES256}, Rule{Algorithm: KMS}
	for _, tt := range []struct {
		name string
		p    Precondition
	}{{"Before", Precondition{Before: &none}}, {"Target", Precondition{Target: &kms}}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rival{theirs: Rule{Algorithm: SM4}, moment: 3, fate: Throttled}
				if tt.p.Before != nil {
					r.theirs = aes256
				}
				w := &Warden{Store: r, Policy: ruled(Requirement{Desired: Desired{Rule: kms}})}
				res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}, Precondition: tt.p})
				if res.Verdict != Blocked || res.Code != Refused || len(r.written) != 1 || r.rule != r.theirs {
					t.Errorf("%s %q after %v: %s", res.Verdict, res.Code, r.written, res.Reason)
				}
			})
		})
	}
}

// A rule that another writer sets before the read-back, and that the policy does not
// accept, is told as what it is: it will not go away by waiting for ours.
func TestEnsure_AForeignKeyAtTheReadBackIsToldAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rival{theirs: Rule{Algorithm: KMS, KMSKeyID: "evil"}, moment: 3}
		named := []string{"key-1"}
		w := &Warden{Store: r, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}}, Keys: named, Named: named})}
		res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
		if res.Verdict != Blocked || res.Code != ForeignKey || res.After != r.theirs || len(r.written) != 1 {
			t.Errorf("%s %q after %v, now %s: %s", res.Verdict, res.Code, r.written, res.After, res.Reason)
		}
	})
}

// remover notes which of the two calls removed a rule.
type remover struct {
	rival
	deleted int
}

func (r *remover) Delete(context.Context, Bucket) (Observation, error) {
	r.deleted++
	r.rule = Rule{}
	return Observation{}, nil
}

// A rule is removed by OSS's call for that, never by a rule without an algorithm.
func TestEnsure_NoRuleIsNeverWrittenAsOne(t *testing.T) {
	r := &remover{rival: rival{rule: Rule{Algorithm: SM4}}}
	w := &Warden{Store: r, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}}})}
	res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}, Override: &Desired{Remove: true}, Waive: Waiver{Keys: true}})
	if res.Verdict != Fixed || r.deleted != 1 || len(r.written) > 0 {
		t.Errorf("%s %q after %d removals and writes of %v", res.Verdict, res.Reason, r.deleted, r.written)
	}
}
