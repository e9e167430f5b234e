package ossenc

// KeyControl ranks who holds the key, weakest first.
type KeyControl int

// The ranks of KeyControl.
const (
	NoKey         KeyControl = iota // not encrypted by default
	ServiceKey                      // SSE-OSS: the service's keys (AES256, SM4)
	KMSDefaultKey                   // SSE-KMS with the key that OSS made, alias/acs/oss
	KMSNamedKey                     // SSE-KMS with a key that the owner chose
)

// Cipher ranks the data cipher. SM4 stands above AES256 not because it is
// harder to break but because it is only ever chosen on purpose, to meet a rule
// that AES256 does not meet; losing it would break that promise.
type Cipher int

// The ranks of Cipher.
const (
	NoCipher Cipher = iota
	CipherAES256
	CipherSM4
)

// Strength is what a rule protects with, as two ranks. It is a partial order:
// KMS with AES-256 and SM4 with the service's key are not comparable.
type Strength struct {
	Key    KeyControl
	Cipher Cipher
}

// Strength returns how strong the rule is.
func (r Rule) Strength() Strength {
	switch {
	case r.IsNone():
		return Strength{}
	case r.Algorithm == AES256:
		return Strength{ServiceKey, CipherAES256}
	case r.Algorithm == SM4:
		return Strength{ServiceKey, CipherSM4}
	}
	s := Strength{KMSDefaultKey, CipherAES256}
	if r.KMSKeyID != "" {
		s.Key = KMSNamedKey
	}
	if r.KMSDataEncryption == SM4 {
		s.Cipher = CipherSM4
	}
	return s
}

// AtLeast reports whether s is as strong as t in both ranks.
func (s Strength) AtLeast(t Strength) bool { return s.Key >= t.Key && s.Cipher >= t.Cipher }

// Join returns the least rule that is at least as strong as both. Two named
// keys rank the same, so the current one is kept: to exchange a key is not a
// question of strength, and objects written under the old one still need it.
func Join(current, required Rule) Rule {
	p, w := current.Strength(), required.Strength()
	switch {
	case p.AtLeast(w):
		return current
	case w.AtLeast(p) && (p.Key < KMSNamedKey || current.KMSKeyID == required.KMSKeyID):
		return required
	}
	// Rules of the service's keys have one order, so what is left needs KMS.
	joined := Rule{Algorithm: KMS, KMSKeyID: current.KMSKeyID}
	if p.Key < KMSNamedKey {
		joined.KMSKeyID = required.KMSKeyID
	}
	if max(p.Cipher, w.Cipher) == CipherSM4 {
		joined.KMSDataEncryption = SM4
	}
	return joined
}
