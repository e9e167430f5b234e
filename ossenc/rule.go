package ossenc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The values of SSEAlgorithm (PutBucketEncryption). OSS refuses any other with
// InvalidEncryptionAlgorithmError, EC 0005-00000003.
const (
	AES256 = "AES256" // SSE-OSS: keys owned by the service, AES-256
	SM4    = "SM4"    // SSE-OSS with the SM4 block cipher (GB/T 32907); also the only KMSDataEncryption value
	KMS    = "KMS"    // SSE-KMS: a key in Key Management Service
)

// defaultKeyAlias is the alias of the key that OSS uses for KMS without a key ID.
const defaultKeyAlias = "alias/acs/oss"

// Rule is a bucket's default server-side encryption rule. The zero Rule is "no
// rule": objects are stored as they come unless the upload itself asks for
// encryption. Rules made by [NewRule] compare with ==.
type Rule struct {
	// Algorithm is AES256, SM4 or KMS; empty for no rule.
	Algorithm string `json:"algorithm"`
	// KMSKeyID names the KMS key; empty means the KMS default key. KMS only.
	KMSKeyID string `json:"kms_key_id"`
	// KMSDataEncryption is SM4, or empty for AES-256 data keys. KMS only.
	KMSDataEncryption string `json:"kms_data_encryption"`
}

// NewRule returns the rule with these values in their normal form, or every
// reason why OSS should not be asked for it, joined. Combinations that OSS refuses
// are errors, and so are those that it silently drops.
func NewRule(algorithm, kmsKeyID, kmsDataEncryption string) (Rule, error) {
	var errs []error
	switch algorithm {
	case AES256, SM4:
		if kmsKeyID != "" {
			errs = append(errs, fmt.Errorf("a KMS key ID goes with algorithm KMS only, not with %s (OSS refuses it: InvalidArgument, EC 0005-00000204)", algorithm))
		}
		if kmsDataEncryption != "" {
			errs = append(errs, fmt.Errorf("KMS data encryption goes with algorithm KMS only, not with %s (OSS would silently drop it)", algorithm))
		}
	case KMS:
	default:
		errs = append(errs, fmt.Errorf("algorithm %q is none of AES256, KMS, SM4", algorithm))
	}
	if kmsDataEncryption != "" && kmsDataEncryption != SM4 {
		errs = append(errs, fmt.Errorf("KMS data encryption %q is not SM4; leave it out for AES-256 data keys (OSS refuses other values, EC 0005-00000203)", kmsDataEncryption))
	}
	if kmsKeyID != "" {
		_, err := ParseKeyName(kmsKeyID)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return Rule{}, err
	}
	return Rule{algorithm, kmsKeyID, kmsDataEncryption}.normal(), nil
}

// ObservedRule returns the rule that OSS reports in GetBucketEncryption. OSS
// stores any key ID, so that is taken as it is; an algorithm or a combination
// that this version does not know is an error, because to take it for "no rule"
// would overwrite what may be the strongest rule there is.
func ObservedRule(algorithm, kmsKeyID, kmsDataEncryption string) (Rule, error) {
	r, err := observed(Rule{algorithm, kmsKeyID, kmsDataEncryption})
	if err != nil {
		return Rule{}, fmt.Errorf("OSS reports a rule that this version does not know: %w", err)
	}
	return r, nil
}

// observed returns the rule in its normal form, if it is one that OSS can have.
func observed(given Rule) (Rule, error) {
	r := given.normal()
	known := r.Algorithm == KMS && (r.KMSDataEncryption == "" || r.KMSDataEncryption == SM4) ||
		(r.Algorithm == AES256 || r.Algorithm == SM4) && r.KMSKeyID == "" && r.KMSDataEncryption == ""
	if !known {
		return Rule{}, fmt.Errorf("SSEAlgorithm %.40q, KMSDataEncryption %.40q, with a key ID: %t", given.Algorithm, given.KMSDataEncryption, given.KMSKeyID != "")
	}
	return r, nil
}

// normal spells out-of-the-way forms of one rule the same, so that rules compare
// with == and a server's default never looks like a difference.
func (r Rule) normal() Rule {
	if isDefaultKeyName(r.KMSKeyID) {
		r.KMSKeyID = ""
	}
	if r.KMSDataEncryption == AES256 {
		r.KMSDataEncryption = ""
	}
	return r
}

// IsNone reports whether r is "no rule".
func (r Rule) IsNone() bool { return r == Rule{} }

// String returns the rule as one word for people and logs: none, AES256, SM4,
// KMS, KMS(key-id), KMS+SM4, KMS(key-id)+SM4.
func (r Rule) String() string {
	if r.IsNone() {
		return "none"
	}
	s := r.Algorithm
	if r.KMSKeyID != "" {
		s += "(" + r.KMSKeyID + ")"
	}
	if r.KMSDataEncryption != "" {
		s += "+" + r.KMSDataEncryption
	}
	return s
}

// MarshalJSON writes "no rule" as null and any other rule as an object with all
// three members.
func (r Rule) MarshalJSON() ([]byte, error) {
	if r.IsNone() {
		return []byte("null"), nil
	}
	b := make([]byte, 0, 96+len(r.KMSKeyID))
	b = appendJSON(append(b, `{"algorithm":`...), r.Algorithm)
	b = appendJSON(append(b, `,"kms_key_id":`...), r.KMSKeyID)
	b = appendJSON(append(b, `,"kms_data_encryption":`...), r.KMSDataEncryption)
	return append(b, '}'), nil
}

// appendJSON appends s as a string of JSON. What a valid rule holds needs no escapes,
// and a result has three rules, so that reflection for each would be a tenth of the
// allocations of an event.
func appendJSON(b []byte, s string) []byte {
	if s == "" || consistsOf(s, upperCase+"/_:.-") {
		return append(append(append(b, '"'), s...), '"')
	}
	quoted, _ := json.Marshal(s) // a string can always be encoded
	return append(b, quoted...)
}

// UnmarshalJSON reads what MarshalJSON writes, as strictly as [ObservedRule]: a rule
// that this version does not know, or another member, is an error.
func (r *Rule) UnmarshalJSON(b []byte) error {
	type plain Rule // without this method
	var read *plain
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		return err
	}
	if read == nil {
		*r = Rule{}
		return nil
	}
	known, err := observed(Rule(*read))
	if err != nil {
		return fmt.Errorf("this is not a rule: %w", err)
	}
	*r = known
	return nil
}
