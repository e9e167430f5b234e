package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// part is one answer to GET /report?format=json. Members that this version does not
// know are left alone.
type part struct {
	Buckets    []partRow             `json:"buckets"`
	Wanted     ossenc.Rule           `json:"wanted"`
	Compare    ossenc.Compare        `json:"compare"`
	Totals     report.Totals         `json:"totals"`
	Accounts   []report.AccountTotal `json:"accounts"`
	Complete   bool                  `json:"complete"`
	Missing    string                `json:"missing"`
	Next       string                `json:"next"`
	Error      *report.Error         `json:"error"`
	EndingSoon []ossenc.Exemption    `json:"exemptions_ending_soon"`
	Digest     string                `json:"digest"`
	Provenance report.Provenance     `json:"provenance"`

	unread int
}

type partRow struct {
	ossenc.Result
	Rule     string `json:"rule"`
	Required string `json:"required"`
}

// readPart reads an answer and refuses one that contradicts itself: what is believed of
// it becomes a report that looks like our own.
func readPart(body []byte) (*part, error) {
	p := &part{}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("it is not a report in the JSON form that this version reads: %s", term.Clean(term.End(err.Error(), 200)))
	}
	var rows []ossenc.Result
	for i := range p.Buckets {
		r := &p.Buckets[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		r.complete(p.Compare)
		p.unread += number(r.Verdict == ossenc.Unknown || r.Verdict == ossenc.Rejected)
		rows = append(rows, r.Result)
	}
	return p, p.check(rows)
}

// Patterns are compiled when they are needed: no other verb waits for them.
var sha256Digits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

// check holds the end of a part against its rows.
func (p *part) check(rows []ossenc.Result) error {
	from := p.Provenance
	switch {
	case p.Digest == "" || from.Time.IsZero():
		return errors.New("it does not say where it comes from and has no digest; is the function as new as this command?")
	case from.Tool != "function":
		return fmt.Errorf("it says that it was made by %.40q, not by a function", from.Tool)
	case from.Account != "" && !ossenc.ValidAccountID(from.Account):
		return fmt.Errorf("%.40q is not the ID of an account", from.Account)
	case from.Policy != nil && (from.Policy.Name == "" || !sha256Digits().MatchString(from.Policy.SHA256)):
		return errors.New("it names a policy without its SHA-256")
	case !slices.Contains([]ossenc.Compare{"", ossenc.Floor, ossenc.Exact}, p.Compare):
		return fmt.Errorf("%.40q is not a way to compare", p.Compare)
	case p.Digest != report.DigestOf(rows):
		return errors.New("its digest is not that of its rows")
	case p.Totals.Buckets != len(rows):
		return fmt.Errorf("it counts %d buckets and has %d rows", p.Totals.Buckets, len(rows))
	case p.Complete && (p.Next != "" || p.Error != nil || p.unread > 0):
		return errors.New("it says that it is complete, and what is missing")
	case p.Error != nil && !slices.Contains(ossenc.Codes(), p.Error.Code):
		return fmt.Errorf("%.40q is not a code that this version knows", p.Error.Code)
	case !ossenc.Cursor(p.Next).Valid():
		return fmt.Errorf("%.40q is not a place in a report", p.Next)
	}
	for _, total := range p.Accounts {
		if total.Account != "" && !ossenc.ValidAccountID(total.Account) {
			return fmt.Errorf("%.40q is not the ID of an account", total.Account)
		}
	}
	return nil
}

// inReports are the verdicts that a report can have.
var inReports = []ossenc.Verdict{ossenc.Compliant, ossenc.WouldFix, ossenc.Exempt, ossenc.Gone, ossenc.Blocked, ossenc.Unknown, ossenc.Rejected}

// check refuses a row that no report has.
func (r *partRow) check() error {
	r.Observed = r.Rule != ""
	switch {
	case r.Bucket == "" || !ossenc.CursorOf(r.Result).Valid():
		return fmt.Errorf("%.80q is not the name of a bucket", r.Account+"/"+r.Bucket)
	case r.Region != "" && !ossenc.ValidRegion(r.Region):
		return fmt.Errorf("%s: %.40q is not a region", r.Bucket, r.Region)
	case !slices.Contains(inReports, r.Verdict):
		return fmt.Errorf("%s: %.40q is not a verdict that this version knows", r.Bucket, r.Verdict)
	case r.Verdict.Failed() != (r.Code != "") || r.Code != "" && !slices.Contains(ossenc.Codes(), r.Code) || r.Code == ossenc.Deadline:
		return fmt.Errorf("%s: the verdict %s does not have the code %.40q", r.Bucket, r.Verdict, r.Code)
	case r.Observed && r.Rule != r.After.String() || !r.Observed && !(r.Before.IsNone() && r.After.IsNone()):
		return fmt.Errorf("%s: the rule %.80q is not its current rule", r.Bucket, r.Rule)
	case r.Required != "" && r.Required != r.Wanted.String() || r.Required == "" && !r.Wanted.IsNone():
		return fmt.Errorf("%s: the rule %.80q is not its required rule", r.Bucket, r.Required)
	}
	return r.checkVerdict()
}

// checkVerdict refuses a verdict that the row's own rules do not bear out.
func (r *partRow) checkVerdict() error {
	switch {
	case !r.Observed && (r.Verdict == ossenc.Compliant || r.Verdict == ossenc.WouldFix):
		return fmt.Errorf("%s: it is %s, and its rule was not read", r.Bucket, r.Verdict)
	case r.Observed && r.Verdict == ossenc.Gone:
		return fmt.Errorf("%s: it is gone, and its rule was read", r.Bucket)
	case r.Verdict == ossenc.Compliant && ossenc.Decide(r.After, r.Wanted, ossenc.Floor).Write:
		return fmt.Errorf("%s: it is compliant with %s, and %s is required", r.Bucket, r.After, r.Wanted)
	case r.Verdict == ossenc.WouldFix && r.After == r.Wanted:
		return fmt.Errorf("%s: it would be fixed, and has the required rule", r.Bucket)
	}
	return nil
}

// complete sets what the JSON form does not have and what follows from it: the rule that
// would be written, as far as both ways to compare agree on it, and the call that failed.
func (r *partRow) complete(compare ossenc.Compare) {
	r.Cause = causeOf(r.Result)
	if r.Verdict != ossenc.WouldFix {
		return
	}
	floor := ossenc.Decide(r.After, r.Wanted, ossenc.Floor)
	switch {
	case compare == ossenc.Exact || !floor.Write || floor.Target == r.Wanted:
		r.Target = r.Wanted
	case compare == ossenc.Floor:
		r.Target = floor.Target
	}
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
