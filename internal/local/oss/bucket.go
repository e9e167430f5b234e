package oss

import (
	"encoding/xml"
	"net/http"
	"slices"
	"time"
)

type createXML struct {
	XMLName      xml.Name `xml:"CreateBucketConfiguration"`
	StorageClass string   `xml:"StorageClass"`
	Redundancy   string   `xml:"DataRedundancyType"`
}

type ownerXML struct {
	ID          string
	DisplayName string
}

type locationXML struct {
	XMLName xml.Name `xml:"LocationConstraint"`
	Text    string   `xml:",chardata"`
}

func extranet(region string) string { return "oss-" + region + realSuffix }

func intranet(region string) string { return "oss-" + region + "-internal" + realSuffix }

// maxBuckets bounds what one account can create over the wire.
const maxBuckets = 10_000

// creationDate has whole seconds: the service always writes .000Z, and the Python
// client accepts nothing else.
func (b *bucketState) creationDate() string {
	return b.Created.UTC().Truncate(time.Second).Format(timeXML)
}

// putBucket creates in the region of the endpoint. Repeating it is a success
// that changes nothing, as long as it would not move or convert the bucket.
func putBucket(s *Server, c *call) (answer, *failure) {
	b, f := c.newBucket(s.opts.Now())
	if f != nil {
		return answer{}, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.buckets[b.Name]
	switch {
	case !ok && len(s.buckets) >= maxBuckets:
		return answer{}, known("TooManyBuckets")
	case !ok:
		s.insert(b)
		s.watch(Access{Request: c.request, Bucket: b.Name, After: b.Rule})
		old = b
	}
	if f := old.conflict(b); f != nil {
		return answer{}, f.with("BucketName", b.Name)
	}
	if c.http.Header.Get("x-oss-acl") != "" {
		old.ACL = b.ACL
	}
	return answer{status: http.StatusOK, location: "/" + b.Name}, nil
}

func (b *bucketState) conflict(wanted *bucketState) *failure {
	switch {
	case b.Owner != wanted.Owner:
		return known("BucketAlreadyExists")
	case b.Region != wanted.Region:
		return known("BucketAlreadyExists").because("Bucket already exists can't modify location.", "")
	case b.StorageClass != wanted.StorageClass:
		return known("BucketAlreadyExists").because("Cannot modify existing bucket's storage class.", "")
	case b.Redundancy != wanted.Redundancy:
		return known("BucketAlreadyExists").because("Cannot modify existing bucket's data redundancy type.", "")
	}
	return nil
}

// newBucket reads the bucket to create from the request, with the encryption
// headers that the service honours without documenting them for PutBucket.
func (c *call) newBucket(now time.Time) (*bucketState, *failure) {
	config := createXML{StorageClass: "Standard", Redundancy: "LRS"}
	if len(c.body) > 0 {
		if f := decode(c.body, &config); f != nil {
			return nil, f
		}
	}
	if !slices.Contains(storageClasses, config.StorageClass) || !slices.Contains([]string{"LRS", "ZRS"}, config.Redundancy) {
		return nil, known("MalformedXML")
	}
	acl := c.http.Header.Get("x-oss-acl")
	if acl != "" && !slices.Contains(bucketACLs, acl) {
		return nil, invalidACL(acl)
	}
	rule, f := c.ruleHeaders()
	c.request.Rule = rule
	return &bucketState{Bucket: Bucket{
		Name: c.target.bucket, Region: c.region, Owner: c.account, Created: now, Rule: rule,
		StorageClass: config.StorageClass, Redundancy: config.Redundancy, ACL: acl,
		ResourceGroup: c.http.Header.Get("x-oss-resource-group-id"),
	}.withDefaults(c.account, now)}, f
}

var storageClasses = []string{"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"}

// ruleHeaders reads the encryption that a creation or an upload asks for itself.
func (c *call) ruleHeaders() (Rule, *failure) {
	h := c.http.Header
	rule := Rule{
		Algorithm:         h.Get("x-oss-server-side-encryption"),
		KMSKeyID:          h.Get("x-oss-server-side-encryption-key-id"),
		KMSDataEncryption: h.Get("x-oss-server-side-data-encryption"),
	}
	switch {
	case rule == Rule{}:
		return Rule{}, nil
	case rule.Algorithm == "":
		return Rule{}, invalidArgument("x-oss-server-side-encryption is missing beside its key or its data algorithm.", "")
	}
	return rule.accepted()
}

func deleteBucket(s *Server, c *call, b *bucketState) (answer, *failure) {
	if len(b.objects) > 0 || len(b.uploads) > 0 {
		return answer{}, known("BucketNotEmpty").with("BucketName", b.Name)
	}
	s.remove(b.Name, c.request)
	return answer{status: http.StatusNoContent}, nil
}

func getLocation(_ *Server, _ *call, b *bucketState) (answer, *failure) {
	return document(locationXML{Text: "oss-" + b.Region}), nil
}
