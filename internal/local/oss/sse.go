package oss

import "strings"

// KMS is where OSS finds the keys of uploads.
type KMS interface {
	// KeyForOSS returns the ID of the key that name stands for in a region, or the
	// OSS error code, such as KeyNotFound or KeyDisabled, that keeps OSS from
	// using it. An empty name is the key that OSS makes for the account.
	KeyForOSS(region, account, name string) (keyID, code string)
}

// encryptionOf says how an upload into b is encrypted: as its own headers ask, or
// else by the bucket's rule. It fails as the upload does if KMS has no such key.
func (s *Server) encryptionOf(c *call, b *bucketState) (Rule, *failure) {
	for name := range c.http.Header {
		if strings.HasPrefix(name, "X-Oss-Server-Side-Encryption-Customer-") {
			return Rule{}, notHere("encryption with keys of customers (SSE-C)")
		}
	}
	rule, f := c.ruleHeaders()
	if f != nil {
		return Rule{}, f
	}
	if rule == (Rule{}) {
		rule = b.Rule
	}
	return s.withKey(b, rule)
}

// withKey replaces the name of a key by its ID, and finds the one for no name.
func (s *Server) withKey(b *bucketState, r Rule) (Rule, *failure) {
	if r.Algorithm != "KMS" || s.opts.KMS == nil {
		return r, nil
	}
	id, code := s.opts.KMS.KeyForOSS(b.Region, b.Owner, r.KMSKeyID)
	if code != "" {
		return r, known(code).with("KmsKeyId", r.KMSKeyID)
	}
	r.KMSKeyID = id
	return r, nil
}

// describe adds the headers that show how an object is encrypted.
func (r Rule) describe(a answer) answer {
	for _, e := range []element{
		{"x-oss-server-side-encryption", r.Algorithm},
		{"x-oss-server-side-encryption-key-id", r.KMSKeyID},
		{"x-oss-server-side-data-encryption", r.KMSDataEncryption},
	} {
		if e.value != "" {
			a = a.with(e.name, e.value)
		}
	}
	return a
}
