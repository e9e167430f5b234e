package event

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"bucketwarden/ossenc"
)

// nativeData is the part that is read of the data of oss:BucketCreated:PutBucket.
// Only oss.bucket.name is in the same place in every published sample.
type nativeData struct {
	EventName        string `json:"eventName"`
	Region           string `json:"region"`
	ResponseElements struct {
		RequestID string `json:"requestId"`
	} `json:"responseElements"`
	OSS struct {
		Region string `json:"region"`
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
	} `json:"oss"`
}

// native adds a bucket that OSS itself says was created. Without an envelope
// (RawData) h is empty.
func (d *decoder) native(data []byte, h Header, subject string) {
	var n nativeData
	_ = readFitting(data, &n) // what is missing is searched for elsewhere
	if h.Type == "" {
		h.Type, h.ID = "oss:"+n.EventName, n.ResponseElements.RequestID
		if h.Type != typeBucketCreated {
			d.ignore(h, "events of this type do not change a bucket's encryption")
			return
		}
	}
	region := cmp.Or(n.Region, n.OSS.Region)
	d.notices(Notice{Header: h, Created: true}, region, subject, []string{n.OSS.Bucket.Name})
}

// record is the part that is read of an ActionTrail management event.
type record struct {
	EventName           string              `json:"eventName"`
	EventType           string              `json:"eventType"`
	ServiceName         string              `json:"serviceName"`
	ErrorCode           json.RawMessage     `json:"errorCode"`
	ACSRegion           string              `json:"acsRegion"`
	EventSource         string              `json:"eventSource"`
	RequestID           string              `json:"requestId"`
	UserAgent           string              `json:"userAgent"`
	ReferencedResources map[string][]string `json:"referencedResources"`
	ResourceType        string              `json:"resourceType"`
	ResourceName        string              `json:"resourceName"`
	RequestParameters   struct {
		BucketName string `json:"bucketName"` // in any case
		Bucket     string `json:"bucket"`
	} `json:"requestParameters"`
	UserIdentity struct {
		Type     string `json:"type"`
		UserName string `json:"userName"`
	} `json:"userIdentity"`
}

// readFitting reads an object and leaves out what does not fit: the types of
// fields drift between the documents and the events that arrive.
func readFitting(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if misfit, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && misfit.Field != "" {
		return nil // encoding/json has read all the rest
	}
	return err
}

// record adds the buckets of an ActionTrail record. Without an envelope
// (RawData) h is empty.
func (d *decoder) record(data []byte, h Header, subject string) {
	var r record
	if err := readFitting(data, &r); err != nil {
		d.reject(h, "data is not an ActionTrail record")
		return
	}
	if h.Type == "" {
		h.Type, h.ID = "oss:ActionTrail:"+r.EventType, r.RequestID
	}
	n := Notice{Header: h}
	switch {
	case r.ServiceName != "" && !strings.EqualFold(r.ServiceName, "oss"):
		d.ignore(h, "the recorded call is not one to OSS")
		return
	case r.failed():
		// A failed PutBucket may name a bucket that belongs to another account.
		h.Bucket = ossenc.Bucket{Name: first(r.names(subject)), Account: h.Bucket.Account, Region: firstRegion(r.ACSRegion, h.Bucket.Region)}
		d.ignore(h, "the recorded call failed (errorCode), so it changed nothing")
		return
	}
	switch r.EventName {
	case "PutBucket", "CreateBucket":
		n.Created = true
	case "PutBucketEncryption":
		n.OwnWrite = r.ours(d.ownRole)
	case "DeleteBucketEncryption":
	default:
		d.ignore(h, "the recorded call does not change a bucket's encryption")
		return
	}
	d.notices(n, r.ACSRegion, subject, r.names(subject))
}

func (r *record) failed() bool {
	s := string(r.ErrorCode)
	return s != "" && s != "null" && s != `""`
}

// ours reports whether the function itself made the call. The user agent can be
// forged, so it never makes a bucket compliant: it only turns a would-be write
// into a visible failure.
func (r *record) ours(ownRole string) bool {
	if strings.Contains(r.UserAgent, ossenc.UserAgent) {
		return true
	}
	who := r.UserIdentity
	role, _, _ := strings.Cut(who.UserName, ":") // RoleName:SessionName
	return ownRole != "" && who.Type == "assumed-role" && strings.EqualFold(role, ownRole)
}

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

func validNames(names []string) []string {
	var valid []string
	for _, n := range names {
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
