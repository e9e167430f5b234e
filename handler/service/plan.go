package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sort"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// PlanVersion is the version of a plan's format. Plans of the first one had neither a
// time nor a policy, and no version.
const PlanVersion = 2

// Plan is what a sweep would write, for review before it is applied. The command and
// the function read and write the same.
type Plan struct {
	// Version is [PlanVersion].
	Version int `json:"version"`
	// Time is when the plan was made, in UTC.
	Time time.Time `json:"time"`
	// Account is the ID of the account that rows without one belong to; empty if
	// unknown.
	Account string `json:"account,omitempty"`
	// PolicySHA256 is that of the policy that decided: see [policy.Policy.SHA256].
	PolicySHA256 string    `json:"policy_sha256"`
	Rows         []PlanRow `json:"rows"`
	// Digest stands for all of the above: who approves it approves these changes and no
	// others.
	Digest string `json:"digest"`
	// Provenance says to the people who review the plan where it comes from: when it was
	// made, as whom, by which policy. Nothing depends on it, and the digest does not
	// cover it.
	Provenance json.RawMessage `json:"provenance,omitempty"`
}

// PlanRow is one change.
type PlanRow struct {
	Account string      `json:"account,omitempty"`
	Bucket  string      `json:"bucket"`
	Region  string      `json:"region"`
	Before  ossenc.Rule `json:"before"`
	Target  ossenc.Rule `json:"target"`
}

// Plans reports whether a result is a row of a plan: a rule would be written, and a
// plan may do so. Where a rule of the policy only reports, no plan writes either; where the
// settings only report, it may be made for later.
func (s *Service) Plans(r ossenc.Result) bool {
	return r.Verdict == ossenc.WouldFix && (r.Mode != ossenc.ReportOnly || s.Mode() == ossenc.ReportOnly)
}

func (p *Plan) add(r ossenc.Result) {
	p.Rows = append(p.Rows, PlanRow{r.Account, r.Bucket, r.Region, r.Before, r.Target})
}

// seal sets the digest.
func (p *Plan) seal() {
	if p.Rows == nil {
		p.Rows = []PlanRow{}
	}
	p.Digest = p.digest()
}

// digest is a hash over all parts, the rows in the order of their buckets. It proves
// that they are those that were reviewed, not who made them: what a plan may do is
// decided anew when it is applied.
func (p *Plan) digest() string {
	rows := slices.Clone(p.Rows)
	sort.Slice(rows, func(i, j int) bool { // slices.SortFunc is compiled anew for each type
		a, b := rows[i], rows[j]
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Bucket, b.Bucket)) < 0
	})
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "bucketwarden plan %d\n%d rows\n", p.Version, len(rows)) // a hash takes everything
	addTexts(h, p.Time.UTC().Format(time.RFC3339Nano), p.Account, p.PolicySHA256)
	for _, r := range rows {
		addTexts(h, r.Account, r.Bucket, r.Region)
		for _, rule := range []ossenc.Rule{r.Before, r.Target} {
			addTexts(h, rule.Algorithm, rule.KMSKeyID, rule.KMSDataEncryption)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// addTexts adds each text with its length before it, so that no two lists of texts
// are the same bytes.
func addTexts(h hash.Hash, texts ...string) {
	for _, s := range texts {
		_, _ = fmt.Fprintf(h, "%d:%s\n", len(s), s)
	}
}

// NewPlan returns an empty plan of now, in the name of the policy that decides. account
// is the ID of the account that rows without one belong to; empty if unknown.
func (s *Service) NewPlan(account string) *Plan {
	return &Plan{Version: PlanVersion, Time: s.now().UTC().Truncate(time.Second), Account: account, PolicySHA256: s.Policy.SHA256()}
}

// With returns the plan with these rows, and their digest. The error says why they
// are not the rows of a plan.
func (p *Plan) With(rows []PlanRow) (*Plan, error) {
	with := *p
	with.Rows = rows
	with.seal()
	return &with, checkRows(with.Rows)
}

// Only returns the plan of these buckets alone, with a digest of its own. The error
// names a bucket that is not in the plan.
func (p *Plan) Only(buckets []string) (*Plan, error) {
	var rows []PlanRow
	for _, r := range p.Rows {
		if slices.Contains(buckets, r.Bucket) {
			rows = append(rows, r)
		}
	}
	for _, b := range buckets {
		if !slices.ContainsFunc(rows, func(r PlanRow) bool { return r.Bucket == b }) {
			return nil, fmt.Errorf("%.80q is not in the plan", b)
		}
	}
	return p.With(rows)
}

// ErrOldPlan says that a plan has the format of an earlier version.
var ErrOldPlan = errors.New("the plan is of an earlier version, which noted neither its time nor its policy; make a new plan")

// Check refuses a plan that does not match its digest, or another than the
// approved one, or one that makes no sense. approved is the digest that was
// approved; empty for any.
func (p *Plan) Check(approved string) error {
	switch {
	case p.Version == 0:
		return ErrOldPlan
	case p.Version != PlanVersion:
		return fmt.Errorf("the plan has version %d of the format, and this program reads version %d", p.Version, PlanVersion)
	case p.Time.IsZero() || p.PolicySHA256 == "":
		return errors.New("the plan does not say when it was made, or with which policy")
	case p.Account != "" && !ossenc.ValidAccountID(p.Account):
		return fmt.Errorf("account %.40q is not an account ID", p.Account)
	case p.Digest != p.digest():
		return errors.New("the rows of the plan do not match its digest")
	case approved != "" && approved != p.Digest:
		return errors.New("the plan has another digest than the one that was approved")
	}
	return checkRows(p.Rows)
}

func checkRows(rows []PlanRow) error {
	if len(rows) > maxPlanned {
		return fmt.Errorf("there are %d rows, more than %d", len(rows), maxPlanned)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		id := r.Account + "/" + r.Bucket
		if seen[id] {
			return fmt.Errorf("%s is there twice", id)
		}
		seen[id] = true
		if err := r.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r PlanRow) check() error {
	id := r.Account + "/" + r.Bucket
	switch {
	case !ossenc.ValidBucketName(r.Bucket) || r.Account != "" && !ossenc.ValidAccountID(r.Account):
		return fmt.Errorf("%.80q is not a bucket", id)
	case r.Region != "" && !ossenc.ValidRegion(r.Region):
		return fmt.Errorf("%s: %.40q is not a region ID", id, r.Region)
	}
	for _, rule := range []ossenc.Rule{r.Before, r.Target} {
		if rule.IsNone() {
			continue
		}
		if made, err := ossenc.NewRule(rule.Algorithm, rule.KMSKeyID, rule.KMSDataEncryption); err != nil || made != rule {
			return fmt.Errorf("%s: %s is not a rule: %w", id, rule, cmp.Or(err, errors.New("it is not in its normal form")))
		}
	}
	return nil
}

// ParsePlan reads a plan strictly, as a sweep that only plans answers it.
func ParsePlan(body []byte) (*Plan, error) {
	var p Plan
	if err := strictjson.Decode(body, &p); err != nil {
		return nil, err
	}
	return &p, nil
}
