package web

import (
	"errors"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// maxPlan is the size of a plan and of an answer with results, in bytes.
const maxPlan = 8 << 20

// sweep is POST /sweep.
func (x *exchange) sweep() error {
	if _, err := x.parameters(); err != nil { // ?mode=report would enforce
		return err
	}
	body, err := x.read(maxRule)
	if err != nil {
		return err
	}
	r, err := service.ParseSweep(body)
	if err != nil {
		return invalid(err)
	}
	if r.IsRun() || r.Run != nil {
		return invalid(errors.New("a sweep that continues by itself is started by an invocation of the function or by its timer, not over HTTP"))
	}
	res, err := x.web.service.Sweep(x.ctx(), r)
	if err != nil {
		return err
	}
	// A plan is answered as one, with its failures in it: it is for people, and nothing
	// was to be written.
	if res.Code != "" && (res.Plan == nil || res.NoMatch) {
		p := problemf(res.Code, "the sweep went over %d buckets, and something failed; sweep has all of it", res.Buckets)
		p.Sweep = res
		return p
	}
	return x.reply(res)
}

// apply is POST /apply. The body is a plan as a sweep answers it that writes nothing;
// ?digest= is the digest that was approved.
func (x *exchange) apply() error {
	if x.req.URL.Query().Get("digest") == "" && !x.may(ScopeApply) {
		return problemf(codeForbidden, "the scope approve applies a plan by its digest, and none is given; without one this needs the scope apply")
	}
	query, options, err := x.changeParameters("digest")
	if err != nil {
		return err
	}
	body, err := x.read(maxPlan)
	if err != nil {
		return err
	}
	plan, err := service.ParsePlan(body)
	if err != nil {
		return invalid(err)
	}
	results, err := x.web.service.Apply(x.ctx(), plan, query["digest"], options)
	if err != nil {
		return notBegun(err)
	}
	return x.results(results, "change")
}

// maxUndone is how many results /restore reads: more than an answer of ours lists.
const maxUndone = 50_000

// restore is POST /restore. The body is any JSON that Bucketwarden prints with results,
// as the command's undo takes it; those that were fixed are undone.
func (x *exchange) restore() error {
	_, options, err := x.changeParameters()
	if err != nil {
		return err
	}
	body, err := x.read(maxPlan)
	if err != nil {
		return err
	}
	changes, err := service.ParseChanges(body, maxUndone)
	if err != nil {
		return invalid(err)
	}
	results, err := x.web.service.Undo(x.ctx(), changes, options)
	if err != nil {
		return notBegun(err)
	}
	return x.results(results, "change")
}

func (x *exchange) changeParameters(names ...string) (map[string]string, service.ChangeOptions, error) {
	var o service.ChangeOptions
	query, err := x.parameters(append(names, "dry_run", "override")...)
	if err != nil {
		return nil, o, err
	}
	if o.DryRun, err = parseBool("dry_run", query["dry_run"]); err != nil {
		return nil, o, err
	}
	if o.PastPolicy, err = parseOverride(query["override"]); err != nil {
		return nil, o, err
	}
	_, err = x.web.auth.check(x, ScopeApprove)
	if o.MayApprove = err == nil; o.MayApprove || o.DryRun || x.web.service.Mode() != ossenc.Approve {
		return query, o, nil
	}
	return nil, o, err
}

// notBegun is the problem of changes of which none was made: too many, or not a plan.
func notBegun(err error) error {
	if _, counted := errors.AsType[*ossenc.Error](err); counted {
		return err
	}
	return invalid(err)
}

// results answers with what became of each event or change.
func (x *exchange) results(results service.Results, what string) error {
	if code := results.Code(); code != ossenc.Code("") {
		p := problemf(code, "at least one %s failed; results has them all", what)
		p.Results = results.Results
		return p
	}
	return x.reply(results)
}
