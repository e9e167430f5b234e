package history_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
	. "bucketwarden/ossenc/history"
)

var (
	epoch  = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	none   = ossenc.Rule{}
	aes256 = ossenc.Rule{Algorithm: ossenc.AES256}
	sm4    = ossenc.Rule{Algorithm: ossenc.SM4}
	kms    = ossenc.Rule{Algorithm: ossenc.KMS}
	named  = ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1"}
	alice  = ossenc.Actor{Kind: "ram-user", Name: "alice", Tool: ossenc.ToolTerraform}
)

func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

func interval(from, to int) Interval { return Interval{From: at(from), To: at(to)} }

func change(id string, seconds int, k Kind, own bool, rule ...ossenc.Rule) Change {
	c := Change{ID: id, Time: at(seconds), Kind: k, Own: own, By: alice}
	if len(rule) > 0 {
		c.Rule, c.Shown = rule[0], true
	}
	return c
}

func look(seconds int, rule ossenc.Rule) Reading {
	return Reading{Began: at(seconds), Ended: at(seconds).Add(100 * time.Millisecond), Rule: rule}
}

// text is the spans as 0-10 state, ...
func text(spans []Span) string {
	var parts []string
	for _, s := range spans {
		part := fmt.Sprintf("%d-%d %s", int(s.From.Sub(epoch).Seconds()), int(s.To.Sub(epoch).Seconds()), s.State)
		if !s.Rule.IsNone() {
			part += " " + s.Rule.String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		name     string
		changes  []Change
		readings []Reading
		covered  []Interval
		want     string
	}{
		{"Nothing", nil, nil, nil, "0-1000 not_known"},
		{"NothingHappened", nil, nil, []Interval{interval(0, 1000)}, "0-1000 not_known"},
		{"NothingHappenedAndALook", nil, []Reading{look(500, kms)}, []Interval{interval(0, 1000)}, "0-1000 protected KMS"},
		{"ALookBelow", nil, []Reading{look(500, aes256)}, []Interval{interval(0, 1000)}, "0-1000 weaker AES256"},
		{"ALookThatSawNone", nil, []Reading{look(500, none)}, []Interval{interval(0, 1000)}, "0-1000 unencrypted"},
		{"ALookOutsideOfWhatIsCovered", nil, []Reading{look(950, kms)}, []Interval{interval(0, 900)}, "0-1000 not_known"},
		{
			"RemovedAndRepaired",
			[]Change{change("2", 200, RuleSet, true), change("1", 100, RuleRemoved, false)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-201 unencrypted, 201-1000 set_by_function",
		},
		{
			"RemovedAndRepairedAndReadBack",
			[]Change{change("1", 100, RuleRemoved, false), change("2A", 200, RuleSet, true)},
			[]Reading{{Began: at(199), Ended: at(202), Rule: named, ChangeID: "2a"}},
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-201 unencrypted, 201-1000 protected KMS(key-1)",
		},
		{
			"SomebodyWasInBetweenTheWriteAndItsLook",
			[]Change{change("1", 100, RuleRemoved, false), change("2", 200, RuleSet, true), change("3", 201, RuleSet, false)},
			[]Reading{{Began: at(199), Ended: at(202), Rule: named, ChangeID: "2"}},
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-201 unencrypted, 201-1000 rule_not_known",
		},
		{
			"SomebodySetARuleThatNothingSays",
			[]Change{change("1", 100, RuleSet, false)},
			[]Reading{look(50, kms), look(700, kms)},
			[]Interval{interval(0, 1000)},
			"0-1000 protected KMS", // nothing happened between 101 and the look
		},
		{
			"UntilTheNextChange",
			[]Change{change("1", 100, RuleSet, false), change("2", 300, RuleSet, true)},
			[]Reading{look(50, kms), look(700, kms)},
			[]Interval{interval(0, 1000)},
			"0-100 protected KMS, 100-301 rule_not_known, 301-1000 protected KMS",
		},
		{
			"TheRecordShowsTheRule",
			[]Change{change("1", 100, RuleSet, false, aes256), change("2", 300, RuleSet, true, kms)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-101 not_known, 101-301 weaker AES256, 301-1000 protected KMS",
		},
		{
			"AHole",
			[]Change{change("1", 100, RuleSet, true, kms), change("2", 700, RuleRemoved, false)},
			nil,
			[]Interval{interval(0, 200), interval(300, 1000)},
			"0-101 not_known, 101-200 protected KMS, 200-700 not_known, 700-1000 unencrypted",
		},
		{
			"OneSecond",
			[]Change{change("1", 100, RuleRemoved, false), change("2", 100, RuleSet, true, kms)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-1000 rule_not_known",
		},
		{
			"ALookWhileSomethingHappened",
			[]Change{change("1", 100, RuleRemoved, false)},
			[]Reading{{Began: at(99), Ended: at(105), Rule: kms}},
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-1000 unencrypted",
		},
		{
			"ALookThatContradicts",
			[]Change{change("1", 100, RuleRemoved, false)},
			[]Reading{look(500, kms)},
			[]Interval{interval(0, 1000)},
			"0-1000 not_known",
		},
		{
			"CreatedAndDeleted",
			[]Change{change("1", 100, Created, false), change("2", 160, RuleSet, true, kms), change("3", 400, Deleted, false), change("4", 600, Created, false)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-100 not_known, 100-161 rule_not_known, 161-401 protected KMS, 401-600 absent, 600-1000 rule_not_known",
		},
		{
			"CreatedAgainChangesNothing",
			[]Change{change("1", 100, RuleSet, true, kms), change("2", 200, Created, false)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-101 not_known, 101-1000 protected KMS",
		},
		{
			"AFailureThatMayHaveWorked",
			[]Change{change("1", 100, RuleSet, true, kms), change("2", 200, Attempted, false)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-101 not_known, 101-200 protected KMS, 200-1000 rule_not_known",
		},
		{
			"BeforeThePeriod",
			[]Change{change("1", -500, RuleSet, true, kms)},
			nil,
			[]Interval{interval(-1000, 1000)},
			"0-1000 protected KMS",
		},
		{
			"Twice",
			[]Change{change("1", 100, RuleSet, true), change("1", 100, RuleSet, true, kms)},
			nil,
			[]Interval{interval(0, 1000)},
			"0-101 not_known, 101-1000 protected KMS",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Spans(Evidence{Period: interval(0, 1000), Covered: c.covered, Changes: c.changes, Readings: c.readings, Required: kms})
			if text(got) != c.want {
				t.Errorf("%s\nwant %s", text(got), c.want)
			}
		})
	}
}

// bucketLife is a made-up truth: what rule a bucket had, moment by moment.
type bucketLife struct {
	moments []moment
}

type moment struct {
	at   time.Time
	rule ossenc.Rule
	gone bool
}

func (l *bucketLife) when(t time.Time) moment {
	m := l.moments[0]
	for _, next := range l.moments[1:] {
		if next.at.After(t) {
			break
		}
		m = next
	}
	return m
}

// always reports whether something holds at every moment of an interval.
func (l *bucketLife) always(i Interval, holds func(moment) bool) bool {
	if !holds(l.when(i.From)) {
		return false
	}
	for _, m := range l.moments {
		if m.at.After(i.From) && m.at.Before(i.To) && !holds(m) {
			return false
		}
	}
	return true
}

// live plays a random life, and returns it with what a trail and looks say of it:
// records without the rule, twice, in disorder, and with holes.
func live(r *rand.Rand) (*bucketLife, Evidence) {
	rules := []ossenc.Rule{aes256, sm4, kms, named}
	length := time.Duration(200+r.IntN(2000)) * time.Second
	e := &story{Evidence: Evidence{Period: Interval{From: epoch.Add(time.Duration(r.IntN(100)) * time.Second), To: epoch.Add(length)}, Required: rules[r.IntN(len(rules))]}}
	for holes, from := r.IntN(4), epoch.Add(-time.Duration(r.IntN(300))*time.Second); holes >= 0; holes-- {
		to := from.Add(time.Duration(r.Int64N(int64(length))))
		e.Covered = append(e.Covered, Interval{From: from, To: to})
		from = to.Add(time.Duration(r.Int64N(int64(100 * time.Second))))
	}
	l := &bucketLife{[]moment{{at: epoch.Add(-time.Hour), rule: rules[r.IntN(len(rules))], gone: r.IntN(4) == 0}}}
	now := epoch.Add(-2 * time.Minute)
	for i := range 3 + r.IntN(30) {
		now = now.Add(time.Duration(r.Int64N(int64(90 * time.Second))))
		if r.IntN(5) == 0 { // often in the same second
			now = now.Truncate(time.Second).Add(time.Duration(r.Int64N(int64(1500 * time.Millisecond))))
		}
		if m := l.moments[len(l.moments)-1]; now.Before(m.at) {
			now = m.at
		}
		e.step(r, l, now, fmt.Sprint(i), rules)
	}
	for range r.IntN(8) {
		e.look(r, epoch.Add(time.Duration(r.Int64N(int64(length)))), "")
	}
	e.see(l)
	r.Shuffle(len(e.Changes), func(i, j int) { e.Changes[i], e.Changes[j] = e.Changes[j], e.Changes[i] })
	return l, e.Evidence
}

type story struct {
	Evidence
	at []time.Time // when each look really was
}

// step lets one thing happen.
func (e *story) step(r *rand.Rand, l *bucketLife, now time.Time, id string, rules []ossenc.Rule) {
	m := l.when(now)
	m.at = now
	c := Change{ID: id, Time: now, By: alice, Own: r.IntN(2) == 0}
	rule := rules[r.IntN(len(rules))]
	switch kind := r.IntN(10); {
	case m.gone:
		c.Kind, c.Own, m.gone, m.rule = Created, false, false, none
		if r.IntN(3) == 0 {
			m.rule = rule
			c.Rule, c.Shown = rule, r.IntN(2) == 0
		}
	case kind == 0:
		c.Kind, c.Own, m.gone, m.rule = Deleted, false, true, none
	case kind == 1:
		c.Kind = Created // again, which changes nothing, whatever it asked for
		c.Rule, c.Shown = rule, r.IntN(2) == 0
	case kind == 2:
		c.Kind = Attempted
		if r.IntN(2) == 0 {
			m.rule = none
		}
	case kind < 5:
		c.Kind, m.rule = RuleRemoved, none
	default:
		c.Kind, m.rule = RuleSet, rule
		c.Rule, c.Shown = rule, r.IntN(2) == 0
	}
	l.moments = append(l.moments, m)
	c.Time = c.Time.Truncate(time.Second) // as records have it
	for range 1 + r.IntN(2) {
		if e.covered(now) || r.IntN(2) == 0 { // what is recorded is covered; something else may be too
			e.Changes = append(e.Changes, c)
		}
		if !e.covered(now) {
			break
		}
	}
	if c.Own && c.Kind == RuleSet && r.IntN(2) == 0 {
		e.look(r, now.Add(time.Duration(r.IntN(3000))*time.Millisecond), c.ID)
	}
}

func (e *story) covered(t time.Time) bool {
	for _, c := range e.Covered {
		if !t.Before(c.From) && t.Before(c.To) {
			return true
		}
	}
	return false
}

// look notes a look, whose truth is known only once the life is over.
func (e *story) look(r *rand.Rand, now time.Time, id string) {
	e.Readings = append(e.Readings, Reading{Began: now.Add(-time.Duration(r.IntN(2000)) * time.Millisecond), Ended: now.Add(time.Duration(r.IntN(2000)) * time.Millisecond), ChangeID: id})
	e.at = append(e.at, now)
}

// see fills in what the looks saw.
func (e *story) see(l *bucketLife) {
	for i := range e.Readings {
		m := l.when(e.at[i])
		e.Readings[i].Rule, e.Readings[i].Gone = m.rule, m.gone
	}
}

// TestSpansNeverClaimMoreProtectionThanThereWas: whatever is missing, repeated or in
// disorder, a state that claims something was so all the time.
func TestSpansNeverClaimMoreProtectionThanThereWas(t *testing.T) {
	claimed := map[State]int{}
	for seed := range uint64(4000) {
		l, e := live(rand.New(rand.NewPCG(seed, 17)))
		spans := Spans(e)
		last := e.Period.From
		for i, s := range spans {
			if !s.From.Equal(last) || !s.From.Before(s.To) || i > 0 && spans[i-1].State == s.State && spans[i-1].Rule == s.Rule {
				t.Fatalf("seed %d: not a partition: %s", seed, text(spans))
			}
			last = s.To
			holds := map[State]func(moment) bool{
				Protected:     func(m moment) bool { return m.gone || m.rule.Strength().AtLeast(e.Required.Strength()) },
				SetByFunction: func(m moment) bool { return m.gone || !m.rule.IsNone() },
				Absent:        func(m moment) bool { return m.gone },
				Weaker:        func(m moment) bool { return true },
			}[s.State]
			if holds != nil && !l.always(s.Interval, holds) {
				t.Fatalf("seed %d: %s - %s is said to be %s %s, with the changes %+v, looks %+v\nand the truth %+v", seed, s.From, s.To, s.State, s.Rule, e.Changes, e.Readings, l.moments)
			}
			claimed[s.State]++
		}
		if !last.Equal(e.Period.To) {
			t.Fatalf("seed %d: ends %s, want %s", seed, last, e.Period.To)
		}
		for _, w := range Windows(spans) {
			if w.Length() <= 0 || !w.Worst.Exposed() {
				t.Fatalf("seed %d: %+v", seed, w)
			}
		}
	}
	for _, s := range []State{Protected, SetByFunction, Weaker, Unencrypted, RuleNotKnown, NotKnown, Absent} {
		if claimed[s] < 500 {
			t.Errorf("%s was claimed %d times: the property says little", s, claimed[s])
		}
	}
}

// TestSpansAreAsTightAsTheRecords: with every change and every rule recorded, what is
// exposed is known to the second.
func TestSpansAreAsTightAsTheRecords(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		e := Evidence{Period: interval(0, 3600), Covered: []Interval{interval(0, 3600)}, Required: aes256}
		var exposed, removed time.Duration
		e.Changes = append(e.Changes, change("first", 0, RuleSet, true, kms))
		now := 0
		for i := range 20 {
			open := 2 + r.IntN(60)
			now += 2 + r.IntN(60)
			e.Changes = append(e.Changes, change(fmt.Sprint("r", i), now, RuleRemoved, false), change(fmt.Sprint("s", i), now+open, RuleSet, true, kms))
			removed += time.Duration(open+1) * time.Second
			now += open
		}
		windows := Windows(Spans(e))
		for _, w := range windows {
			exposed += w.Length()
			if w.Ending != ByFunction || !w.Begun || w.Worst != Unencrypted || w.OpenedBy == nil || w.ClosedBy == nil {
				t.Fatalf("%+v", w)
			}
		}
		if len(windows) != 20 || exposed != removed {
			t.Fatalf("seed %d: %d windows of %s, want 20 of %s", seed, len(windows), exposed, removed)
		}
	}
}

func TestWindows(t *testing.T) {
	e := Evidence{Period: interval(0, 1000), Covered: []Interval{interval(0, 800)}, Required: kms, Changes: []Change{
		change("1", 10, RuleSet, true, kms),
		change("2", 100, RuleSet, false), change("3", 150, RuleRemoved, false), change("4", 200, RuleSet, true, kms),
		change("5", 300, RuleSet, false, aes256), change("6", 400, RuleSet, false, named),
		change("7", 700, RuleRemoved, false),
	}}
	var got []string
	for _, w := range Windows(Spans(e)) {
		got = append(got, fmt.Sprintf("%s %s %s", w.Length(), w.Worst, w.Ending))
	}
	if want := "1m41s unencrypted repaired; 1m41s weaker by_other; 1m40s unencrypted not_known"; strings.Join(got, "; ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, "; "), want)
	}
	e.Covered = []Interval{interval(0, 1000)}
	if w := Windows(Spans(e)); len(w) != 3 || w[2].Ending != Open {
		t.Errorf("%+v", w)
	}
}

// TestWindows_OpenIsClosedByNobody: a second change within a window does not end it.
func TestWindows_OpenIsClosedByNobody(t *testing.T) {
	e := Evidence{Period: interval(0, 100), Covered: []Interval{interval(-50, 100)}, Required: aes256, Changes: []Change{
		change("1", -10, RuleSet, true, aes256), change("2", 10, RuleRemoved, false), change("3", 50, RuleSet, false),
	}}
	all := Windows(Spans(e))
	if len(all) != 1 || all[0].Ending != Open || all[0].ClosedBy != nil || all[0].OpenedBy == nil || all[0].OpenedBy.ID != "2" {
		t.Errorf("%+v", all)
	}
}

func TestPercentile(t *testing.T) {
	var lengths []time.Duration
	if Percentile(lengths, 50) != 0 {
		t.Error("of none")
	}
	for i := range 20 {
		lengths = append(lengths, time.Duration(20-i)*time.Second)
	}
	for percent, want := range map[int]time.Duration{50: 10, 95: 19, 100: 20, 1: 1, 0: 1} {
		if got := Percentile(lengths, percent); got != want*time.Second {
			t.Errorf("%d: %s, want %d s", percent, got, want)
		}
	}
	if lengths[0] != 20*time.Second {
		t.Error("its argument was sorted")
	}
}

func TestFindFight(t *testing.T) {
	bob := ossenc.Actor{Kind: "ram-user", Name: "bob", Tool: ossenc.ToolConsole}
	rounds := func(n int, by ...ossenc.Actor) (all []Change) {
		for i := range n {
			theirs, ours := change(fmt.Sprint("t", i), 1000*i, RuleSet, false), change(fmt.Sprint("o", i), 1000*i+60, RuleSet, true)
			theirs.By = by[i%len(by)]
			all = append(all, ours, theirs)
		}
		return all
	}
	for _, c := range []struct {
		name    string
		changes []Change
		want    ossenc.Fight
		stops   bool
	}{
		{"Nothing", nil, ossenc.Fight{}, false},
		{"Two", rounds(2, alice), ossenc.Fight{}, false},
		{"Six", rounds(6, alice), ossenc.Fight{By: alice, Count: 6, Since: at(0)}, true},
		{"TwoOfThem", rounds(3, alice, bob), ossenc.Fight{By: alice, Count: 2, Since: at(0), Others: 1}, false},
		{"Twice", append(rounds(3, alice), rounds(3, alice)...), ossenc.Fight{By: alice, Count: 3, Since: at(0)}, true},
		{"OursOnly", []Change{change("1", 1, RuleSet, true), change("2", 2, RuleSet, true), change("3", 3, RuleSet, true), change("4", 4, RuleSet, true)}, ossenc.Fight{}, false},
		{"TheirsOnly", []Change{change("1", 1, RuleSet, false), change("2", 2, RuleRemoved, false), change("3", 3, RuleSet, false), change("4", 4, RuleSet, false)}, ossenc.Fight{}, false},
		{"CreationsDoNotCount", []Change{change("1", 1, Created, false), change("2", 2, RuleSet, true), change("3", 3, Created, false), change("4", 4, RuleSet, true), change("5", 5, Created, false), change("6", 6, RuleSet, true)}, ossenc.Fight{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := FindFight(c.changes, at(-10))
			if got != c.want || got.Stops() != c.stops || got.IsNone() != (c.want == ossenc.Fight{}) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	if got := FindFight(rounds(6, alice), at(3500)); got != (ossenc.Fight{}) {
		t.Errorf("of the last two rounds: %+v", got)
	}
}
