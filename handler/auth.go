package handler

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Scope is what a caller may do.
type Scope string

// The scopes.
const (
	ScopeReport Scope = "report" // read rules
	ScopeApply  Scope = "apply"  // write a rule
	ScopeRemove Scope = "remove" // remove a rule
	ScopeEvents Scope = "events" // deliver events

	scopePublic Scope = ""    // no caller needed
	scopeAny    Scope = "any" // a known caller, whatever it may do
)

var scopes = []Scope{ScopeReport, ScopeApply, ScopeRemove, ScopeEvents}

// AuthMode says who finds out who asks.
type AuthMode string

// The modes.
const (
	// AuthNone is the default: nobody may do anything.
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
	// Allow is what HTTP can do at all, whoever asks.
	Allow []Scope
	// EventBridge may deliver events without a token; nil if it may not.
	EventBridge *EventBridge
}

// Token is a bearer token, known by its hash only.
type Token struct {
	// Name is for the log.
	Name   string
	Scopes []Scope
	Hash   [sha256.Size]byte
}

// ParseTokens reads name:scope+scope:hash, with commas between several, and
// returns every mistake, joined. The hash is the SHA-256 of the token in hex.
func ParseTokens(s string) ([]Token, error) {
	var tokens []Token
	var errs []error
	for i, entry := range list(s) {
		t, err := parseToken(entry)
		if slices.ContainsFunc(tokens, func(o Token) bool { return o.Name == t.Name || o.Hash == t.Hash }) && err == nil {
			err = errors.New("its name or its token is that of an earlier entry")
		}
		if err != nil { // without the entry: somebody may have put the token itself there
			errs = append(errs, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		tokens = append(tokens, t)
	}
	return tokens, errors.Join(errs...)
}

func parseToken(entry string) (Token, error) {
	parts := strings.Split(entry, ":")
	if len(parts) != 3 || parts[0] == "" || !madeOf(parts[0], letters+"_.-") {
		return Token{}, errors.New("write name:scope+scope:hash, with the SHA-256 of the token in hex (printf %s \"$TOKEN\" | sha256sum)")
	}
	allowed, err := parseScopes(strings.Split(parts[1], "+"))
	if err != nil {
		return Token{}, err
	}
	t := Token{Name: parts[0], Scopes: allowed}
	hash, err := hex.DecodeString(parts[2])
	if err != nil || len(hash) != len(t.Hash) {
		return Token{}, errors.New("the hash is not a SHA-256 in hex (printf %s \"$TOKEN\" | sha256sum)")
	}
	copy(t.Hash[:], hash)
	return t, nil
}

// ParseScopes reads scopes with commas between them.
func ParseScopes(s string) ([]Scope, error) { return parseScopes(list(s)) }

func parseScopes(names []string) ([]Scope, error) {
	var all []Scope
	for _, name := range names {
		if !slices.Contains(scopes, Scope(name)) {
			return nil, fmt.Errorf("a scope is one of %v", scopes)
		}
		all = append(all, Scope(name))
	}
	return all, nil
}

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz0123456789-"
	letters   = lowerCase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// madeOf reports whether s has no other characters than those, and not too many.
func madeOf(s, characters string) bool { return len(s) <= 255 && strings.Trim(s, characters) == "" }

func list(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}

// check returns nil if the caller may use a route of this scope.
func (a Auth) check(x *exchange, scope Scope) error {
	if scope == scopePublic {
		return nil
	}
	switch a.Mode {
	case AuthPlatform:
		x.by = string(AuthPlatform)
		return a.allowed(scope, scopes)
	case AuthTokens:
		return a.checkCaller(x, scope)
	}
	return problemf(codeForbidden, "nobody may use this function over HTTP yet: set WARDEN_HTTP_AUTH to platform (the trigger authenticates) or tokens (see docs/http.md)")
}

func (a Auth) checkCaller(x *exchange, scope Scope) error {
	if a.EventBridge != nil && scope == ScopeEvents && x.req.Header.Get("Authorization") == "" && isSigned(x.req.Header) {
		if err := a.EventBridge.check(x); err != nil {
			return err
		}
		x.by = "eventbridge"
		return a.allowed(scope, []Scope{ScopeEvents})
	}
	t, err := a.bearer(x.req.Header)
	if err != nil {
		return err
	}
	x.by = t.Name
	return a.allowed(scope, t.Scopes)
}

// allowed reports whether HTTP, and whoever has the scopes, may use a route.
func (a Auth) allowed(scope Scope, have []Scope) error {
	switch {
	case scope == scopeAny:
		return nil
	case !slices.Contains(have, scope):
		p := problemf(codeForbidden, "this token does not have the scope %s", scope)
		p.header = challenge(fmt.Sprintf(`, error="insufficient_scope", scope="%s"`, scope))
		return p
	case !slices.Contains(a.Allow, scope):
		return problemf(codeForbidden, "WARDEN_HTTP_ALLOW does not list %s, so HTTP cannot do this", scope)
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
	hash := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	found := -1
	for i, t := range a.Tokens { // all of them, so that the time tells nothing
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
