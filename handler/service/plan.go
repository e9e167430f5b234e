package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// Plan is what a sweep would write, for review before it is applied.
type Plan struct {
	Rows []PlanRow `json:"rows"`
	// Digest stands for the rows: who approves it approves these and no others.
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

// digest is a hash over the rows in the order of their buckets. It proves that
// they are the rows that were reviewed, not who made them: what a plan may do is
// decided anew when it is applied.
func (p *Plan) digest() string {
	rows := slices.Clone(p.Rows)
	sort.Slice(rows, func(i, j int) bool {
		return cmp.Or(cmp.Compare(rows[i].Account, rows[j].Account), cmp.Compare(rows[i].Bucket, rows[j].Bucket)) < 0
	})
	hash := sha256.New()
	for _, r := range rows {
		for _, s := range []string{r.Account, r.Bucket, r.Region} {
			_, _ = fmt.Fprintf(hash, "%d:%s", len(s), s) // a hash takes everything
		}
		for _, rule := range []ossenc.Rule{r.Before, r.Target} {
			_, _ = fmt.Fprintf(hash, "%q %q %q\n", rule.Algorithm, rule.KMSKeyID, rule.KMSDataEncryption)
		}
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil))
}

// NewPlan returns the plan of these rows, with its digest. The error says why they
// are not a plan.
func NewPlan(rows []PlanRow) (*Plan, error) {
	p := &Plan{Rows: rows}
	p.seal()
	return p, checkRows(p.Rows)
}

// Only returns the plan of these buckets alone, with the same provenance. The error
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
	cut, err := NewPlan(rows)
	cut.Provenance = p.Provenance
	return cut, err
}

// Check refuses a plan that does not match its digest, or another than the
// approved one, or one that makes no sense. approved is the digest that was
// approved; empty for any.
func (p *Plan) Check(approved string) error {
	if p.Digest != p.digest() {
		return errors.New("the rows of the plan do not match its digest")
	}
	if approved != "" && approved != p.Digest {
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

// ParsePlan reads a plan strictly, as a sweep in report mode answers it.
func ParsePlan(body []byte) (*Plan, error) {
	var p Plan
	if err := strictjson.Decode(body, &p); err != nil {
		return nil, err
	}
	return &p, nil
}

// ParseResults reads the results of an earlier answer: of events, of a sweep or of
// a plan. Its other members are ignored.
func ParseResults(body []byte) ([]ossenc.Result, error) {
	var file struct {
		Results []ossenc.Result `json:"results"`
	}
	if err := strictjson.Check(body); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(strictjson.TrimMark(body), &file); err != nil || file.Results == nil {
		return nil, errors.New("the body is not an answer with results")
	}
	return file.Results, nil
}
