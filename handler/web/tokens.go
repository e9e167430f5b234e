package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

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
		if err != nil { // without the entry: it may hold the token itself
			errs = append(errs, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		tokens = append(tokens, t)
	}
	return tokens, errors.Join(errs...)
}

// hashesOfNothing are those of an empty token, without and with a line feed.
var hashesOfNothing = [][sha256.Size]byte{sha256.Sum256(nil), sha256.Sum256([]byte("\n"))}

func parseToken(entry string) (Token, error) {
	parts := strings.Split(entry, ":")
	if len(parts) != 3 || parts[0] == "" || !consistsOf(parts[0], letters+"_.-") {
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
	if slices.Contains(hashesOfNothing, t.Hash) {
		return Token{}, errors.New("the hash is that of an empty token: the variable was not set where it was made")
	}
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
