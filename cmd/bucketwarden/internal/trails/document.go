package trails

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

// document is what evidence writes. Its digest is over all of it but the digest.
type document struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	// Made is when, and With which version of this command.
	Made time.Time `json:"made"`
	With string    `json:"with"`
	// Account is the credentials' own.
	Account string           `json:"account,omitempty"`
	Period  history.Interval `json:"period"`
	// Policies are what is required, one for each part of the period.
	Policies []policyPart `json:"policies"`
	// Covered is when every change was recorded and read, by account and region.
	Covered []coveredPart `json:"covered"`
	// Problems say what could not be read.
	Problems []string `json:"problems"`
	Buckets  []bucket `json:"buckets"`
	Summary  summary  `json:"summary"`
	// Exemptions are those of the policy.
	Exemptions []ossenc.Exemption `json:"exemptions"`
	Digest     string             `json:"digest"`
}

const (
	documentKind    = "bucketwarden-evidence"
	documentVersion = 1
)

type policyPart struct {
	history.Interval
	// Required is what is required, for people.
	Required string `json:"required"`
	// Name and SHA256 are the policy file's; empty where the same is required of all.
	Name   string `json:"name,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

type coveredPart struct {
	history.Interval
	Account string `json:"account,omitempty"`
	Region  string `json:"region"` // * for every region
}

// bucket is one bucket's part.
type bucket struct {
	Account string `json:"account,omitempty"`
	Bucket  string `json:"bucket"`
	Region  string `json:"region"`
	// Required is the rule that it must have at least; null where the policy exempts it.
	Required ossenc.Rule `json:"required"`
	// PolicyRule is the name of the policy's rule.
	PolicyRule string `json:"policy_rule,omitempty"`
	// Exempt is the exemption's reason; empty if there is none.
	Exempt string `json:"exempt,omitempty"`
	// Gone means that the bucket is not there any more.
	Gone bool `json:"gone,omitempty"`
	// Seconds is how long each state was.
	Seconds map[history.State]int64 `json:"seconds"`
	Windows []window                `json:"windows"`
	// Objects bounds what may be stored unencrypted.
	Objects *objects `json:"objects,omitempty"`
}

// window is some time without what is required.
type window struct {
	history.Interval
	Seconds int64 `json:"seconds"`
	// State is the worst of its parts.
	State history.State `json:"state"`
	// Begun is whether its beginning is known.
	Begun    bool           `json:"begun"`
	Ending   history.Ending `json:"ending"`
	OpenedBy *cause         `json:"opened_by,omitempty"`
	ClosedBy *cause         `json:"closed_by,omitempty"`
	Spans    []span         `json:"spans"`
}

type span struct {
	history.Interval
	State history.State `json:"state"`
	Rule  *ossenc.Rule  `json:"rule,omitempty"`
}

// cause is a change.
type cause struct {
	ossenc.Actor
	What history.Kind `json:"what"`
	At   time.Time    `json:"at"`
	Own  bool         `json:"own"`
	ID   string       `json:"request_id,omitempty"`
}

// objects is what a bucket with a window holds.
type objects struct {
	// AtMost is how many objects may be stored unencrypted at most.
	AtMost  int64     `json:"at_most"`
	Bytes   int64     `json:"bytes"`
	Counted time.Time `json:"counted"`
	// Error is why it is not known.
	Error string `json:"error,omitempty"`
}

// summary adds up.
type summary struct {
	Buckets     int                     `json:"buckets"`
	WithWindows int                     `json:"with_windows"`
	Windows     int                     `json:"windows"`
	ByState     map[history.State]int   `json:"windows_by_state"`
	Open        int                     `json:"open"`
	EndUnknown  int                     `json:"end_not_known"`
	Exempt      int                     `json:"exempt"`
	Seconds     map[history.State]int64 `json:"seconds"`
	Repair      repair                  `json:"time_to_repair"`
}

// repair is how long windows were open that the function ended, in seconds; those whose
// beginning is known.
type repair struct {
	Of     int   `json:"windows"`
	Median int64 `json:"p50_s"`
	P95    int64 `json:"p95_s"`
	Max    int64 `json:"p100_s"`
}

func causeOf(c *history.Change) *cause {
	if c == nil {
		return nil
	}
	return &cause{Actor: c.By, What: c.Kind, At: c.Time.UTC(), Own: c.Own, ID: c.ID}
}

func windowOf(w history.Window) window {
	out := window{Interval: utc(w.Interval), Seconds: int64(w.Length().Seconds()), State: w.Worst, Begun: w.Begun, Ending: w.Ending, OpenedBy: causeOf(w.OpenedBy), ClosedBy: causeOf(w.ClosedBy)}
	for _, s := range w.Spans {
		part := span{Interval: utc(s.Interval), State: s.State}
		if !s.Rule.IsNone() {
			part.Rule = &s.Rule
		}
		out.Spans = append(out.Spans, part)
	}
	return out
}

func utc(i history.Interval) history.Interval {
	return history.Interval{From: i.From.UTC(), To: i.To.UTC()}
}

// finish sorts, adds up and signs.
func (d *document) finish() {
	slices.SortFunc(d.Buckets, func(a, b bucket) int {
		return strings.Compare(a.Account+"\x00"+a.Bucket, b.Account+"\x00"+b.Bucket)
	})
	d.Summary = summary{Buckets: len(d.Buckets), ByState: map[history.State]int{}, Seconds: map[history.State]int64{}}
	var lengths []time.Duration
	for _, b := range d.Buckets {
		d.Summary.add(b)
		for _, w := range b.Windows {
			if b.Exempt == "" && w.Ending == history.ByFunction && w.Begun {
				lengths = append(lengths, w.To.Sub(w.From))
			}
		}
	}
	seconds := func(percent int) int64 { return int64(history.Percentile(lengths, percent).Seconds()) }
	d.Summary.Repair = repair{len(lengths), seconds(50), seconds(95), seconds(100)}
	d.Digest = d.digest()
}

func (s *summary) add(b bucket) {
	for state, n := range b.Seconds {
		s.Seconds[state] += n
	}
	if b.Exempt != "" {
		s.Exempt++
		return
	}
	if len(b.Windows) > 0 {
		s.WithWindows++
	}
	for _, w := range b.Windows {
		s.Windows++
		s.ByState[w.State]++
		switch w.Ending {
		case history.Open:
			s.Open++
		case history.EndUnknown:
			s.EndUnknown++
		}
	}
}

// digest is SHA-256 over the JSON form, compact and without the digest itself.
func (d document) digest() string {
	d.Digest = ""
	b, err := json.Marshal(d)
	if err != nil {
		panic("trails: " + err.Error()) // impossible: strings, numbers, times and maps of them
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
