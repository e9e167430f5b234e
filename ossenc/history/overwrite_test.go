package history_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"bucketwarden/ossenc"
	. "bucketwarden/ossenc/history"
)

// write is a write of the function with the look that it was decided on, as its record
// says it: the look some milliseconds before the write's second, or in it.
func write(id string, seconds int, look time.Time, saw ossenc.Rule, rule ...ossenc.Rule) Change {
	c := change(id, seconds, RuleSet, true, rule...)
	c.Look = ossenc.Look{At: look, Saw: ossenc.Saw(saw)}
	return c
}

func TestFindOverwrite(t *testing.T) {
	ms := func(seconds, ms int) time.Time { return at(seconds).Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		name   string
		theirs Change
		others []Change
		whole  bool
		want   string // empty for none
	}{
		{"InOneSecond_TheRuleIsNotShown", change("t", 100, RuleSet, false), []Change{write("w", 100, ms(100, 300), none)}, true, "1000 ms"},
		{"InOneSecond_TheRuleIsShown", change("t", 100, RuleSet, false, kms), []Change{write("w", 100, ms(100, 300), none)}, true, "1000 ms KMS"},
		{"InOneSecond_ARemoval", change("t", 100, RuleRemoved, false), []Change{write("w", 100, ms(100, 300), aes256)}, true, "1000 ms none"},
		{"InTheSecondBefore_Proved", change("t", 99, RuleSet, false, kms), []Change{write("w", 100, ms(99, 300), none)}, true, "2000 ms KMS certain"},
		{"InTheSecondBefore_ARemovalIsProved", change("t", 99, RuleRemoved, false), []Change{write("w", 100, ms(99, 300), aes256)}, true, "2000 ms none certain"},
		{"InTheSecondBefore_TheRuleIsNotShown", change("t", 99, RuleSet, false), []Change{write("w", 100, ms(99, 300), none)}, true, "2000 ms"},
		{"InTheSecondBefore_ARecordMayBeMissing", change("t", 99, RuleSet, false, kms), []Change{write("w", 100, ms(99, 300), none)}, false, "2000 ms KMS"},
		{"InTheSecondBefore_NotAlone", change("t", 99, RuleSet, false, kms), []Change{write("w", 100, ms(99, 300), none), change("x", 99, RuleRemoved, false)}, true, "2000 ms KMS"},
		{"InTheSecondBefore_AnotherMayHaveWorked", change("t", 99, RuleSet, false, kms), []Change{write("w", 100, ms(99, 300), none), change("x", 99, Attempted, false)}, true, "2000 ms KMS"},
		{"ASlowWrite_ProvedByTheTimes", change("t", 104, RuleSet, false), []Change{write("w", 108, ms(100, 0), none)}, false, "5000 ms certain"},
		{"ASlowWrite_TooCloseToTheLook", change("t", 101, RuleSet, false), []Change{write("w", 108, ms(100, 500), none)}, false, "8000 ms"},
		{"AnEarlierLookSawIt", change("t", 90, RuleSet, false, aes256), []Change{write("w", 100, ms(100, 300), aes256)}, true, ""},
		{"LongBefore", change("t", 90, RuleSet, false), []Change{write("w", 100, ms(100, 300), none)}, true, ""},
		{"TheLookSawWhatTheySet", change("t", 100, RuleSet, false, aes256), []Change{write("w", 100, ms(100, 300), aes256)}, true, ""},
		{"TheLookSawTheRemoval", change("t", 100, RuleRemoved, false), []Change{write("w", 100, ms(100, 300), none)}, true, ""},
		{"BehindTheWrite", change("t", 101, RuleSet, false), []Change{write("w", 100, ms(99, 900), none)}, true, ""},
		{"ARecordWithoutALook", change("t", 100, RuleSet, false), []Change{change("w", 100, RuleSet, true)}, true, ""},
		{"OurOwn", change("t", 100, RuleSet, true), []Change{write("w", 100, ms(100, 300), none)}, true, ""},
		{"ACreation", change("t", 100, Created, false), []Change{write("w", 100, ms(100, 300), none)}, true, ""},
		{"Refused", change("t", 100, Attempted, false), []Change{write("w", 100, ms(100, 300), none)}, true, ""},
		{"TheSameCall", change("w", 100, RuleSet, false), []Change{write("W", 100, ms(100, 300), none)}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := FindOverwrite(c.theirs, Writes(c.others), append(c.others, c.theirs), c.whole)
			got := ""
			if o != nil {
				got = fmt.Sprintf("%d ms", o.WithinMS)
				if o.Rule != nil {
					got += " " + o.Rule.String()
				}
				if o.Certain {
					got += " certain"
				}
				if o.By != alice || o.WriteID != "w" || !o.At.Equal(c.theirs.Time) {
					t.Errorf("%+v", o)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// contest is a random life of one bucket at milliseconds: the function looks and writes,
// others write at any moment. Only seconds are recorded, some records are lost, copied
// or in disorder, and the function's clock is not that of the records.
type race struct {
	ours, theirs []made
	records      []Change
	remembered   []ossenc.OwnWrite
	whole        bool
}

type made struct {
	id       string
	at       time.Time // by the clock of the records
	lookedAt time.Time
}

func raced(r *rand.Rand) race {
	x := race{whole: r.IntN(3) > 0}
	offset := time.Duration(r.IntN(1900)-950) * time.Millisecond // of the function's clock
	rules := []ossenc.Rule{none, aes256, sm4, kms, named}
	rule, now := rules[r.IntN(len(rules))], at(100)
	pass := func(ms int) { now = now.Add(time.Duration(1+r.IntN(ms)) * time.Millisecond) }
	finer := r.IntN(4) == 0
	record := func(c Change) {
		if !finer {
			c.Time = c.Time.Truncate(time.Second)
		}
		if !x.whole && r.IntN(4) == 0 {
			return
		}
		x.records = append(x.records, c)
		if r.IntN(5) == 0 {
			x.records = append(x.records, c)
		}
	}
	foreign := func() {
		id := fmt.Sprint("T", len(x.theirs))
		c := Change{ID: id, Time: now, Kind: RuleSet, By: alice, Rule: rules[1+r.IntN(4)], Shown: r.IntN(2) == 0}
		rule = c.Rule
		if r.IntN(4) == 0 {
			c.Kind, c.Rule, c.Shown, rule = RuleRemoved, none, false, none
		}
		if !c.Shown {
			c.Rule = none
		}
		x.theirs = append(x.theirs, made{id: id, at: now})
		record(c)
	}
	for range 1 + r.IntN(3) {
		pass([]int{10, 3000}[r.IntN(2)])
		for range r.IntN(3) {
			foreign()
			pass([]int{10, 900, 3000}[r.IntN(3)])
		}
		looked := now
		look := ossenc.Look{At: now.Add(offset + time.Millisecond).Truncate(time.Millisecond), Saw: ossenc.Saw(rule)}
		pass([]int{10, 900, 6000}[r.IntN(3)])
		for range r.IntN(3) {
			foreign()
			pass([]int{10, 900, 3000}[r.IntN(3)])
		}
		id := fmt.Sprint("W", len(x.ours))
		rule = rules[1+r.IntN(4)]
		x.ours = append(x.ours, made{id: id, at: now, lookedAt: looked})
		x.remembered = append(x.remembered, ossenc.OwnWrite{ID: id, Look: look, From: now.Add(offset - 5*time.Millisecond), To: now.Add(offset + 5*time.Millisecond), Remembered: true})
		record(Change{ID: id, Time: now, Kind: RuleSet, Own: true, Look: look})
	}
	r.Shuffle(len(x.records), func(i, j int) { x.records[i], x.records[j] = x.records[j], x.records[i] })
	return x
}

// TestFindOverwrite_NeverClaimsMoreThanWasSo: whatever is lost, copied or in disorder, and
// whatever the clocks are: what is certain was so, and the two were no further apart.
func TestFindOverwrite_NeverClaimsMoreThanWasSo(t *testing.T) {
	certain, may := map[bool]int{}, map[bool]int{}
	for seed := range uint64(6000) {
		x := raced(rand.New(rand.NewPCG(seed, 5)))
		find := func(list []made, id string) made {
			for _, m := range list {
				if m.id == id {
					return m
				}
			}
			t.Fatalf("seed %d: there is no %s", seed, id)
			return made{}
		}
		for _, c := range x.records {
			for _, memory := range []bool{false, true} {
				writes, whole := Writes(x.records), x.whole
				if memory {
					writes, whole = x.remembered, false
				}
				o := FindOverwrite(c, writes, x.records, whole)
				if o == nil {
					continue
				}
				theirs, ours := find(x.theirs, c.ID), find(x.ours, o.WriteID)
				if apart := ours.at.Sub(theirs.at).Abs(); apart > time.Duration(o.WithinMS)*time.Millisecond {
					t.Fatalf("seed %d: %s apart, and said to be within %d ms", seed, apart, o.WithinMS)
				}
				if !o.Certain {
					may[memory]++
					continue
				}
				if certain[memory]++; !theirs.at.After(ours.lookedAt) || !theirs.at.Before(ours.at) {
					t.Fatalf("seed %d: %s is certain; the look was at %s, their change at %s, our write at %s", seed, o, ours.lookedAt, theirs.at, ours.at)
				}
			}
		}
	}
	if certain[false] < 300 || certain[true] < 60 || may[false] < 1000 || may[true] < 1000 {
		t.Errorf("certain %v, perhaps %v: the property says little", certain, may)
	}
}
