package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// sweepCommand asks for a look at all buckets: as the payload of an invocation or
// of a timer trigger, or as the body of POST /sweep.
type sweepCommand struct {
	// Action is sweep, or audit for a sweep that only looks.
	Action string `json:"action"`
	// Mode is enforce or report; empty for what the policy and the settings say.
	Mode   string `json:"mode"`
	Prefix string `json:"prefix"`
	Region string `json:"region"`
	// Cursor is the next of an earlier answer, to go on behind it.
	Cursor cursor `json:"cursor"`
	// MaxChanges replaces the policy's: a number, or a share such as "10%".
	MaxChanges bound `json:"max_changes"`
}

// bound is a number, or a share of all buckets. The zero bound is none.
type bound struct{ count, percent int }

// UnmarshalJSON reads 50, "50" or "10%".
func (s *bound) UnmarshalJSON(b []byte) error {
	text, isShare := strings.CutSuffix(strings.Trim(string(b), `"`), "%")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || isShare && n > 100 {
		return errors.New(`max_changes is a number from 1, or a share from "1%" to "100%"`)
	}
	*s = bound{count: n}
	if isShare {
		*s = bound{percent: n}
	}
	return nil
}

// of returns the greatest number of changes among n buckets; at least one.
func (s bound) of(n int) int {
	if s.percent == 0 {
		return s.count
	}
	return max(1, (n*s.percent+99)/100)
}

// cursor is where a sweep ended and how much it had changed by then, as
// place~changes.
type cursor struct {
	place   ossenc.Cursor
	changes int
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *cursor) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New("cursor is the next of an earlier answer")
	}
	if text == "" {
		return nil
	}
	place, changes, _ := strings.Cut(text, "~")
	n, err := strconv.Atoi(changes)
	if err != nil || n < 0 || !madeOf(place, lowerCase+"/") {
		return errors.New("cursor is the next of an earlier answer")
	}
	*c = cursor{ossenc.Cursor(place), n}
	return nil
}

// MarshalJSON writes one string.
func (c cursor) MarshalJSON() ([]byte, error) {
	return json.Marshal(string(c.place) + "~" + strconv.Itoa(c.changes))
}

// timer is the event of a timer trigger.
type timer struct {
	TriggerName string `json:"triggerName"`
	TriggerTime string `json:"triggerTime"`
	Payload     string `json:"payload"`
}

// sweepIn returns the sweep that a payload asks for, and whether a timer does;
// nil if it is no such payload. One that is wrong is an error.
func sweepIn(payload []byte) (c *sweepCommand, byTimer bool, err error) {
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || payload[0] != '{' || bytes.Contains(payload, []byte(`"specversion"`)) {
		return nil, false, nil
	}
	var t timer
	if json.Unmarshal(payload, &t) == nil && t.TriggerName != "" && t.TriggerTime != "" {
		c, err = parseSweep([]byte(t.Payload))
		return c, true, err
	}
	var action struct {
		Action *string `json:"action"`
	}
	if json.Unmarshal(payload, &action) != nil || action.Action == nil {
		return nil, false, nil
	}
	c, err = parseSweep(payload)
	return c, false, err
}

// parseSweep reads a command to the letter: a misspelt "mode" would enforce. What
// is empty asks for all buckets.
func parseSweep(body []byte) (*sweepCommand, error) {
	c := sweepCommand{Action: "sweep"}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := strictjson.Decode(body, &c); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Action != "sweep" && c.Action != "audit":
		return nil, fmt.Errorf("action %.40q is neither sweep nor audit", c.Action)
	case c.Mode != "" && c.Mode != "report" && c.Mode != "enforce":
		return nil, fmt.Errorf("mode %.40q is neither report nor enforce", c.Mode)
	case c.Action == "audit" && c.Mode == "enforce":
		return nil, errors.New("an audit only looks; leave out mode, or ask for a sweep")
	case !madeOf(c.Prefix, lowerCase):
		return nil, fmt.Errorf("prefix %.80q is no part of a bucket name", c.Prefix)
	case c.Region != "" && !ossenc.ValidRegion(c.Region):
		return nil, fmt.Errorf("region %.40q is no region ID, such as cn-hangzhou", c.Region)
	}
	if c.Action == "audit" {
		c.Mode = "report"
	}
	return &c, nil
}

// How many results an answer lists, and how many changes a plan. The rest is
// counted, and each result has its line in the log: memory and the answer do not
// grow with the account.
const (
	maxListed  = 1000
	maxPlanned = 5000
)

// sweepAnswer says what came of a sweep.
type sweepAnswer struct {
	Action string `json:"action"`
	Mode   string `json:"mode"` // report if nothing may be written, else enforce
	// Complete is whether every bucket had its turn.
	Complete bool `json:"complete"`
	// Next is the cursor to go on with; absent if there is nothing left.
	Next    *cursor                `json:"next,omitempty"`
	Buckets int                    `json:"buckets"`
	Totals  map[ossenc.Verdict]int `json:"by_verdict"`
	// Changes is how many buckets were written or tried to be, in all parts of the
	// sweep; MaxChanges how many may be.
	Changes    int `json:"changes"`
	MaxChanges int `json:"max_changes,omitempty"`
	// Width is the most buckets that were worked on at the same time.
	Width int `json:"width"`
	// Errors tells of the accounts whose list could not be read to its end.
	Errors []string `json:"errors,omitempty"`
	// Results are those that something was done about, or should be.
	Results []ossenc.Result `json:"results"`
	Omitted int             `json:"omitted,omitempty"`
	Plan    *plan           `json:"plan,omitempty"`
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption `json:"exemptions_ending_soon,omitempty"`

	code ossenc.Code // the most urgent of the failures
}

// sweep goes over the buckets and adds up.
func (h *Handler) sweep(ctx context.Context, log *slog.Logger, c *sweepCommand) (*sweepAnswer, error) {
	s := ossenc.SweepOptions{Desired: h.Want, Prefix: c.Prefix, Region: c.Region, After: c.Cursor.place, Changes: c.Cursor.changes}
	s.Desired.Report = s.Desired.Report || c.Mode == "report"
	a := &sweepAnswer{Action: c.Action, Mode: "enforce", Totals: map[ossenc.Verdict]int{}, Results: []ossenc.Result{}}
	if s.Desired.Report {
		a.Mode, a.Plan = "report", &plan{}
	}
	var err error
	if s.MaxChanges, err = h.maxChanges(ctx, c, s); err != nil {
		return nil, err
	}
	a.MaxChanges = s.MaxChanges
	swept, err := h.Surveyor.Sweep(ctx, s, func(r ossenc.Result) bool {
		a.add(ctx, log, r)
		return a.Plan == nil || len(a.Plan.Rows) < maxPlanned // a plan that is full ends here, to be gone on with
	})
	a.end(swept, err)
	if h.EndingSoon != nil {
		a.EndingSoon = h.EndingSoon(time.Now())
	}
	return a, nil
}

// maxChanges returns the bound on changes, counting the buckets if it is a share.
func (h *Handler) maxChanges(ctx context.Context, c *sweepCommand, s ossenc.SweepOptions) (int, error) {
	most := c.MaxChanges
	if most == (bound{}) {
		most = bound{h.MaxChanges, h.MaxChangesPercent}
	}
	if most.percent == 0 || s.Desired.Report {
		return most.count, nil
	}
	n, err := h.Surveyor.Count(ctx, s)
	return most.of(n), err
}

func (a *sweepAnswer) add(ctx context.Context, log *slog.Logger, r ossenc.Result) {
	a.Buckets++
	a.Totals[r.Verdict]++
	if r.Verdict.Failed() {
		a.code = ossenc.MoreUrgent(a.code, r.Code)
	}
	if a.Plan != nil && r.Verdict == ossenc.WouldFix {
		a.Plan.add(r)
	}
	logResult(ctx, log, &element{}, &Result{Result: r, EventType: a.Action}, 0)
	switch {
	case r.Verdict == ossenc.Compliant || r.Verdict == ossenc.Exempt:
	case len(a.Results) < maxListed:
		a.Results = append(a.Results, r)
	default:
		a.Omitted++
	}
}

func (a *sweepAnswer) end(swept ossenc.SweepSummary, err error) {
	a.Complete, a.Changes, a.Width = swept.Complete, swept.Changes, swept.Concurrency
	if err != nil {
		a.code = ossenc.MoreUrgent(a.code, ossenc.CodeOf(err))
		a.Errors = strings.Split(err.Error(), "\n")
	} else if !a.Complete {
		a.Next = &cursor{swept.Last, swept.Changes}
	}
	if a.Plan != nil {
		a.Plan.seal()
	}
}

// sweepFor runs a sweep that an invocation asks for. A timer cannot go on with a
// cursor, so a sweep of its that was not finished is a failure.
func (h *Handler) sweepFor(ctx context.Context, log *slog.Logger, c *sweepCommand, byTimer bool) (json.RawMessage, error) {
	a, err := h.sweep(ctx, log, c)
	if err != nil {
		return nil, &Failure{Code: ossenc.CodeOf(err), Answer: err.Error()}
	}
	if byTimer && a.code == "" && !a.Complete {
		a.code = ossenc.Deadline
		a.Errors = append(a.Errors, "the time ran out; give the function more of it, or go on with the cursor in next")
	}
	body, err := json.Marshal(a)
	if err != nil {
		return nil, &Failure{Code: ossenc.Internal, Answer: "the answer could not be encoded"}
	}
	logSweep(ctx, log, a)
	if a.code != "" {
		return nil, &Failure{Code: a.code, Answer: string(body)}
	}
	return body, nil
}

// logSweep writes the one line that says how a sweep ended.
func logSweep(ctx context.Context, log *slog.Logger, a *sweepAnswer) {
	level := slog.LevelInfo
	if a.code != "" || !a.Complete {
		level = slog.LevelError
	}
	log.LogAttrs(ctx, level, "sweep",
		slog.String("action", a.Action), slog.String("mode", a.Mode),
		slog.Int("buckets", a.Buckets), slog.Int("changes", a.Changes), slog.Bool("complete", a.Complete),
		slog.String("code", string(a.code)), slog.Int("exemptions_ending_soon", len(a.EndingSoon)),
	)
}
