package report

import "bucketwarden/ossenc"

// isUnread reports whether it is not known how a bucket's rule compares with the
// required one.
func isUnread(res ossenc.Result) bool {
	return res.Verdict == ossenc.Unknown || res.Verdict == ossenc.Rejected
}

// needsAttention reports whether a person should do something about a bucket, if
// only find out more.
func needsAttention(res ossenc.Result) bool {
	return res.Verdict.Failed() || res.Verdict == ossenc.WouldFix
}

// ruleOf is the current rule in one word; empty if it is not known.
func ruleOf(res ossenc.Result) string {
	if !res.Observed {
		return ""
	}
	return res.After.String()
}

// requiredOf is the required rule in one word; empty if none is known.
func requiredOf(res ossenc.Result) string {
	if res.Wanted.IsNone() {
		return ""
	}
	return res.Wanted.String()
}

// algorithmOf names the current rule without its key: none, AES256, SM4, KMS,
// KMS+SM4; or unknown, or gone.
func algorithmOf(res ossenc.Result) string {
	switch {
	case res.Verdict == ossenc.Gone:
		return string(ossenc.Gone)
	case !res.Observed:
		return string(ossenc.Unknown)
	}
	rule := res.After
	rule.KMSKeyID = ""
	return rule.String()
}
