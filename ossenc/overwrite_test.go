package ossenc

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestLook_TravelsInTheUserAgent(t *testing.T) {
	look := lookOf(time.UnixMilli(1764150000123).Add(time.Microsecond), Rule{Algorithm: KMS, KMSKeyID: "key-1"})
	if !look.At.Equal(time.UnixMilli(1764150000124)) || strings.Contains(look.String(), "key-1") {
		t.Errorf("%s: want the next millisecond, and no key", look)
	}
	got, ok := ParseLook("alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)/bucketwarden " + look.String())
	if !ok || !got.At.Equal(look.At) || got.Saw != look.Saw || got.Saw != Saw(Rule{Algorithm: KMS, KMSKeyID: "key-1"}) || got.Saw == Saw(Rule{Algorithm: KMS}) {
		t.Errorf("%v, %t", got, ok)
	}
	for _, agent := range []string{"", "bucketwarden", "look/1764150000123", "saw/140bedbf9c3f", "look/-5 saw/140bedbf9c3f", "look/x saw/140bedbf9c3f", "look/99999999999999999 saw/140bedbf9c3f", "look/1764150000123 saw/140bedbf9c3f0"} {
		if got, ok := ParseLook(agent); ok {
			t.Errorf("%q is the look %v", agent, got)
		}
	}
}

func FuzzParseLook(f *testing.F) {
	f.Add("bucketwarden look/1764150000123 saw/140bedbf9c3f")
	f.Fuzz(func(t *testing.T, agent string) {
		l, ok := ParseLook(agent)
		if again, _ := ParseLook(l.String()); ok && (again.Saw != l.Saw || !again.At.Equal(l.At)) {
			t.Errorf("%q: %v, and then %v", agent, l, again)
		}
	})
}

// A write tells when its look had ended and what that saw, whichever try it was; and the
// store gets the same, for the record.
func TestEnsure_AWriteSaysWhatItWasDecidedOn(t *testing.T) {
	s := &oneBucket{}
	told := &scripted{}
	store := &notingStore{Store: s}
	begun := time.Now()
	w := &Warden{Store: store, Policy: always{Desired: Desired{Rule: Rule{Algorithm: KMS}}}, Fights: told}
	if res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}}); res.Verdict != Fixed || len(told.wrote) != 1 {
		t.Fatalf("%+v, %d", res, len(told.wrote))
	}
	o := told.wrote[0]
	if o.Look.At.Before(begun) || o.Look.At.After(o.To.Add(time.Millisecond)) || o.From.After(o.To) || o.Look.Saw != Saw(Rule{}) || *o.Rule != (Rule{Algorithm: KMS}) {
		t.Errorf("%+v", o)
	}
	if len(store.looks) != 1 || store.looks[0] != o.Look {
		t.Errorf("%v, want %v", store.looks, o.Look)
	}
}

// notingStore notes the look of each write.
type notingStore struct {
	Store
	looks []Look
}

func (s *notingStore) Put(ctx context.Context, b Bucket, r Rule) (Observation, error) {
	l, _ := LookFrom(ctx)
	s.looks = append(s.looks, l)
	return s.Store.Put(ctx, b, r)
}

// Only the event of another writer's change asks, and only where the rule is good and is
// not what they set.
func TestEnsure_Overwrote(t *testing.T) {
	now, aes, strong := time.Now(), Rule{Algorithm: AES256}, Rule{Algorithm: KMS}
	for name, c := range map[string]struct {
		task Task
		rule Rule
		want bool
	}{
		"Removal":            {Task{Trigger: &Trigger{Call: "DeleteBucketEncryption", At: now}}, aes, true},
		"NotShown":           {Task{Trigger: &Trigger{Call: "PutBucketEncryption", At: now}}, aes, true},
		"Shown":              {Task{Trigger: &Trigger{Call: "PutBucketEncryption", At: now, Rule: strong}}, aes, true},
		"WhatTheySetIsThere": {Task{Trigger: &Trigger{Call: "PutBucketEncryption", At: now, Rule: strong}}, strong, false},
		"NoTime":             {Task{Trigger: &Trigger{Call: "PutBucketEncryption"}}, aes, false},
		"Creation":           {Task{Trigger: &Trigger{Call: "PutBucket", At: now}}, aes, false},
		"OurOwn":             {Task{OwnWrite: true, Trigger: &Trigger{Call: "PutBucketEncryption", At: now}}, aes, false},
		"ASweep":             {Task{}, aes, false},
		"Repaired":           {Task{Trigger: &Trigger{Call: "DeleteBucketEncryption", At: now}}, Rule{}, false},
	} {
		c.task.Bucket.Name = "b-1"
		w := &Warden{Store: &oneBucket{rule: c.rule}, Policy: always{Desired: Desired{Rule: aes}}, Fights: &scripted{}}
		if res := w.Ensure(t.Context(), c.task); (res.Overwrote != nil) != c.want || res.Verdict.Failed() {
			t.Errorf("%s: %s, %+v", name, res.Verdict, res.Overwrote)
		}
	}
}

func TestOverwrite_String(t *testing.T) {
	o := Overwrite{By: Actor{Kind: "ram-user", Name: "ci"}, Call: "PutBucketEncryption", At: time.Unix(0, 0), WithinMS: 1000}
	if want := "ram-user ci called PutBucketEncryption at 1970-01-01T00:00:00Z (the record does not show which rule); our write may have overwritten it, at most 1000 ms apart"; o.String() != want {
		t.Errorf("%s\nwant %s", o, want)
	}
	o.Rule, o.Certain = &Rule{Algorithm: KMS}, true
	if want := "ram-user ci called PutBucketEncryption at 1970-01-01T00:00:00Z (it left KMS); our write overwrote it without having seen it, at most 1000 ms later"; o.String() != want {
		t.Errorf("%s\nwant %s", o, want)
	}
}
