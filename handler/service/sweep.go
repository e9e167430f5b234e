package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// The values of [SweepRequest.Action] and [SweepRequest.Mode].
const (
	ActionSweep = "sweep" // write where the policy says so
	ActionAudit = "audit" // only report
	ModeEnforce = "enforce"
	ModeReport  = "report"
)

// SweepRequest asks for all buckets.
type SweepRequest struct {
	// Action is sweep, or audit for a sweep that only reports.
	Action string `json:"action"`
	// Mode is enforce or report; empty for what the policy and the settings say.
	Mode   string `json:"mode"`
	Prefix string `json:"prefix"`
	Region string `json:"region"`
	// Cursor is the next of an earlier answer, to resume after it.
	Cursor ResumeToken `json:"cursor"`
	// MaxChanges lowers the policy's: a number, or a share such as "10%".
	MaxChanges policy.MaxChanges `json:"max_changes"`
	// MustFinish makes an unfinished sweep a failure: its caller cannot resume it.
	MustFinish bool `json:"-"`
}

// ResumeToken is where a sweep ended and how much it had changed by then. As JSON
// it is the string place~changes.
type ResumeToken struct {
	Place   ossenc.Cursor
	Changes int
}

// maxResumed is how many changes a cursor may count: more than any account has
// buckets, and too few for a sum to overflow.
const maxResumed = 1 << 30

var errResumeToken = errors.New("cursor is the next of an earlier answer")

// UnmarshalJSON reads what MarshalJSON writes.
func (c *ResumeToken) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errResumeToken
	}
	if text == "" {
		return nil
	}
	place, changes, _ := strings.Cut(text, "~")
	n, err := strconv.Atoi(changes)
	if err != nil || n < 0 || n > maxResumed || strconv.Itoa(n) != changes || !ValidPlace(place) {
		return errResumeToken
	}
	*c = ResumeToken{ossenc.Cursor(place), n}
	return nil
}

// MarshalJSON writes one string.
func (c ResumeToken) MarshalJSON() ([]byte, error) {
	return json.Marshal(string(c.Place) + "~" + strconv.Itoa(c.Changes))
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-"

// ValidPrefix reports whether a bucket's name could begin with s.
func ValidPrefix(s string) bool { return len(s) <= 255 && strings.Trim(s, nameCharacters) == "" }

// ValidPlace reports whether s could be an [ossenc.Cursor].
func ValidPlace(s string) bool { return ossenc.Cursor(s).Valid() }

// ParseSweep reads a request strictly: a misspelt "mode" would enforce. An empty
// body asks for all buckets.
func ParseSweep(body []byte) (*SweepRequest, error) {
	r := SweepRequest{Action: ActionSweep}
	if len(strictjson.TrimMark(body)) > 0 {
		if err := strictjson.Decode(body, &r); err != nil {
			return nil, err
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Action == ActionAudit {
		r.Mode = ModeReport
	}
	return &r, nil
}

func (r *SweepRequest) check() error {
	switch {
	case r.Action != ActionSweep && r.Action != ActionAudit:
		return fmt.Errorf("action %.40q is neither sweep nor audit", r.Action)
	case r.Mode != "" && r.Mode != ModeReport && r.Mode != ModeEnforce:
		return fmt.Errorf("mode %.40q is neither report nor enforce", r.Mode)
	case r.Action == ActionAudit && r.Mode == ModeEnforce:
		return errors.New("an audit only reports; leave out mode, or ask for a sweep")
	case !ValidPrefix(r.Prefix):
		return fmt.Errorf("prefix %.80q is not the beginning of a bucket name", r.Prefix)
	case r.Region != "" && !ossenc.ValidRegion(r.Region):
		return fmt.Errorf("region %.40q is not a region ID, such as cn-hangzhou", r.Region)
	}
	return nil
}

// Sweep checks all buckets and fixes those that need it, or only plans the
// changes in report mode. A failure of some buckets or accounts is in the result,
// see [SweepResult.Code]; the error means that nothing was begun.
func (s *Service) Sweep(ctx context.Context, r *SweepRequest) (*SweepResult, error) {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	sweep := ossenc.SweepOptions{Desired: s.Desired, Prefix: r.Prefix, Region: r.Region, After: r.Cursor.Place, Changes: r.Cursor.Changes}
	sweep.Desired.Report = sweep.Desired.Report || r.Mode == ModeReport
	res := newSweepResult(r.Action, sweep.Desired.Report)
	var err error
	if !sweep.Desired.Report {
		sweep.MaxChanges, err = s.limit(ctx, sweep, s.MaxChanges, r.MaxChanges)
	}
	res.MaxChanges = sweep.MaxChanges
	res.uncounted(err)
	swept, err := s.Sweeper.Sweep(ctx, sweep, func(one ossenc.Result) bool {
		logResult(ctx, log, nil, &Result{Result: one, EventType: r.Action}, 0)
		res.add(one)
		return !res.full()
	})
	res.end(swept, err)
	if r.MustFinish {
		res.mustBeComplete()
	}
	res.EndingSoon = s.ExemptionsEndingSoon(time.Now())
	logSweep(ctx, log, res)
	return res, nil
}
