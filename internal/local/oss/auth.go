package oss

import (
	"cmp"
	"crypto/hmac"
	"net/http"
	"strings"
	"time"
)

const (
	algorithmV4     = "OSS4-HMAC-SHA256"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	timeISO         = "20060102T150405Z"
	maxSkew         = 15 * time.Minute
)

// Key is an access key that may sign requests.
type Key struct {
	// AccessKeyID names the key in the signature.
	AccessKeyID string
	// AccessKeySecret makes the signature and never travels.
	AccessKeySecret string
	// SecurityToken belongs to temporary (STS) keys; empty means a long-lived key.
	SecurityToken string
	// Expires ends the life of the token; zero means never.
	Expires time.Time
	// AccountID is the account the key acts for; empty means Options.AccountID.
	AccountID string
}

// AddKey lets a key sign requests from now on, next to the other keys. A key
// with the same AccessKeyID is replaced.
func (s *Server) AddKey(k Key) {
	if k.AccountID == "" {
		k.AccountID = s.opts.AccountID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[k.AccessKeyID] = k
}

// RemoveKey makes the key unknown.
func (s *Server) RemoveKey(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, accessKeyID)
}

// authenticate verifies the V4 signature and notes who called which endpoint.
func (s *Server) authenticate(c *call) *failure {
	auth, f := parseAuthorization(c.http.Header.Get("Authorization"))
	if f != nil {
		return f
	}
	c.request.AccessKeyID, c.request.Region, c.region = auth.keyID, auth.region, auth.region
	if f := auth.checkRegion(c.target); f != nil {
		return f
	}
	s.mu.Lock()
	key, ok := s.keys[auth.keyID]
	s.mu.Unlock()
	if !ok {
		return known("InvalidAccessKeyId").keyID(auth.keyID)
	}
	c.account = key.AccountID
	return s.verify(c, auth, key)
}

func (s *Server) verify(c *call, auth authorization, key Key) *failure {
	signed, f := auth.signingTime(c.http.Header)
	if f != nil {
		return f
	}
	now := s.opts.Now()
	if signed.Sub(now).Abs() >= maxSkew {
		return tooSkewed(signed, now)
	}
	if f := key.checkToken(c.http.Header.Get("x-oss-security-token"), now); f != nil {
		return f
	}
	if v := c.http.Header.Get("x-oss-content-sha256"); v != "" && v != unsignedPayload {
		return invalidArgument("Invalid x-oss-content-sha256 header.", "0002-00000214")
	}
	text := auth.stringToSign(c, signed)
	if want := auth.sign(key.AccessKeySecret, text); !hmac.Equal([]byte(want), []byte(auth.signature)) {
		return mismatch(auth, text)
	}
	return nil
}

// signingTime reads x-oss-date, or Date as ossutil 1.7 signs it, and compares
// its day with the one in the credential.
func (a authorization) signingTime(h http.Header) (time.Time, *failure) {
	text := cmp.Or(h.Get("x-oss-date"), h.Get("Date"))
	if text == "" {
		return time.Time{}, accessDenied("OSS authentication requires a valid Date.", "0002-00000503")
	}
	signed, err := time.Parse(timeISO, text)
	if err != nil {
		signed, err = http.ParseTime(text)
	}
	if err != nil {
		return time.Time{}, accessDenied("OSS authentication requires a valid Date.", "0002-00000505")
	}
	if a.date != signed.UTC().Format("20060102") {
		return time.Time{}, invalidArgument("Invalid signing date in Authorization header.", "")
	}
	return signed.UTC(), nil
}

func (k Key) checkToken(token string, now time.Time) *failure {
	switch {
	case k.SecurityToken == "" && token == "":
		return nil
	case k.SecurityToken == "":
		return known("InvalidAccessKeyId").because("", "0002-00000002").keyID(k.AccessKeyID)
	case token == "":
		return known("InvalidAccessKeyId").because(lostToken, "0002-00000003").keyID(k.AccessKeyID)
	case !hmac.Equal([]byte(token), []byte(k.SecurityToken)):
		return known("InvalidSecurityToken")
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return known("SecurityTokenExpired")
	}
	return nil
}

const lostToken = "The OSS Access Key Id you provided does not exist in our records. " +
	"The Security Token may be lost to specify that it is a STS Access Id."

// checkRegion refuses a signature for another region than the host name's.
func (a authorization) checkRegion(t target) *failure {
	if strings.HasPrefix(a.region, "oss-") || t.region != "" && t.region != a.region {
		return invalidArgument("Invalid signing region in Authorization header.", "0002-00000226")
	}
	return nil
}
