package handler

import "bucketwarden/ossenc"

// isUnread reports whether it is not known how a bucket's rule compares with the
// wanted one.
func isUnread(res ossenc.Result) bool {
	return res.Verdict == ossenc.Unknown || res.Verdict == ossenc.Rejected
}

// needsALook reports whether somebody should do something about a bucket, if
// only find out.
func needsALook(res ossenc.Result) bool {
	return res.Verdict.Failed() || res.Verdict == ossenc.WouldFix
}

// ruleOf is the rule in force in one word; empty if it is not known.
func ruleOf(res ossenc.Result) string {
	if !res.Observed {
		return ""
	}
	return res.After.String()
}

// algorithmOf names the rule in force without its key: none, AES256, SM4, KMS,
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
