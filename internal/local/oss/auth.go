package oss

import (
	"cmp"
	"crypto/hmac"
	"net/http"
	"strconv"
	"time"

	"bucketwarden/internal/local/wire"
)

const (
	algorithmV4     = "OSS4-HMAC-SHA256"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	timeISO         = "20060102T150405Z"
	maxPresigned    = 7 * 24 * 60 * 60 // seconds
)

// Key is an access key that may sign requests.
type Key = wire.AccessKey

// AddKey lets a key sign requests from now on, next to the other keys. A key
// with the same AccessKeyID is replaced.
func (s *Server) AddKey(k Key) { s.keys.Add(k) }

// RemoveKey makes the key unknown.
func (s *Server) RemoveKey(accessKeyID string) { s.keys.Remove(accessKeyID) }

// authenticate verifies the V4 signature and notes who called which endpoint.
func (s *Server) authenticate(c *call) *failure {
	auth, f := parseAuthorization(c.http)
	if f != nil {
		return f
	}
	c.request.AccessKeyID, c.request.Region, c.region = auth.keyID, auth.region, auth.region
	if f := auth.checkRegion(c.target); f != nil {
		return f
	}
	key, ok := s.keys.Find(auth.keyID)
	if !ok {
		return known("InvalidAccessKeyId").keyID(auth.keyID)
	}
	c.account = key.AccountID
	if f := s.verify(c, auth, key); f != nil {
		return f
	}
	if key.Denied {
		return known("AccessDenied")
	}
	return nil
}

func (s *Server) verify(c *call, auth authorization, key Key) *failure {
	date, f := auth.signingTime(c)
	if f != nil {
		return f
	}
	now := s.opts.Now()
	if f := auth.checkClock(date, now); f != nil {
		return f
	}
	if f := checkToken(key, auth.token(c), now); f != nil {
		return f
	}
	if v := c.http.Header.Get("x-oss-content-sha256"); v != "" && v != unsignedPayload {
		return invalidArgument("Invalid x-oss-content-sha256 header.", "0002-00000214")
	}
	text := auth.stringToSign(c, date.text)
	if want := auth.sign(key.AccessKeySecret, text); !hmac.Equal([]byte(want), []byte(auth.signature)) {
		return mismatch(auth, text)
	}
	return nil
}

// signingDate is when a request was signed: as the client wrote it, which is what
// it signed, and as a time.
type signingDate struct {
	text string
	time time.Time
}

// signingTime reads x-oss-date, or Date, which ossutil 1.7 and the Go SDK v1 sign
// as it stands in the header. It compares the day with the one in the credential.
func (a authorization) signingTime(c *call) (signingDate, *failure) {
	text := cmp.Or(c.http.Header.Get("x-oss-date"), c.http.Header.Get("Date"))
	if a.presigned {
		text = c.query.Get("x-oss-date")
	}
	if text == "" {
		return signingDate{}, accessDenied("OSS authentication requires a valid Date.", "0002-00000503")
	}
	signed, err := time.Parse(timeISO, text)
	if err != nil {
		signed, err = http.ParseTime(text)
	}
	if err != nil {
		return signingDate{}, accessDenied("OSS authentication requires a valid Date.", "0002-00000505")
	}
	if a.date != signed.UTC().Format("20060102") {
		return signingDate{}, invalidArgument("Invalid signing date in Authorization header.", "")
	}
	return signingDate{text, signed.UTC()}, nil
}

// checkClock bounds the age of a signature: 15 minutes, or what a signed URL says.
func (a authorization) checkClock(d signingDate, now time.Time) *failure {
	if !a.presigned {
		if d.time.Sub(now).Abs() >= wire.MaxSkew {
			return tooSkewed(d.time, now)
		}
		return nil
	}
	seconds, err := strconv.Atoi(a.expires)
	life := time.Duration(seconds) * time.Second
	switch {
	case err != nil, seconds <= 0, seconds > maxPresigned:
		return invalidArgument("Invalid x-oss-expires parameter: 1 to 604800 seconds.", "")
	case d.time.Sub(now) >= wire.MaxSkew:
		return tooSkewed(d.time, now)
	case !now.Before(d.time.Add(life)):
		return accessDenied("Request has expired.", "").
			with("Expires", d.time.Add(life).Format(timeXML)).
			with("ServerTime", now.UTC().Format(timeXML))
	}
	return nil
}

// token is the security token that came with the request.
func (a authorization) token(c *call) string {
	if a.presigned {
		return c.query.Get("x-oss-security-token")
	}
	return c.http.Header.Get("x-oss-security-token")
}

func checkToken(k Key, token string, now time.Time) *failure {
	switch {
	case k.SecurityToken == "" && token == "":
		return nil
	case k.SecurityToken == "":
		return known("InvalidAccessKeyId").because("", "0002-00000002").keyID(k.AccessKeyID)
	case token == "":
		return known("InvalidAccessKeyId").because(lostToken, "0002-00000003").keyID(k.AccessKeyID)
	case !hmac.Equal([]byte(token), []byte(k.SecurityToken)):
		return known("InvalidSecurityToken")
	case k.Expired(now):
		return known("SecurityTokenExpired")
	}
	return nil
}

const lostToken = "The OSS Access Key Id you provided does not exist in our records. " +
	"The Security Token may be lost to specify that it is a STS Access Id."

// checkRegion refuses a signature for another region than the host name's, or for
// one that does not exist.
func (a authorization) checkRegion(t target) *failure {
	if !KnownRegion(a.region) || t.region != "" && t.region != a.region {
		return invalidArgument("Invalid signing region in Authorization header.", "0002-00000226")
	}
	return nil
}
