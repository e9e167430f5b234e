package oss

import "encoding/xml"

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
	AccessMonitor          string
	ResourceGroupID        string `xml:"ResourceGroupId"`
	BlockPublicAccess      bool
	Comment                string
	Name                   string
	Owner                  ownerXML
	Grant                  string `xml:"AccessControlList>Grant"`
	Rule                   infoRuleXML
	Policy                 bucketPolicyXML `xml:"BucketPolicy"`
}

// bucketPolicyXML is the logging configuration, whatever its name says.
type bucketPolicyXML struct {
	LogBucket string
	LogPrefix string
}

// infoRuleXML is flat, unlike the answer of GetBucketEncryption.
type infoRuleXML struct {
	XMLName           xml.Name `xml:"ServerSideEncryptionRule"`
	Algorithm         string   `xml:"SSEAlgorithm"`
	KMSKeyID          *string  `xml:"KMSMasterKeyID"`
	KMSDataEncryption string   `xml:"KMSDataEncryption,omitempty"`
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
		DataRedundancyType:     b.Redundancy,
		TransferAcceleration:   "Disabled",
		CrossRegionReplication: "Disabled",
		AccessMonitor:          "Disabled",
		ResourceGroupID:        b.ResourceGroup,
		Name:                   b.Name,
		Owner:                  ownerXML{b.Owner, b.Owner},
		Grant:                  b.ACL,
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
