package rpc

import (
	"cmp"
	"crypto/hmac"
	"time"
)

const (
	maxSkew   = 15 * time.Minute
	timeISO   = "2006-01-02T15:04:05Z"
	maxNonces = 100_000
)

// AccessKey may sign requests.
type AccessKey struct {
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
	// Denied refuses every action of this key, as a RAM policy would.
	Denied bool
}

// AddAccessKey lets a key sign requests from now on, next to the other keys. A
// key with the same AccessKeyID is replaced.
func (g *Gateway) AddAccessKey(k AccessKey) {
	k.AccountID = cmp.Or(k.AccountID, g.opts.AccountID)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys[k.AccessKeyID] = k
}

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
	g.mu.Lock()
	key, ok := g.keys[sig.keyID]
	g.mu.Unlock()
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
	c.AccountID = key.AccountID
	return nil
}

// check looks at the clock and the token.
func (s signature) check(key AccessKey, now time.Time) *Failure {
	signed, err := time.Parse(timeISO, s.date)
	switch {
	case s.date == "":
		return known("IllegalTimestamp")
	case err != nil:
		return known("InvalidTimeStamp.Format")
	case signed.Sub(now).Abs() >= maxSkew:
		return known("InvalidTimeStamp.Expired")
	case key.SecurityToken != "" && s.token == "":
		return known("MissingSecurityToken")
	case key.SecurityToken != s.token:
		return known("InvalidSecurityToken.Malformed")
	case !key.Expires.IsZero() && !now.Before(key.Expires):
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
