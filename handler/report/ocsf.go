package report

import (
	"cmp"

	"bucketwarden/ossenc"
)

// ocsfReport is one Compliance Finding (class 2003) of the Open Cybersecurity Schema
// Framework 1.8.0 in each line, and one more about the report itself.
type ocsfReport struct {
	*printer
	v View
}

func newOCSF(p *printer, v View) writer { return &ocsfReport{p, v} }

// ocsfCheck is what is checked, in the form of an identifier.
const ocsfCheck = "oss_bucket_default_encryption"

// The values of compliance.status_id; 2 means that there is no result for lack of
// information.
const (
	ocsfUnknown = 0
	ocsfPass    = 1
	ocsfWarning = 2
	ocsfFail    = 3
)

var ocsfStatus = map[int]string{ocsfUnknown: "Unknown", ocsfPass: "Pass", ocsfWarning: "Warning", ocsfFail: "Fail"}

// object is a JSON object. Its members are written in the order of their names.
type object = map[string]any

func (o *ocsfReport) begin() {}

func (o *ocsfReport) row(r row) {
	res := r.Result
	account := cmp.Or(res.Account, o.v.Account)
	status := ocsfStatusOf(res)
	reason := cmp.Or(res.Reason, string(res.Verdict))
	f := o.finding(status, ocsfCheck+"-"+account+"-"+res.Region+"-"+res.Bucket, reason)
	o.setActivity(f, r)
	f["cloud"] = ocsfCloud(account, o.v.nameOf(account), res.Region)
	f["compliance"] = object{
		"control": ocsfCheck, "status_id": status, "status": ocsfStatus[status], "status_code": string(res.Verdict),
		"status_details": []string{reason}, "standards": ocsfStandards(), "requirements": ocsfRequirements(), "checks": ocsfChecks(res),
	}
	f["resources"] = []object{{
		"uid": "acs:oss:" + res.Region + ":" + account + ":" + res.Bucket, "name": res.Bucket, "type": "ACS::OSS::Bucket", "region": res.Region,
		"data": object{"rule": ruleOf(res), "required": requiredOf(res), "verdict": res.Verdict, "code": res.Code, "policy_rule": res.PolicyRule, "oss_request_id": res.OSSRequestID},
	}}
	if r.change != "" {
		f["resources"].([]object)[0]["data"].(object)["change"] = r.change
	}
	if r.change != "" && !r.openSince.IsZero() { // alone, a report does not know what was first
		f["finding_info"].(object)["first_seen_time"] = r.openSince.UnixMilli()
	}
	if required := requiredOf(res); status == ocsfFail && required != "" {
		f["remediation"] = object{"desc": "Set the bucket's default encryption to " + required + " or stronger."}
	}
	o.print(encoded(f), "\n")
}

// finding is what all findings have in common.
func (o *ocsfReport) finding(status int, uid, message string) object {
	milliseconds := o.v.Now.UnixMilli()
	severity, severityName := 1, "Informational"
	if status == ocsfFail || status == ocsfWarning {
		severity, severityName = 3, "Medium"
	}
	return object{
		"category_uid": 2, "category_name": "Findings", "class_uid": 2003, "class_name": "Compliance Finding",
		"activity_id": 1, "activity_name": "Create", "type_uid": 200301, "type_name": "Compliance Finding: Create",
		"severity_id": severity, "severity": severityName, "status_id": 1, "status": "New",
		"time": milliseconds, "message": message,
		"metadata": object{
			"version": "1.8.0", "profiles": []string{"cloud"}, "event_code": ocsfCheck,
			"product": object{"name": "Bucketwarden", "vendor_name": "Bucketwarden", "version": cmp.Or(o.v.Origin.Version, "unknown")},
		},
		"finding_info": object{
			"uid": "bucketwarden-" + uid, "title": "OSS bucket default encryption", "created_time": milliseconds,
			"desc":     "The bucket's default server-side encryption rule, compared with the required one.",
			"analytic": object{"type_id": 1, "type": "Rule", "uid": ocsfCheck, "name": "OSS bucket default encryption"},
		},
	}
}

// setActivity closes the finding of a bucket that was fixed or is gone, updates one that
// an earlier report has, and suppresses that of an exempt one.
func (o *ocsfReport) setActivity(f object, r row) {
	activity := func(id int, name string) {
		f["activity_id"], f["activity_name"], f["type_uid"], f["type_name"] = id, name, 200300+id, "Compliance Finding: "+name
	}
	switch {
	case r.Verdict == ossenc.Exempt:
		f["status_id"], f["status"] = 3, "Suppressed"
	case r.Verdict == ossenc.Gone:
		activity(3, "Close")
		f["status_id"], f["status"] = 5, "Archived"
	case r.Verdict == ossenc.Fixed, r.change == ChangeFixed:
		activity(3, "Close")
		f["status_id"], f["status"] = 4, "Resolved"
	case r.change == ChangeOpen, r.change == ChangeWorse:
		activity(2, "Update")
	}
}

func ocsfStatusOf(res ossenc.Result) int {
	switch {
	case isUnread(res):
		return ocsfWarning
	case res.Verdict == ossenc.Gone:
		return ocsfUnknown
	case needsAttention(res), res.Verdict == ossenc.Exempt:
		return ocsfFail
	}
	return ocsfPass
}

func ocsfCloud(account, name, region string) object {
	cloud := object{"provider": "Alibaba Cloud"}
	if region != "" {
		cloud["region"] = region
	}
	if account != "" {
		of := object{"uid": account, "type_id": 99, "type": "Alibaba Cloud Account"}
		if name != "" {
			of["name"] = name
		}
		cloud["account"] = of
	}
	return cloud
}

func ocsfStandards() []string {
	var all []string
	for _, c := range controls {
		if len(all) == 0 || all[len(all)-1] != c.standard {
			all = append(all, c.standard)
		}
	}
	return all
}

func ocsfRequirements() []string {
	var all []string
	for _, c := range controls {
		all = append(all, c.standard+" "+c.id)
	}
	return all
}

func ocsfChecks(res ossenc.Result) []object {
	var all []object
	for _, c := range controls {
		status := ocsfUnknown
		switch {
		case res.Verdict == ossenc.Gone:
		case !res.Observed:
			status = ocsfWarning
		case c.test.holds(res.After):
			status = ocsfPass
		default:
			status = ocsfFail
		}
		all = append(all, object{"uid": c.id, "name": c.id, "desc": c.test.predicate, "standards": []string{c.standard}, "status_id": status, "status": ocsfStatus[status]})
	}
	return all
}

// end writes the finding about the report: whether all buckets were read, and the
// provenance.
func (o *ocsfReport) end(s *Summary) {
	status, message := ocsfPass, "every bucket was read"
	if !s.Complete {
		status, message = ocsfWarning, s.Missing
	}
	f := o.finding(status, "report-"+o.v.Account+"-"+s.Digest, message)
	f["metadata"].(object)["event_code"] = "bucketwarden_report"
	f["finding_info"].(object)["title"] = "Bucketwarden's report"
	f["finding_info"].(object)["desc"] = "Whether the report has every bucket, and where it comes from."
	f["cloud"] = ocsfCloud(o.v.Account, o.v.nameOf(o.v.Account), "")
	f["compliance"] = object{"control": "bucketwarden_report", "status_id": status, "status": ocsfStatus[status], "status_details": []string{message}, "standards": ocsfStandards()}
	f["unmapped"] = object{"bucketwarden": s}
	o.print(encoded(f), "\n")
}
