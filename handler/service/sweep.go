package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// The values of [SweepRequest.Action].
const (
	ActionSweep = "sweep" // write where the policy says so
	ActionAudit = "audit" // only report
)

// The values of [SweepRequest.FanOut].
const (
	FanOutAccount = "account"
	FanOutRegion  = "region"
)

// SweepRequest asks for all buckets.
type SweepRequest struct {
	// Action is sweep, or audit for a sweep that only reports.
	Action string `json:"action"`
	// Mode is that of the request; empty for what the policy and the settings say.
	Mode   ossenc.Mode `json:"mode,omitempty"`
	Prefix string      `json:"prefix,omitempty"`
	Region string      `json:"region,omitempty"`
	// ExceptRegions leaves out the buckets in these regions.
	ExceptRegions []string `json:"except_regions,omitempty"`
	// Buckets leaves out all other buckets, by name; nil for all.
	Buckets []string `json:"buckets,omitempty"`
	// Accounts leaves out all other accounts, by ID; nil for all.
	Accounts []string `json:"accounts,omitempty"`
	// Cursor is the next of an earlier answer, to resume after it.
	Cursor ResumeToken `json:"cursor"`
	// MaxChanges lowers the policy's: a number, or a share such as "10%".
	MaxChanges policy.MaxChanges `json:"max_changes,omitzero"`
	// Slim leaves the lists out of the answer, for callers with room for little.
	Slim bool `json:"slim,omitempty"`
	// Continue makes it a run that continues by itself in further invocations, and
	// FanOut one with a part for each account or each region. RunID names the run; empty for one made
	// of the time. See [Service.StartRun].
	Continue bool   `json:"continue,omitempty"`
	FanOut   string `json:"fan_out,omitempty"`
	RunID    string `json:"run_id,omitempty"`
	// Run is set in what a run sends to itself. See [Service.Hop].
	Run *Run `json:"run,omitempty"`
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

// holdBack are the members of a request that make a sweep do less.
var holdBack = []string{"mode", "prefix", "region", "except_regions", "buckets", "accounts"}

// ParseSweep reads a request strictly: a misspelt "mode" would enforce, and so would one
// without a value. An empty body asks for all buckets.
func ParseSweep(body []byte) (*SweepRequest, error) {
	r := SweepRequest{Action: ActionSweep}
	if len(strictjson.TrimMark(body)) > 0 {
		if err := strictjson.Decode(body, &r); err != nil {
			return nil, err
		}
		members, err := strictjson.Object(body)
		if err != nil {
			return nil, err
		}
		for name, value := range members {
			if text := string(value); (text == "null" || text == `""`) && slices.Contains(holdBack, strings.ToLower(name)) {
				return nil, fmt.Errorf("%.40q has no value", name)
			}
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Action == ActionAudit {
		r.Mode = ossenc.ReportOnly
	}
	return &r, nil
}

func (r *SweepRequest) check() error {
	switch {
	case r.Action != ActionSweep && r.Action != ActionAudit:
		return fmt.Errorf("action %.40q is neither sweep nor audit", r.Action)
	case !slices.Contains([]ossenc.Mode{"", ossenc.Enforce, ossenc.Approve, ossenc.ReportOnly}, r.Mode):
		return fmt.Errorf("mode %.40q is none of report, approve, enforce", r.Mode)
	case r.Action == ActionAudit && r.Mode != "" && r.Mode != ossenc.ReportOnly:
		return errors.New("an audit only reports; leave out mode, or ask for a sweep")
	case !ValidPrefix(r.Prefix):
		return fmt.Errorf("prefix %.80q is not the beginning of a bucket name", r.Prefix)
	case r.Region != "" && !ossenc.ValidRegion(r.Region):
		return fmt.Errorf("region %.40q is not a region ID, such as cn-hangzhou", r.Region)
	case len(r.ExceptRegions) > maxParts:
		return fmt.Errorf("except_regions has %d regions; at most %d can be given", len(r.ExceptRegions), maxParts)
	case !slices.Contains([]string{"", FanOutAccount, FanOutRegion}, r.FanOut):
		return fmt.Errorf("fan_out %.40q is neither account nor region", r.FanOut)
	case r.RunID != "" && !validRunID(r.RunID, maxRunID):
		return fmt.Errorf("run_id %.40q is not a letter a-z and up to %d letters, digits and -", r.RunID, maxRunID-1)
	case r.FanOut == FanOutAccount && r.Accounts != nil:
		return errors.New("fan_out account is about all accounts; leave out accounts")
	case r.FanOut == FanOutRegion && (r.Region != "" || r.ExceptRegions != nil):
		return errors.New("fan_out region is about all regions; leave out region and except_regions")
	case r.FanOut != "" && r.Cursor != ResumeToken{}:
		return errors.New("a cursor is of one part; resume that part without fan_out")
	case r.Buckets != nil && r.IsRun():
		return errors.New("a sweep of named buckets does not continue in further invocations; leave out buckets, or continue and fan_out")
	case r.Buckets != nil && (len(r.Buckets) == 0 || len(r.Buckets) > maxNamed):
		return fmt.Errorf("buckets has %d names; 1 to %d can be given", len(r.Buckets), maxNamed)
	case r.Run != nil:
		return r.Run.check()
	}
	for _, name := range r.Buckets {
		if !ossenc.ValidBucketName(name) {
			return fmt.Errorf("buckets: %.80q is not the name of a bucket", name)
		}
	}
	for _, region := range r.ExceptRegions {
		if !ossenc.ValidRegion(region) {
			return fmt.Errorf("except_regions: %.40q is not a region ID, such as cn-hangzhou", region)
		}
	}
	for _, id := range r.Accounts {
		if id != "" && !ossenc.ValidAccountID(id) {
			return fmt.Errorf("%.40q is not an account ID", id)
		}
	}
	return nil
}

// maxNamed is how many buckets a request can name.
const maxNamed = 1000

// IsRun reports whether r asks for a run that continues by itself.
func (r *SweepRequest) IsRun() bool { return r.Continue || r.FanOut != "" }

// options returns the sweep that r asks for, without a limit.
func (r *SweepRequest) options(w Warden) ossenc.SweepOptions {
	return ossenc.SweepOptions{
		Mode:   ossenc.Strictest(ossenc.Enforce, w.ModeFor(r.Mode)),
		Prefix: r.Prefix, Region: r.Region, ExceptRegions: r.ExceptRegions, Buckets: setOf(r.Buckets), Accounts: r.Accounts,
		After: r.Cursor.Place, Changes: r.Cursor.Changes,
	}
}

// Sweep checks all buckets and fixes those that need it, or only plans the
// changes in report mode. A failure of some buckets or accounts is in the result,
// see [SweepResult.Code]; the error means that nothing was begun.
func (s *Service) Sweep(ctx context.Context, r *SweepRequest) (*SweepResult, error) {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	warden := s.Warden()
	sweep := r.options(warden)
	res := s.newSweepResult(ctx, r, sweep.Mode)
	var err error
	if res.Plan == nil {
		sweep.MaxChanges, err = limit(countOnce(ctx, warden, sweep), s.Policy.MaxChanges, r.MaxChanges)
	}
	res.MaxChanges = sweep.MaxChanges
	res.uncounted(err)
	swept, err := warden.Sweep(ctx, sweep, func(one ossenc.Result) bool {
		logResult(ctx, log, nil, &Result{Result: one, EventType: r.Action}, 0)
		res.add(one)
		return !res.full()
	})
	logAccounts(ctx, log, r.Action, err)
	res.end(swept, err)
	res.mustMatch(r)
	res.mustHaveAll(r)
	if r.MustFinish {
		res.mustBeComplete()
	}
	res.EndingSoon = s.ExemptionsEndingSoon(time.Now())
	if r.Slim {
		res.slim()
	}
	logSweep(ctx, log, res)
	return res, nil
}
