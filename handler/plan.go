package handler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// plan is what a sweep would write, for somebody to look at before it is applied.
type plan struct {
	Rows []planRow `json:"rows"`
	// Digest stands for the rows: who approves it approves these and no others.
	Digest string `json:"digest"`
}

// planRow is one change.
type planRow struct {
	Account string      `json:"account,omitempty"`
	Bucket  string      `json:"bucket"`
	Region  string      `json:"region"`
	Before  ossenc.Rule `json:"before"`
	Target  ossenc.Rule `json:"target"`
}

func (p *plan) add(r ossenc.Result) {
	p.Rows = append(p.Rows, planRow{r.Account, r.Bucket, r.Region, r.Before, r.Target})
}

// seal sets the digest.
func (p *plan) seal() {
	if p.Rows == nil {
		p.Rows = []planRow{}
	}
	p.Digest = p.digest()
}

// digest is a hash over the rows in the order of their buckets. It tells whether
// they are the rows that were looked at, not who made them: what a plan may do is
// decided anew when it is applied.
func (p *plan) digest() string {
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

// check refuses a plan that is not what its digest stands for, or makes no sense.
func (p *plan) check(approved string) error {
	if p.Digest != p.digest() {
		return errors.New("the rows of the plan are not those of its digest")
	}
	if approved != "" && approved != p.Digest {
		return errors.New("the plan has another digest than the one that was approved")
	}
	return checkRows(p.Rows)
}

func checkRows(rows []planRow) error {
	seen := map[string]bool{}
	if len(rows) > maxPlanned {
		return fmt.Errorf("there are %d rows, more than %d", len(rows), maxPlanned)
	}
	for _, r := range rows {
		id := r.Account + "/" + r.Bucket
		switch {
		case !ossenc.ValidBucketName(r.Bucket) || accountID(r.Account) != r.Account:
			return fmt.Errorf("%.80q is no bucket", id)
		case r.Region != "" && !ossenc.ValidRegion(r.Region):
			return fmt.Errorf("%s: %.40q is no region ID", id, r.Region)
		case seen[id]:
			return fmt.Errorf("%s is there twice", id)
		}
		for _, rule := range []ossenc.Rule{r.Before, r.Target} {
			if rule.IsNone() {
				continue
			}
			if made, err := ossenc.NewRule(rule.Algorithm, rule.KMSKeyID, rule.KMSDataEncryption); err != nil || made != rule {
				return fmt.Errorf("%s: %s is no rule: %w", id, rule, cmp.Or(err, errors.New("it is not in its normal form")))
			}
		}
		seen[id] = true
	}
	return nil
}

// apply makes the changes of a plan: each only if OSS still shows the rule that
// the plan saw, and the policy still wants what the plan says.
func (h *Handler) apply(ctx context.Context, log *slog.Logger, rows []planRow, dryRun bool) []Result {
	return h.runTasks(ctx, log, "apply", rows, func(r planRow) ossenc.Task {
		want := h.Want
		want.Report = want.Report || dryRun
		return ossenc.Task{Desired: want, Expect: &r.Before, Target: &r.Target}
	})
}

// restore puts back the rules from before a change: each only if OSS still shows
// the rule that the change left. It is what may weaken, because what is undone
// was a strengthening; so it is allowed apart.
func (h *Handler) restore(ctx context.Context, log *slog.Logger, rows []planRow, dryRun bool) []Result {
	return h.runTasks(ctx, log, "restore", rows, func(r planRow) ossenc.Task {
		return ossenc.Task{Desired: ossenc.Desired{Rule: r.Before, Compare: ossenc.Exact, Report: dryRun || h.Want.Report}, Expect: &r.Target}
	})
}

func (h *Handler) runTasks(ctx context.Context, log *slog.Logger, kind string, rows []planRow, task func(planRow) ossenc.Task) []Result {
	elements := make([]element, len(rows))
	for i, r := range rows {
		t := task(r)
		t.Bucket = ossenc.Bucket{Account: r.Account, Name: r.Bucket, Region: r.Region}
		elements[i] = element{kind: kind, bucket: t.Bucket, task: &t}
	}
	return h.runAll(ctx, log, elements)
}

// The sizes of a plan and of an answer with results, in bytes.
const maxPlan = 8 << 20

// runSweep is POST /sweep.
func (x *exchange) runSweep() error {
	body, err := x.read(maxRule)
	if err != nil {
		return err
	}
	c, err := parseSweep(body)
	if err != nil {
		return problemf(ossenc.Invalid, "%s", err)
	}
	a, err := x.web.handler.sweep(x.req.Context(), x.log, c)
	if err != nil {
		return problemOf(err)
	}
	logSweep(x.req.Context(), x.log, a)
	if a.code != "" {
		p := problemf(a.code, "the sweep went over %d buckets, and something failed; sweep has all of it", a.Buckets)
		p.Sweep = a
		return p
	}
	x.reply(a)
	return nil
}

// applyPlan is POST /apply. The body is a plan as a sweep in report mode answers
// it; ?digest= is the digest that was approved.
func (x *exchange) applyPlan() error {
	query, dryRun, err := x.changeParameters("digest")
	if err != nil {
		return err
	}
	var p plan
	if err := x.readStrictly(&p); err != nil {
		return err
	}
	if err := p.check(query["digest"]); err != nil {
		return problemf(ossenc.Invalid, "%s", err)
	}
	return x.results(x.web.handler.apply(x.req.Context(), x.log, p.Rows, dryRun), "change")
}

// restoreRules is POST /restore. The body is an answer with results, of events, of
// a sweep or of a plan; those that were fixed are put back.
func (x *exchange) restoreRules() error {
	_, dryRun, err := x.changeParameters()
	if err != nil {
		return err
	}
	rows, err := x.fixedRows()
	if err != nil {
		return err
	}
	return x.results(x.web.handler.restore(x.req.Context(), x.log, rows, dryRun), "change")
}

// fixedRows reads what was written from an earlier answer.
func (x *exchange) fixedRows() ([]planRow, error) {
	var file struct {
		Results []ossenc.Result `json:"results"`
	}
	body, err := x.read(maxPlan)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Check(body); err != nil {
		return nil, problemf(ossenc.Invalid, "%s", err)
	}
	if err := json.Unmarshal(body, &file); err != nil || file.Results == nil {
		return nil, problemf(ossenc.Invalid, "the body is no answer with results")
	}
	var rows []planRow
	for _, r := range file.Results {
		if r.Verdict == ossenc.Fixed {
			rows = append(rows, planRow{r.Account, r.Bucket, r.Region, r.Before, r.After})
		}
	}
	if err := checkRows(rows); err != nil {
		return nil, problemf(ossenc.Invalid, "%s", err)
	}
	return rows, nil
}

func (x *exchange) changeParameters(names ...string) (map[string]string, bool, error) {
	query, err := x.parameters(append(names, "dry_run")...)
	if err != nil {
		return nil, false, err
	}
	dryRun, err := parseBool("dry_run", query["dry_run"])
	return query, dryRun, err
}

func (x *exchange) readStrictly(v any) error {
	body, err := x.read(maxPlan)
	if err == nil {
		if err = strictjson.Decode(body, v); err != nil {
			err = problemf(ossenc.Invalid, "%s", err)
		}
	}
	return err
}

// results answers with what became of each event or change.
func (x *exchange) results(results []Result, what string) error {
	if code := worstOf(results); code != "" {
		p := problemf(code, "at least one %s failed; results has them all", what)
		p.Results = results
		return p
	}
	x.reply(resultList{results})
	return nil
}
