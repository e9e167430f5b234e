package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// approveAction is one way to ask for a write.
type approveAction struct {
	name, method, target string
	needs                []Scope // one of them lets the caller in
	dry                  string  // the query that makes it only look; empty if there is none
	// by is what would make the write come true, whatever the scopes say: anybody, nobody
	// (a way past those who approve), a digest, or a right beside the scope.
	by string
}

var approveActions = []approveAction{
	{"Event", "POST", "/events", []Scope{ScopeEvents}, "", "anybody"},
	{"Put", "PUT", "/buckets/b-1/encryption", []Scope{ScopeApply}, "dry_run=true", "anybody"},
	{"PutRule", "PUT", "/buckets/b-1/encryption", []Scope{ScopeApply}, "dry_run=true", "anybody"},
	{"PutPastPolicy", "PUT", "/buckets/b-1/encryption?override=policy", []Scope{ScopeApply}, "dry_run=true", "nobody"},
	{"PutRulePastPolicy", "PUT", "/buckets/b-1/encryption?override=policy", []Scope{ScopeApply}, "dry_run=true", "nobody"},
	{"Delete", "DELETE", "/buckets/b-1/encryption", []Scope{ScopeRemove}, "dry_run=true", "nobody"},
	{"DeletePastPolicy", "DELETE", "/buckets/b-1/encryption?override=policy", []Scope{ScopeRemove}, "dry_run=true", "nobody"},
	{"Sweep", "POST", "/sweep", []Scope{ScopeApply}, "", "anybody"},
	{"SweepPlan", "POST", "/sweep", []Scope{ScopeApply}, "", "report"},
	{"SweepApprove", "POST", "/sweep", []Scope{ScopeApply}, "", "approve"},
	{"Apply", "POST", "/apply", []Scope{ScopeApply}, "dry_run=true", "digest"},
	{"ApplyDigest", "POST", "/apply?digest=DIGEST", []Scope{ScopeApply, ScopeApprove}, "dry_run=true", "right"},
	{"Restore", "POST", "/restore", []Scope{ScopeRemove}, "dry_run=true", "right"},
}

// trial is one cell of the table.
type trial struct {
	setting, rule ossenc.Mode
	action        approveAction
	dry           bool
	have          []Scope
}

// want says in words what must come of it: how many writes, and which status.
func (c trial) want() (writes, status int) {
	has := func(s Scope) bool { return slices.Contains(c.have, s) }
	past := strings.Contains(c.action.target, "override")
	mode := ossenc.Strictest(c.setting, c.rule)
	isApproval := c.action.name == "Apply" || c.action.name == "ApplyDigest" || c.action.name == "Restore"
	switch {
	case !slices.ContainsFunc(c.action.needs, has) || past && !has(ScopeRemove):
		return 0, 403
	case c.dry && c.rule == ossenc.ReportOnly && (c.action.name == "PutRule" || c.action.name == "Delete" || c.action.name == "Restore"):
		return 0, 409 // the policy's rule binds a dry run too
	case c.dry:
		return 0, 200
	case c.setting == ossenc.Approve && isApproval && !has(ScopeApprove):
		return 0, 403
	case c.setting == ossenc.Approve && c.action.name == "Apply":
		return 0, 409 // no digest
	case c.rule == ossenc.ReportOnly && slices.Contains([]string{"PutRule", "Delete", "Restore"}, c.action.name):
		return 0, 409 // the policy's rule only reports
	case past && c.rule == ossenc.ReportOnly && c.action.name != "PutPastPolicy": // without a rule there is nothing to put in its place
		mode = c.setting
	}
	switch {
	case c.action.name == "SweepPlan" || mode == ossenc.ReportOnly:
		return 0, 200
	case c.action.name == "SweepApprove":
		return 0, 200
	case mode != ossenc.Approve:
		return 1, 200
	case c.action.by == "nobody":
		return 0, 409
	case c.action.by == "right" && has(ScopeApprove):
		return 1, 200
	case c.action.name == "Restore":
		return 0, 409
	}
	return 0, 200 // would_fix
}

// run asks, and returns the writes and the answer's status.
func (c trial) run(t *testing.T) (writes, status int, answer string) {
	t.Helper()
	m := account()
	clear(m.Rules)
	clear(m.Errs)
	m.Rules["b-1"] = ossenc.Rule{}
	restores := c.action.name == "Restore" || c.action.method == "DELETE"
	if restores {
		m.Rules["b-1"] = aes256
	}
	web := policyWeb(m, ossenc.Requirement{Rule: "all", Desired: ossenc.Desired{Rule: aes256, Mode: c.rule}})
	web.service.Warden().(*ossenc.Warden).Mode = c.setting
	web.auth = Auth{Mode: AuthPlatform, Allow: c.have}
	plan, err := web.service.NewPlan("").With([]service.PlanRow{{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}})
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]string{
		"Event": created("", `{"region":"cn-hangzhou","oss":{"bucket":{"name":"b-1"}}}`), "PutRule": `{"algorithm":"AES256"}`, "PutRulePastPolicy": `{"algorithm":"AES256"}`,
		"SweepPlan": `{"mode":"report"}`, "SweepApprove": `{"mode":"approve"}`, "Apply": encoded(t, plan), "ApplyDigest": encoded(t, plan),
		"Restore": `{"results":[{"bucket":"b-1","region":"cn-hangzhou","verdict":"fixed","before":null,"after":{"algorithm":"AES256"}}]}`,
	}[c.action.name]
	target := strings.ReplaceAll(c.action.target, "DIGEST", plan.Digest)
	if c.dry {
		join := "?"
		if strings.Contains(target, "?") {
			join = "&"
		}
		target += join + c.action.dry
	}
	rec := ask(t, web, c.action.method, target, body)
	if m.Writes > 0 != (m.Rules["b-1"].IsNone() == restores) {
		t.Errorf("%d writes, and the rule is %s", m.Writes, m.Rules["b-1"])
	}
	return m.Writes, rec.Code, rec.Body.String()
}

// Of the setting, the policy's rule and the request the strictest mode holds, and in
// approve mode nothing writes but a plan with its digest, and an undo, by whoever may
// approve.
func TestApprove_EveryModeActionAndScope(t *testing.T) {
	modes := []ossenc.Mode{"", ossenc.Enforce, ossenc.Approve, ossenc.ReportOnly}
	written, refused := 0, 0
	for _, setting := range modes {
		for _, rule := range modes {
			for _, action := range approveActions {
				for _, dry := range []bool{false, true} {
					if dry && action.dry == "" {
						continue
					}
					for set := range 1 << len(scopes) {
						c := trial{setting: setting, rule: rule, action: action, dry: dry}
						for i, s := range scopes {
							if set&(1<<i) != 0 {
								c.have = append(c.have, s)
							}
						}
						wantWrites, wantStatus := c.want()
						writes, status, answer := c.run(t)
						if writes != wantWrites || status != wantStatus {
							t.Errorf("setting %q, rule %q, %s, dry %t, scopes %v: %d writes, %d; want %d and %d: %.300s", setting, rule, action.name, dry, c.have, writes, status, wantWrites, wantStatus, answer)
						}
						written += writes
						if status != 200 {
							refused++
						}
					}
				}
			}
		}
	}
	if written < 100 || refused < 1000 {
		t.Errorf("only %d writes and %d refusals", written, refused)
	}
}

// Whoever may only approve applies plans by their digests, in any mode, and does
// nothing else.
func TestApprove_TheScopeAloneNeedsTheDigest(t *testing.T) {
	m := account()
	web, _ := newWeb(m, Auth{Mode: AuthPlatform, Allow: []Scope{ScopeApprove}})
	plan, err := web.service.NewPlan("").With([]service.PlanRow{{Bucket: "app-none", Region: "cn-shanghai", Target: aes256}})
	if err != nil {
		t.Fatal(err)
	}
	answered(t, ask(t, web, "POST", "/apply", encoded(t, plan)), 403, codeForbidden, "by its digest")
	answered(t, ask(t, web, "POST", "/apply?digest=", encoded(t, plan)), 403, codeForbidden, "by its digest")
	answered(t, ask(t, web, "POST", "/apply?digest=sha256:00", encoded(t, plan)), 400, ossenc.Invalid, "another digest")
	answered(t, ask(t, web, "POST", "/sweep", ""), 403, codeForbidden, "does not list apply")
	if m.Writes != 0 {
		t.Fatalf("%d writes", m.Writes)
	}
	answered(t, ask(t, web, "POST", "/apply?digest="+plan.Digest, encoded(t, plan)), 200, "", "")
	if m.Writes != 1 || m.Rules["app-none"] != aes256 {
		t.Errorf("%d writes, %s", m.Writes, m.Rules["app-none"])
	}
}

// A plan that was answered before the policy changed is refused, however it was
// approved.
func TestApprove_AnotherPolicyThanThePlans(t *testing.T) {
	m := account()
	web, _ := newWeb(m, everything)
	rec := ask(t, web, "POST", "/sweep", `{"mode":"report"}`)
	answered(t, rec, 200, "", "")
	plan := decoded[struct{ Plan json.RawMessage }](t, rec).Plan
	var p service.Plan
	if err := json.Unmarshal(plan, &p); err != nil || len(p.Rows) != 1 {
		t.Fatalf("%s: %v", plan, err)
	}
	changed, _ := newWeb(m, everything)
	changed.service.Policy = manyRules
	answered(t, ask(t, changed, "POST", "/apply?digest="+p.Digest, string(plan)), 409, ossenc.Refused, "another policy")
	answered(t, ask(t, changed, "POST", "/apply", `{"rows":[],"digest":"sha256:0"}`), 400, ossenc.Invalid, "of an earlier version")
	if m.Writes != 0 {
		t.Errorf("%d writes", m.Writes)
	}
}

// A plan stands at the same place of the answer whatever could not be read, and the
// answer says what could not.
func TestSweep_ThePlanIsAlwaysAtTheSamePlace(t *testing.T) {
	list := &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable, Message: "no answer"}
	for _, tt := range []struct {
		name, body string
		list       error
		mode       ossenc.Mode
		status     int
		complete   bool
		failures   string
	}{
		{"Bucket", `{"mode":"report"}`, nil, "", 200, true, "map[denied:1]"},
		{"Audit", `{"action":"audit"}`, nil, "", 200, true, "map[denied:1]"},
		{"ApproveSetting", ``, nil, ossenc.Approve, 200, true, "map[denied:1]"},
		{"List", `{"mode":"report"}`, list, "", 200, false, "map[]"},
		{"NothingMatches", `{"mode":"report","prefix":"nowhere-"}`, nil, "", 404, false, ""},
		{"NoSuchBucket", `{"mode":"report","buckets":["nowhere"]}`, nil, "", 404, false, ""},
		{"NoSuchCursor", `{"mode":"report","cursor":"22/x~0"}`, nil, "", 400, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			if tt.list != nil {
				m.Errs[""], m.Listed = tt.list, 2
			}
			web, _ := newWeb(m, everything)
			w := web.service.Warden().(*ossenc.Warden)
			w.Mode = tt.mode
			rec := ask(t, web, "POST", "/sweep", tt.body)
			if rec.Code != tt.status {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			if tt.status != 200 {
				return
			}
			res := decoded[service.SweepResult](t, rec)
			if res.Plan == nil || res.Plan.Check(res.Plan.Digest) != nil || res.Complete != tt.complete || fmt.Sprint(res.Failures) != tt.failures || (len(res.Errors) > 0) != (tt.list != nil) {
				t.Errorf("%s", rec.Body)
			}
		})
	}
}
