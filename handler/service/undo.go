package service

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// Change is one write that was made, or may have been: what an undo begins with.
type Change struct {
	Account, Bucket, Region string
	// Before is the rule from before the write, After the one that it left.
	Before, After ossenc.Rule
	// Time is when it was noted; zero if nothing says it.
	Time time.Time
	// Unconfirmed means that the write was begun, and nothing says how it ended.
	Unconfirmed bool
}

// changeRecord is whatever we print about a bucket: a result, a row of a report, a
// line of a log or of a journal.
type changeRecord struct {
	// Kind is set in a journal: intent before a write, result after it.
	Kind    string         `json:"kind"`
	Time    time.Time      `json:"time"`
	Account string         `json:"account"`
	Bucket  string         `json:"bucket"`
	Region  string         `json:"region"`
	Verdict ossenc.Verdict `json:"verdict"`
	Before  anyRule        `json:"before"`
	After   anyRule        `json:"after"`
	Target  anyRule        `json:"target"`
	// The rest is read for what was seen and when; Rule is that of a report's row.
	Msg       string          `json:"msg"`
	Duration  float64         `json:"duration_ms"`
	RequestID string          `json:"oss_request_id"`
	Rule      json.RawMessage `json:"rule"`
}

// anyRule is a rule as an object, null, or the text of a log.
type anyRule struct {
	ossenc.Rule
	isText bool
}

// UnmarshalJSON reads all three.
func (r *anyRule) UnmarshalJSON(b []byte) (err error) {
	var text string
	if json.Unmarshal(b, &text) == nil && len(b) > 0 && b[0] == '"' {
		r.isText = true
		r.Rule, err = ossenc.ParseRule(text)
		return err
	}
	return json.Unmarshal(b, &r.Rule)
}

// container is an answer with records in it.
type container struct {
	Results []changeRecord  `json:"results"`
	Buckets json.RawMessage `json:"buckets"` // a report's rows; a sweep's number
	Omitted int             `json:"omitted"`
	// Result and Sweep are members of a problem, ErrorMessage of a failed invocation.
	Result       *changeRecord `json:"result"`
	Sweep        *container    `json:"sweep"`
	ErrorMessage string        `json:"errorMessage"`
}

// ErrOmitted says that an answer does not list all that was changed.
var ErrOmitted = errors.New("this answer left out some of its results, so it cannot undo them all; the function's log has a line for each (see docs/operations.md)")

var errNoResult = errors.New("there is no result in it that Bucketwarden prints")

// ParseChanges reads the changes in any JSON that Bucketwarden prints: answers with
// results, rows of a report, lines of a log, journals of an apply. Values may
// follow one another, but not more than most in all. What changed nothing is left out.
// The error says in which value the mistake is, or that nothing in the data is a result.
func ParseChanges(data []byte, most int) ([]Change, error) {
	var records []changeRecord
	d := json.NewDecoder(bytes.NewReader(strictjson.TrimMark(data)))
	isOurs := false
	for n := 1; ; n++ {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("value %d is not JSON", n)
		}
		if n > most { // other lines of a log count too: each is read
			return nil, fmt.Errorf("there are more than %d values", most)
		}
		got, err := recordsIn(value, 0, most)
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", n, err)
		}
		isOurs = isOurs || len(got) != 1 || got[0].Bucket != "" || got[0].Kind != ""
		if len(got) == 1 && got[0].Bucket == "" {
			continue // another line of the log or of a journal
		}
		if records = append(records, got...); len(records) > most {
			return nil, fmt.Errorf("there are more than %d results", most)
		}
	}
	if !isOurs {
		return nil, errNoResult
	}
	return changesOf(records), nil
}

// recordsIn returns the records of one value.
func recordsIn(value json.RawMessage, depth, most int) ([]changeRecord, error) {
	if err := strictjson.Check(value, most); err != nil {
		return nil, err
	}
	var c container
	if err := json.Unmarshal(value, &c); err != nil {
		return nil, notOurs(err)
	}
	if c.Omitted > 0 || c.Sweep != nil && c.Sweep.Omitted > 0 {
		return nil, ErrOmitted
	}
	switch {
	case c.Results != nil:
		return c.Results, nil
	case len(c.Buckets) > 0 && c.Buckets[0] == '[':
		var rows []changeRecord
		err := json.Unmarshal(c.Buckets, &rows)
		return rows, notOurs(err)
	case c.Result != nil:
		return []changeRecord{*c.Result}, nil
	case c.Sweep != nil:
		return c.Sweep.Results, nil
	case c.ErrorMessage != "" && depth == 0:
		return recordsIn(json.RawMessage(c.ErrorMessage), 1, most)
	}
	var one changeRecord
	if err := json.Unmarshal(value, &one); err != nil {
		return nil, notOurs(err)
	}
	return []changeRecord{one}, nil // without a bucket it is another line of the log
}

func notOurs(err error) error {
	if _, isType := errors.AsType[*json.UnmarshalTypeError](err); isType {
		return errors.New("it is not of a form that Bucketwarden prints")
	}
	return err
}

// changesOf returns the writes among the records, in their order. An intent counts
// only where no result of its bucket follows.
func changesOf(records []changeRecord) []Change {
	var all []Change
	ended := map[[2]string]bool{} // buckets of which there is a later record
	for _, r := range slices.Backward(records) {
		if r.Bucket == "" {
			continue
		}
		id := [2]string{r.Account, r.Bucket}
		c := Change{Account: r.Account, Bucket: r.Bucket, Region: r.Region, Before: r.Before.Rule, After: r.After.Rule, Time: r.Time}
		switch {
		case r.Kind == "intent" && !ended[id]:
			c.After, c.Unconfirmed = r.Target.Rule, true
			all = append(all, c)
		case r.Kind != "intent" && r.Verdict == ossenc.Fixed:
			all = append(all, c)
		}
		ended[id] = true
	}
	slices.Reverse(all)
	return all
}

// Newest joins the changes of each bucket into one that undoes them all at once,
// the newest first, as far as each begins with the rule that the one before it
// left. earlier are those beyond: another writer changed the bucket in between.
// The changes are in the order of their times, or as given where one has none.
func Newest(changes []Change) (joined, earlier []Change) {
	changes = slices.Clone(changes)
	if !slices.ContainsFunc(changes, func(c Change) bool { return c.Time.IsZero() }) {
		sort.SliceStable(changes, func(i, j int) bool { return changes[i].Time.Before(changes[j].Time) })
	}
	at := map[[2]string]int{}
	broken := map[[2]string]bool{}
	for _, c := range slices.Backward(changes) {
		id := [2]string{c.Account, c.Bucket}
		i, known := at[id]
		switch {
		case !known:
			at[id] = len(joined)
			joined = append(joined, c)
		case !broken[id] && joined[i].Before == c.After:
			joined[i].Before = c.Before
			joined[i].Region = cmp.Or(joined[i].Region, c.Region)
		default:
			broken[id] = true
			earlier = append(earlier, c)
		}
	}
	return joined, earlier
}

// Undo undoes changes as [Service.Restore] does, those of one bucket together. The
// changes before another writer's are not undone and have a result that says so.
func (s *Service) Undo(ctx context.Context, changes []Change, o ChangeOptions) (Results, error) {
	joined, earlier := Newest(changes)
	results, err := s.Restore(ctx, ResultsOf(joined), o)
	if err != nil {
		return results, err
	}
	for _, c := range earlier {
		results.Results = append(results.Results, Result{EventType: sourceRestore, Result: ossenc.Result{
			Account: c.Account, Bucket: c.Bucket, Region: c.Region, Verdict: ossenc.Blocked, Code: ossenc.Refused, Wanted: c.Before,
			Reason: fmt.Sprintf("the earlier change from %s to %s is not undone: another writer changed the bucket after it", c.Before, c.After),
		}})
	}
	return results, nil
}

// ResultsOf returns the changes as the results that [Service.Restore] takes.
func ResultsOf(changes []Change) []ossenc.Result {
	results := make([]ossenc.Result, len(changes))
	for i, c := range changes {
		results[i] = ossenc.Result{Account: c.Account, Bucket: c.Bucket, Region: c.Region, Verdict: ossenc.Fixed, Before: c.Before, After: c.After}
	}
	return results
}
