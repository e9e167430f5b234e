package oss

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
)

type encryptionXML struct {
	XMLName xml.Name `xml:"ServerSideEncryptionRule"`
	Default *ruleXML `xml:"ApplyServerSideEncryptionByDefault"`
}

// ruleXML has the documented order of GetBucketEncryption.
type ruleXML struct {
	Algorithm         string `xml:"SSEAlgorithm"`
	KMSDataEncryption string `xml:"KMSDataEncryption,omitempty"`
	KMSKeyID          string `xml:"KMSMasterKeyID,omitempty"`
}

// decode reads exactly one XML document into v.
func decode(body []byte, v any) *failure {
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(v); err != nil {
		return known("MalformedXML")
	}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if text, ok := token.(xml.CharData); err != nil || !ok || len(bytes.TrimSpace(text)) > 0 {
			return known("MalformedXML")
		}
	}
}

func putEncryption(s *Server, c *call, b *bucketState) (answer, *failure) {
	var doc encryptionXML
	if f := decode(c.body, &doc); f != nil {
		return answer{}, f
	}
	if doc.Default == nil {
		return answer{}, known("MalformedXML")
	}
	rule, f := Rule{doc.Default.Algorithm, doc.Default.KMSKeyID, doc.Default.KMSDataEncryption}.accepted()
	if f != nil {
		return answer{}, f
	}
	c.request.Rule = rule
	s.write(c, b, rule, c.kept(rule))
	return answer{status: http.StatusOK}, nil
}

func getEncryption(s *Server, c *call, b *bucketState) (answer, *failure) {
	rule := b.read()
	s.watch(Access{Request: c.request, Bucket: b.Name, Before: b.Rule, After: b.Rule, Seen: rule})
	if rule == (Rule{}) {
		return answer{}, known("NoSuchServerSideEncryptionRule").with("BucketName", b.Name)
	}
	return document(encryptionXML{Default: &ruleXML{rule.Algorithm, rule.KMSDataEncryption, rule.KMSKeyID}}), nil
}

func deleteEncryption(s *Server, c *call, b *bucketState) (answer, *failure) {
	s.write(c, b, Rule{}, Rule{})
	return answer{status: http.StatusNoContent}, nil
}

// kept is what is stored of the rule that was asked for.
func (c *call) kept(r Rule) Rule {
	if c.keep == nil {
		return r
	}
	return c.keep(r)
}

// accepted returns the rule as the service stores it. The key ID is not looked
// up, so a made-up one is stored; KMSDataEncryption is silently dropped where it
// does not apply.
func (r Rule) accepted() (Rule, *failure) {
	switch r.Algorithm {
	case "AES256", "SM4":
		r.KMSDataEncryption = ""
		if r.KMSKeyID != "" {
			return r, invalidArgument("KMSMasterKeyID is not applicable if the default sse algorithm is not KMS", "0005-00000204")
		}
	case "KMS":
		if r.KMSDataEncryption != "" && r.KMSDataEncryption != "SM4" {
			return r, known("InvalidDataEncryptionAlgorithmError")
		}
	default:
		return r, known("InvalidEncryptionAlgorithmError")
	}
	return r, nil
}
