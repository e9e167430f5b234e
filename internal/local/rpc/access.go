package rpc

import (
	"crypto/hmac"
	"time"

	"bucketwarden/internal/local/wire"
)

const (
	timeISO   = "2006-01-02T15:04:05Z"
	maxNonces = 100_000
)

// AccessKey may sign requests.
type AccessKey = wire.AccessKey

// AddAccessKey lets a key sign requests from now on, next to the other keys. A
// key with the same AccessKeyID is replaced.
func (g *Gateway) AddAccessKey(k AccessKey) { g.keys.Add(k) }

// signature is what a request says about its own signature.
type signature struct {
	keyID, token, nonce, date string
	value                     string // as sent
	text                      string // the string to sign, as the server sees it
	sign                      func(secret, text string) string
}

// authenticate verifies the signature and notes who called.
func (g *Gateway) authenticate(c *Call) *Failure {
	sig, f := c.signature()
	if f != nil {
		return f
	}
	c.request.AccessKeyID = sig.keyID
	key, ok := g.keys.Find(sig.keyID)
	if !ok {
		return known("InvalidAccessKeyId.NotFound")
	}
	if f := sig.check(key, c.Now); f != nil {
		return f
	}
	if !hmac.Equal([]byte(sig.sign(key.AccessKeySecret, sig.text)), []byte(sig.value)) {
		return known("SignatureDoesNotMatch").because("Specified signature is not matched with our calculation. server string to sign is:" + sig.text)
	}
	if !g.firstUse(sig.keyID + " " + sig.nonce) {
		return known("SignatureNonceUsed")
	}
	if key.Denied {
		return known("NoPermission")
	}
	c.AccountID, c.Key = key.AccountID, key
	return nil
}

// check compares the clock and the token.
func (s signature) check(key AccessKey, now time.Time) *Failure {
	signed, err := time.Parse(timeISO, s.date)
	switch {
	case s.date == "":
		return known("IllegalTimestamp")
	case err != nil:
		return known("InvalidTimeStamp.Format")
	case signed.Sub(now).Abs() >= wire.MaxSkew:
		return known("InvalidTimeStamp.Expired")
	case key.SecurityToken != "" && s.token == "":
		return known("MissingSecurityToken")
	case key.SecurityToken != s.token:
		return known("InvalidSecurityToken.Malformed")
	case key.Expired(now):
		return known("InvalidSecurityToken.Expired")
	}
	return nil
}

// firstUse reports whether the nonce is new.
func (g *Gateway) firstUse(nonce string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.nonces[nonce] {
		return false
	}
	if len(g.nonces) >= maxNonces {
		clear(g.nonces)
	}
	g.nonces[nonce] = true
	return true
}
