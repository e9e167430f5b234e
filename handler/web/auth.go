package web

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Scope is what a caller may do.
type Scope string

// The scopes.
const (
	ScopeReport  Scope = "report"  // read rules
	ScopeApply   Scope = "apply"   // write a rule
	ScopeApprove Scope = "approve" // apply a plan by its digest; apply does not imply it
	ScopeRemove  Scope = "remove"  // remove a rule
	ScopeEvents  Scope = "events"  // deliver events

	scopePublic Scope = ""    // no caller needed
	scopeAny    Scope = "any" // a known caller, whatever it may do
)

var scopes = []Scope{ScopeReport, ScopeApply, ScopeApprove, ScopeRemove, ScopeEvents}

// AuthMode says how callers are authenticated.
type AuthMode string

// The modes.
const (
	// AuthNone is the default: HTTP is closed.
	AuthNone AuthMode = ""
	// AuthPlatform trusts the HTTP trigger, which must not be anonymous.
	AuthPlatform AuthMode = "platform"
	// AuthTokens asks for a bearer token, or for EventBridge's signature.
	AuthTokens AuthMode = "tokens"
)

// Auth says who may do what over HTTP. The zero value refuses everything.
type Auth struct {
	Mode   AuthMode
	Tokens []Token
	// Allow is what HTTP can do at all, for any caller.
	Allow []Scope
	// EventBridge may deliver events without a token; nil if it may not.
	EventBridge *EventBridge
	// ModeSetting and AllowSetting are the names of the settings behind Mode and
	// Allow, for messages.
	ModeSetting, AllowSetting string
}

// Token is a bearer token, known by its hash only.
type Token struct {
	// Name is for the log.
	Name   string
	Scopes []Scope
	Hash   [sha256.Size]byte
}

// callerEventBridge is who asks where EventBridge's signature says so.
const callerEventBridge = "eventbridge"

// check returns who asks, as far as that is known, and nil if the caller may use a
// route of this scope.
func (a Auth) check(x *exchange, scope Scope) (caller string, err error) {
	if scope == scopePublic {
		return "", nil
	}
	switch a.Mode {
	case AuthPlatform:
		return string(AuthPlatform), a.allowed(scope, scopes)
	case AuthTokens:
		return a.checkCaller(x, scope)
	}
	return "", problemf(codeForbidden, "HTTP is closed: set %s to platform (the trigger authenticates) or tokens (see docs/http.md)", cmp.Or(a.ModeSetting, "the auth mode"))
}

func (a Auth) checkCaller(x *exchange, scope Scope) (caller string, err error) {
	if a.EventBridge != nil && scope == ScopeEvents && x.req.Header.Get("Authorization") == "" && isSigned(x.req.Header) {
		allowed := func() error { return a.allowed(scope, []Scope{ScopeEvents}) }
		return callerEventBridge, a.EventBridge.check(x, allowed)
	}
	t, err := a.bearer(x.req.Header)
	if err != nil {
		return "", err
	}
	return t.Name, a.allowed(scope, t.Scopes)
}

// allowed returns nil if HTTP, and a caller with these scopes, may use a route.
func (a Auth) allowed(scope Scope, have []Scope) error {
	switch {
	case scope == scopeAny:
		return nil
	case !slices.Contains(have, scope):
		p := problemf(codeForbidden, "this token does not have the scope %s", scope)
		p.header = challenge(fmt.Sprintf(`, error="insufficient_scope", scope="%s"`, scope))
		return p
	case !slices.Contains(a.Allow, scope):
		return problemf(codeForbidden, "%s does not list %s, so HTTP cannot do this", cmp.Or(a.AllowSetting, "the list of allowed scopes"), scope)
	}
	return nil
}

// bearer returns the token that the request shows.
func (a Auth) bearer(h http.Header) (Token, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return Token{}, unauthorized("this needs a bearer token", "")
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if secret = strings.TrimSpace(secret); secret == "" {
		return Token{}, unauthorized("this needs a bearer token, and this one is empty", `, error="invalid_token"`)
	}
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i, t := range a.Tokens { // all of them, so that the time reveals nothing
		if subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 || len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return Token{}, unauthorized("this bearer token is not known", `, error="invalid_token"`)
	}
	return a.Tokens[found], nil
}

func unauthorized(detail, parameters string) *problem {
	p := problemf(codeUnauthorized, "%s", detail)
	p.header = challenge(parameters)
	return p
}

// challenge is what RFC 6750, section 3, asks for.
func challenge(parameters string) http.Header {
	return http.Header{"Www-Authenticate": {`Bearer realm="bucketwarden"` + parameters}}
}
