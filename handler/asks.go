package handler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Ask is what a payload may ask for besides the check of a bucket.
type Ask string

// What may be asked for.
const (
	AskHTTP  Ask = "http"  // a request, as the event of an HTTP trigger
	AskSweep Ask = "sweep" // a sweep or an audit, by a timer or a person
	// AskConfigRule is a call of a Cloud Config rule. It has a setting of its own, so
	// lists do not name it.
	AskConfigRule Ask = "the evaluation of a Cloud Config rule"
)

// AskNone stands for an empty list.
const AskNone = "none"

// allAsks are those that a list may name.
var allAsks = []Ask{AskHTTP, AskSweep}

// Asks is what payloads may ask for. The zero value allows nothing.
type Asks struct {
	Allow []Ask
	// Refusal says which setting refuses the rest, as the end of a sentence.
	Refusal string
}

// ParseAsks reads http, sweep, both with a comma between them, or none.
func ParseAsks(s string) ([]Ask, error) {
	if s == AskNone {
		return nil, nil
	}
	var asks []Ask
	for name := range strings.SplitSeq(s, ",") {
		ask := Ask(strings.TrimSpace(name))
		if !slices.Contains(allAsks, ask) {
			return nil, fmt.Errorf("%.40q is none of http, sweep; none stands for an empty list", name)
		}
		asks = append(asks, ask)
	}
	return asks, nil
}

// check refuses what a payload of this kind asks for and may not.
func (a Asks) check(k kind) error {
	var ask Ask
	switch k {
	case httpRequest:
		ask = AskHTTP
	case sweepRequest:
		ask = AskSweep
	case configRule:
		ask = AskConfigRule
	case events:
		return nil // a hint, which anybody may give
	}
	if slices.Contains(a.Allow, ask) {
		return nil
	}
	return fmt.Errorf("the payload asks for %s, and %s", ask, cmp.Or(a.Refusal, "this function does not allow that"))
}
