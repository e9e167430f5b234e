package event

import (
	"slices"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

const bucketResource = "ACS::OSS::Bucket"

// names returns the bucket names of the record from the first place that holds a
// valid one.
func (r *record) names(subject string) []string {
	host, domain, _ := strings.Cut(r.EventSource, ".")
	if !strings.HasPrefix(domain, "oss-") || !strings.HasSuffix(domain, ".aliyuncs.com") {
		host = ""
	}
	for _, names := range [][]string{
		r.ReferencedResources[bucketResource],
		r.resourceNames(),
		{r.RequestParameters.BucketName, r.RequestParameters.Bucket},
		{subjectField(subject, 4)},
		{host},
	} {
		if valid := validNames(names); len(valid) > 0 {
			return valid
		}
	}
	return nil
}

// resourceNames reads resourceName: names of one type are joined by a comma, and
// several types, with their names, by a semicolon.
func (r *record) resourceNames() []string {
	names := strings.Split(r.ResourceName, ";")
	for i, t := range strings.Split(r.ResourceType, ";") {
		if t == bucketResource && i < len(names) {
			return strings.Split(names[i], ",")
		}
	}
	return nil
}

// maxNames is how many buckets one event can name; OSS's own name one.
const maxNames = 1000

// validNames returns the valid names, each once, and at most one more than maxNames.
func validNames(names []string) []string {
	var valid []string
	for _, n := range names {
		if len(valid) > maxNames {
			break
		}
		if ossenc.ValidBucketName(n) && !slices.Contains(valid, n) {
			valid = append(valid, n)
		}
	}
	return valid
}

// subjectField returns a field of acs:oss:region:account:bucket/key, counted
// from 0, without what follows a slash.
func subjectField(subject string, n int) string {
	fields := strings.SplitN(subject, ":", 5)
	if len(fields) < 5 {
		return ""
	}
	field, _, _ := strings.Cut(fields[n], "/")
	return field
}

// notices adds a notice for each bucket, all with what n already holds.
func (d *decoder) notices(n Notice, region, subject string, names []string) {
	valid := validNames(names)
	if len(valid) == 0 {
		valid = validNames([]string{subjectField(subject, 4)})
	}
	if len(valid) > maxNames {
		d.reject(n.Header, "the event names more than "+strconv.Itoa(maxNames)+" buckets")
		return
	}
	n.Bucket.Region = firstRegion(region, subjectField(subject, 2), n.Bucket.Region)
	for _, name := range valid {
		one := n
		one.Bucket.Name = name
		d.add(&one)
	}
	if len(valid) == 0 {
		d.reject(n.Header, "the event names no valid bucket")
	}
}

// firstRegion returns the first of the values that could be a region, or "": a
// wrong hint costs a call, no hint at all costs none.
func firstRegion(values ...string) string {
	for _, v := range values {
		if id := regionID(v); id != "" {
			return id
		}
	}
	return ""
}

// accountID returns s if it could be the ID of an account, else "".
func accountID(s string) string {
	if !ossenc.ValidAccountID(s) {
		return ""
	}
	return s
}

// regionID takes cn-hangzhou and the OSS location oss-cn-hangzhou alike.
func regionID(s string) string {
	s = strings.TrimPrefix(s, "oss-")
	if !ossenc.ValidRegion(s) {
		return ""
	}
	return s
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
