package report

import (
	"strings"

	"bucketwarden/ossenc"
)

// reason says in the reader's language why a row is as it is: in one sentence, and for
// a failure in a second one what was answered. original is the reason as the log has it,
// where that is another text.
func (p *page) reason(res ossenc.Result, g group) (why, details, original string) {
	if res.Verdict.Failed() {
		why = p.failure(res)
		if p.v.Language == "en" {
			return why, res.Reason, ""
		}
		return why, p.answer(res), res.Reason
	}
	name := p.decision(res, g)
	if name == "" {
		return res.Reason, "", ""
	}
	why = p.with(name, res)
	if res.Verdict == ossenc.WouldFix && holdsBack(res.Mode) && res.Mode != p.v.Mode {
		why += " · " + p.t.with("rule_"+string(res.Mode), "rule", res.PolicyRule)
	}
	return why, "", ""
}

// holdsBack reports whether nothing is written in a mode without further ado.
func holdsBack(m ossenc.Mode) bool { return m == ossenc.ReportOnly || m == ossenc.Approve }

// decision names the text for a row that nothing failed for.
func (p *page) decision(res ossenc.Result, g group) string {
	present, wanted := res.After, res.Wanted
	switch {
	case g == groupGone:
		return "why_gone"
	case g == groupExempt && p.exemption(res.PolicyRule) == nil:
		return "" // the reason says which
	case g == groupExempt:
		return "why_exempt"
	case g == groupOK && present == wanted:
		return "why_same"
	case g == groupOK && present.Strength() == wanted.Strength():
		return "why_other_key"
	case g == groupOK:
		return "why_stronger"
	case present.IsNone():
		return "why_none"
	case res.Target != wanted && !res.Target.IsNone():
		return "why_joined"
	case present.Strength().AtLeast(wanted.Strength()):
		return "why_other" // only an exact comparison minds
	}
	return "why_weak"
}

// failure names what failed by its code, and by who answered: OSS refused only what it
// was asked for.
func (p *page) failure(res ossenc.Result) string {
	name := "code_" + string(res.Code)
	service := serviceOf(res)
	switch {
	case res.Code == ossenc.Denied && service != "OSS":
		name = "code_denied_by"
	case res.Code == ossenc.Refused && service == "KMS":
		name = "why_key_unusable"
	case res.Code == ossenc.Refused && res.Cause == nil && res.Observed && res.OSSCode == "":
		name = "why_no_key"
	case res.Code == ossenc.Refused && res.OSSCode == "":
		name = "why_not_possible"
	case (res.Code == ossenc.Unavailable || res.Code == ossenc.Throttled) && service != "OSS":
		name = "code_" + string(res.Code) + "_by"
	}
	return p.with(name, res)
}

// serviceOf is who gave the answer that failed a row.
func serviceOf(res ossenc.Result) string {
	if res.Cause == nil {
		return "OSS"
	}
	switch res.Cause.Op {
	case "DescribeKey":
		return "KMS"
	case "AssumeRole":
		return "STS"
	}
	return "OSS"
}

// answer is what a service answered: its operation and codes, and its own message as it
// came.
func (p *page) answer(res ossenc.Result) string {
	c := res.Cause
	if c == nil || c.Op == "" {
		return ""
	}
	parts := []string{c.Op}
	for _, one := range []struct{ name, value string }{{"", c.OSSCode}, {"EC ", c.EC}} {
		if one.value != "" {
			parts = append(parts, one.name+one.value)
		}
	}
	if c.OSSCode != "" && c.Message != "" {
		parts = append(parts, "“"+c.Message+"”")
	}
	return strings.Join(parts, " · ")
}

// with is a text with the values of a row.
func (p *page) with(name string, res ossenc.Result) string {
	values := []string{
		"present", shortened(p.rule(res)), "required", shortened(requiredOf(res)), "target", shortened(res.Target.String()), "region", res.Region,
		"rule", res.PolicyRule, "key", shortKey(res.After.KMSKeyID), "service", serviceOf(res), "until", "", "owner", "", "reason", "",
	}
	if res.Code == ossenc.Refused {
		values = append([]string{"key", shortKey(res.Wanted.KMSKeyID)}, values...)
	}
	if x := p.exemption(res.PolicyRule); x != nil {
		values = append([]string{"until", x.Until.String(), "owner", x.Owner, "reason", x.Reason}, values...)
	}
	return p.t.with(name, values...)
}

// exemption is that of a policy's rule; nil for none.
func (p *page) exemption(rule string) *ossenc.Exemption {
	for i := range p.v.Exemptions {
		if p.v.Exemptions[i].Rule == rule {
			return &p.v.Exemptions[i]
		}
	}
	return nil
}
