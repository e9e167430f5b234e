package trails

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

// life is what really happened to a bucket's rule, at milliseconds.
type life struct {
	at    []time.Time
	rules []ossenc.Rule
}

func (l *life) set(at time.Time, r ossenc.Rule) { l.at, l.rules = append(l.at, at), append(l.rules, r) }

func (l *life) when(at time.Time) ossenc.Rule {
	rule := l.rules[0]
	for i, t := range l.at {
		if !t.After(at) {
			rule = l.rules[i]
		}
	}
	return rule
}

// good is how long the rule was at least as strong as required.
func (l *life) good(p history.Interval, required ossenc.Rule) time.Duration {
	var all time.Duration
	for i, from := range l.at {
		to := p.To
		if i+1 < len(l.at) && l.at[i+1].Before(to) {
			to = l.at[i+1]
		}
		if from.Before(p.From) {
			from = p.From
		}
		if from.Before(to) && l.rules[i].Strength().AtLeast(required.Strength()) {
			all += to.Sub(from)
		}
	}
	return all
}

// told is the files that a life leaves behind.
type told struct {
	trail, results []string
	covers         []string
}

var claimRules = []ossenc.Rule{{Algorithm: ossenc.AES256}, {Algorithm: ossenc.SM4}, {Algorithm: ossenc.KMS}, {Algorithm: ossenc.KMS, KMSKeyID: "key-1"}}

// lived plays nine days of a life, and writes what a trail and the function's outputs say
// of it: with holes, copies and disorder.
func lived(r *rand.Rand) (*life, told) {
	begin, end := day(0), day(9)
	l, f := &life{}, told{}
	l.set(begin.Add(-time.Hour), claimRules[r.IntN(4)])
	from := begin
	for range 1 + r.IntN(3) { // the trail's files cover some of the time
		to := from.Add(time.Duration(r.Int64N(int64(8 * 24 * time.Hour)))).Truncate(time.Second)
		if to.After(from) {
			f.covers = append(f.covers, from.Format(time.RFC3339)+"/"+to.Format(time.RFC3339))
		}
		from = to.Add(time.Duration(r.Int64N(int64(24 * time.Hour)))).Truncate(time.Second)
	}
	covered := func(at time.Time) bool {
		for _, c := range f.covers {
			i, _ := interval(c)
			if !at.Before(i.From) && at.Before(i.To) {
				return true
			}
		}
		return false
	}
	now := begin
	var backs []func() string // once it is known what else happened until then
	for n := 0; ; n++ {
		now = now.Add(time.Duration(r.Int64N(int64([]time.Duration{2 * time.Second, 10 * time.Hour, 60 * time.Hour}[r.IntN(3)]))))
		if !now.Before(end) {
			break
		}
		rule, call, who := claimRules[r.IntN(4)], "PutBucketEncryption", `"type":"ram-user","userName":"ci"`
		shown := r.IntN(2) == 0
		switch r.IntN(4) {
		case 0:
			rule, call = ossenc.Rule{}, "DeleteBucketEncryption"
		case 1:
			who = `"type":"assumed-role","userName":"guard:fc"`
		}
		l.set(now, rule)
		parameters := ""
		if shown && !rule.IsNone() {
			b, _ := json.Marshal(map[string]string{"SSEAlgorithm": rule.Algorithm, "KMSMasterKeyID": rule.KMSKeyID})
			parameters = `,"requestParameters":{"rule":` + string(b) + `}`
		}
		record := fmt.Sprintf(`{"eventId":"E%d","eventName":"%s","eventTime":"%s","acsRegion":"cn-hangzhou","resourceName":"payments","userIdentity":{%s}%s}`, n, call, now.Format("2006-01-02T15:04:05Z"), who, parameters)
		for range 1 + r.IntN(2) {
			if covered(now) || r.IntN(2) == 0 {
				f.trail = append(f.trail, record)
			}
		}
		if strings.Contains(who, "guard") && r.IntN(2) == 0 { // its log, with the reading back
			id, back := fmt.Sprint("E", n), now.Add(time.Duration(r.IntN(3000))*time.Millisecond)
			backs = append(backs, func() string { return logLine("fixed", id, back, 5*time.Second, l.when(back)) })
		}
	}
	for _, line := range backs {
		f.results = append(f.results, line())
	}
	for range r.IntN(6) {
		at := begin.Add(time.Duration(r.Int64N(int64(end.Sub(begin)))))
		if r.IntN(2) == 0 {
			f.results = append(f.results, logLine("compliant", "", at.Add(time.Second), 2*time.Second, l.when(at)))
			continue
		}
		made := at.Add(time.Duration(r.Int64N(int64(46*time.Hour))) - 23*time.Hour).Truncate(time.Second)
		f.results = append(f.results, fmt.Sprintf(`{"buckets":[{"bucket":"payments","verdict":"compliant","after":null,"rule":%q}],"provenance":{"time":%q}}`, l.when(at), made.Format(time.RFC3339)))
	}
	r.Shuffle(len(f.trail), func(i, j int) { f.trail[i], f.trail[j] = f.trail[j], f.trail[i] })
	r.Shuffle(len(f.results), func(i, j int) { f.results[i], f.results[j] = f.results[j], f.results[i] })
	return l, f
}

func logLine(verdict, id string, at time.Time, took time.Duration, rule ossenc.Rule) string {
	return fmt.Sprintf(`{"time":%q,"msg":"verdict","bucket":"payments","verdict":%q,"after":%q,"duration_ms":%d,"oss_request_id":%q}`, at.Format(time.RFC3339Nano), verdict, rule, took.Milliseconds(), id)
}

// TestEvidence_NeverClaimsMoreThanWasSo reads the files as the flags --trail, --trail-covers
// and --results do, makes three parts of three days each, joins them, and compares how long
// the bucket is said to be protected with how long it was.
func TestEvidence_NeverClaimsMoreThanWasSo(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, lines []string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var claimed, was time.Duration
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 8))
		l, f := lived(r)
		e := &evidence{}
		if len(f.covers) > 0 {
			e.trails, e.covers = []string{write("trail", f.trail)}, f.covers
		}
		if len(f.results) > 0 {
			e.results = []string{write("results", f.results)}
		}
		files, err := e.readFiles()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		required := claimRules[r.IntN(3)]
		var changes []history.Change
		for _, event := range files.events {
			if c, ok := reach.ChangeOf(event.Event, "", "guard"); ok {
				changes = append(changes, c)
			}
		}
		part := func(from, to int) *document {
			d := &document{Kind: documentKind, Version: documentVersion, Period: history.Interval{From: day(from), To: day(to)}, Problems: []string{}, Covered: []coveredPart{}, Exemptions: []ossenc.Exemption{}}
			b := bucket{Bucket: "payments", Region: "cn-hangzhou", Required: required}
			d.Buckets = []bucket{b.with(history.Evidence{Period: d.Period, Covered: files.covered, Changes: changes, Readings: files.readings[key{"", "payments"}], Required: required})}
			d.finish()
			return d
		}
		parts := []*document{part(3, 6), part(6, 9), part(0, 3)}
		for _, d := range parts {
			if said, so := time.Duration(d.Summary.Seconds[history.Protected])*time.Second, l.good(d.Period, required); said > so {
				t.Fatalf("seed %d: %v: protected for %s, and was for %s: %v", seed, d.Period, said, so, l)
			}
		}
		joined, err := join(parts)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		said, so := time.Duration(joined.Summary.Seconds[history.Protected])*time.Second, l.good(joined.Period, required)
		if said > so {
			t.Fatalf("seed %d: joined: protected for %s, and was for %s", seed, said, so)
		}
		var windows int64
		for _, w := range joined.Buckets[0].Windows {
			windows += w.Seconds
		}
		if s := joined.Summary.Seconds; windows != s[history.Weaker]+s[history.Unencrypted]+s[history.RuleNotKnown] {
			t.Fatalf("seed %d: windows of %d s, and states of %v", seed, windows, s)
		}
		claimed, was = claimed+said, was+so
	}
	if claimed < was/20 {
		t.Errorf("%s of %s were claimed: the property says little", claimed, was)
	}
	t.Logf("%s of %s were claimed", claimed, was)
}
