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
}

type ownerXML struct {
	ID          string
	DisplayName string
}

type infoXML struct {
	XMLName xml.Name      `xml:"BucketInfo"`
	Bucket  infoBucketXML `xml:"Bucket"`
}

type infoBucketXML struct {
	CreationDate           string
	ExtranetEndpoint       string
	IntranetEndpoint       string
	Location               string
	StorageClass           string
	DataRedundancyType     string
	TransferAcceleration   string
	CrossRegionReplication string
	Name                   string
	Owner                  ownerXML
	Grant                  string `xml:"AccessControlList>Grant"`
	Rule                   infoRuleXML
}

// infoRuleXML is flat, unlike the answer of GetBucketEncryption.
type infoRuleXML struct {
	XMLName           xml.Name `xml:"ServerSideEncryptionRule"`
	Algorithm         string   `xml:"SSEAlgorithm"`
	KMSKeyID          *string  `xml:"KMSMasterKeyID"`
	KMSDataEncryption string   `xml:"KMSDataEncryption,omitempty"`
}

type locationXML struct {
	XMLName xml.Name `xml:"LocationConstraint"`
	Text    string   `xml:",chardata"`
}

func extranet(region string) string { return "oss-" + region + realSuffix }

func intranet(region string) string { return "oss-" + region + "-internal" + realSuffix }

func (b *bucketState) creationDate() string { return b.Created.UTC().Format(timeXML) }

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
	if !ok {
		s.insert(b)
		s.watch(Access{Request: c.request, Bucket: b.Name, After: b.Rule})
		old = b
	}
	if f := old.conflict(b); f != nil {
		return answer{}, f.with("BucketName", b.Name)
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
	}
	return nil
}

// newBucket reads the wanted bucket from the request, with the encryption
// headers that the service honours without documenting them for PutBucket.
func (c *call) newBucket(now time.Time) (*bucketState, *failure) {
	config := createXML{StorageClass: "Standard"}
	if len(c.body) > 0 {
		if f := decode(c.body, &config); f != nil {
			return nil, f
		}
	}
	if !slices.Contains([]string{"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"}, config.StorageClass) {
		return nil, known("MalformedXML")
	}
	rule, f := c.ruleHeaders()
	return &bucketState{Bucket: Bucket{
		Name: c.target.bucket, Region: c.region, Owner: c.account,
		Created: now, Rule: rule, StorageClass: config.StorageClass,
	}}, f
}

func (c *call) ruleHeaders() (Rule, *failure) {
	h := c.http.Header
	rule := Rule{
		Algorithm:         h.Get("x-oss-server-side-encryption"),
		KMSKeyID:          h.Get("x-oss-server-side-encryption-key-id"),
		KMSDataEncryption: h.Get("x-oss-server-side-data-encryption"),
	}
	if rule.Algorithm == "" {
		return Rule{}, nil
	}
	return rule.accepted()
}

func deleteBucket(s *Server, c *call, b *bucketState) (answer, *failure) {
	s.remove(b.Name, c.request)
	return answer{status: http.StatusNoContent}, nil
}

func getLocation(_ *Server, _ *call, b *bucketState) (answer, *failure) {
	return document(locationXML{Text: "oss-" + b.Region}), nil
}

func getInfo(_ *Server, c *call, b *bucketState) (answer, *failure) {
	if b.Owner != c.account {
		return answer{}, notOwner(b)
	}
	return document(infoXML{Bucket: infoBucketXML{
		CreationDate:           b.creationDate(),
		ExtranetEndpoint:       extranet(b.Region),
		IntranetEndpoint:       intranet(b.Region),
		Location:               "oss-" + b.Region,
		StorageClass:           b.StorageClass,
		DataRedundancyType:     "LRS",
		TransferAcceleration:   "Disabled",
		CrossRegionReplication: "Disabled",
		Name:                   b.Name,
		Owner:                  ownerXML{b.Owner, b.Owner},
		Grant:                  "private",
		Rule:                   b.infoRule(),
	}}), nil
}

func (b *bucketState) infoRule() infoRuleXML {
	switch b.Rule.Algorithm {
	case "":
		return infoRuleXML{Algorithm: "None"}
	case "KMS":
		return infoRuleXML{Algorithm: "KMS", KMSKeyID: new(b.Rule.KMSKeyID), KMSDataEncryption: b.Rule.KMSDataEncryption}
	}
	return infoRuleXML{Algorithm: b.Rule.Algorithm}
}
