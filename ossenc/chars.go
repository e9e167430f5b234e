package ossenc

import "strings"

// What names consist of is checked by hand: compiling a regular expression with
// a bounded repeat costs every cold start up to half a millisecond.

// only reports whether s is not empty and every byte of it is a-z, 0-9 or one of
// others.
func only(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// keyIDLike covers key IDs, aliases and key ARNs. OSS itself stores any string
// and fails only when somebody uploads, so a typo is refused here.
func keyIDLike(s string) bool {
	return len(s) <= 255 && only(s, upper+"/_:.-") && only(s[:1], upper)
}

// ValidBucketName reports whether OSS could have a bucket of this name: 3 to 63
// characters a-z, 0-9 and -, no - at either end.
func ValidBucketName(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && only(name, "-") && name[0] != '-' && name[len(name)-1] != '-'
}

// ValidRegion reports whether s could be a region ID, such as cn-hangzhou. The
// form oss-cn-hangzhou is an OSS location, not a region ID.
func ValidRegion(s string) bool {
	area, places, _ := strings.Cut(s, "-")
	if len(s) > 40 || len(area) < 2 || area == "oss" || !only(area, "") || strings.ContainsAny(area, "0123456789") {
		return false
	}
	for place := range strings.SplitSeq(places, "-") {
		if !only(place, "") {
			return false
		}
	}
	return true
}

// regionOf returns the region of a public or internal endpoint, or "". The host
// itself is never used: where requests go is for [Endpoints] to say.
func regionOf(endpoint string) string {
	location, ours := cutDomain(endpoint)
	region, found := strings.CutPrefix(location, "oss-")
	if !ours || !found {
		return ""
	}
	return strings.TrimSuffix(region, "-internal")
}

// cutDomain returns what stands before .aliyuncs.com, and whether that is one
// label of a host of OSS.
func cutDomain(host string) (label string, ours bool) {
	label, ours = strings.CutSuffix(host, ".aliyuncs.com")
	return label, ours && only(label, "-")
}
