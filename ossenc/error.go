package ossenc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code says what kind of failure it was. Programs act on the code, never on the
// text. The platform retries every failure a bounded number of times; Retryable
// says where that can help.
type Code string

// The codes, most urgent first: where several elements of a batch failed, the
// invocation carries the code that comes first here.
const (
	Internal     Code = "internal"     // a bug: a panic, or an unexpected answer
	Denied       Code = "denied"       // OSS refused who asks: permissions, credentials, account state
	Unrecognized Code = "unrecognized" // OSS reports a rule that this version does not know
	ForeignKey   Code = "foreign_key"  // the current KMS key is not one that the policy names
	Contested    Code = "contested"    // another writer changes the rule back, and the policy lets the function stop
	Unconfirmed  Code = "unconfirmed"  // written, but not seen in time
	Refused      Code = "refused"      // OSS or our own rules refuse the rule itself
	Unavailable  Code = "unavailable"  // network trouble or a 5xx answer
	Throttled    Code = "throttled"    // a QPS limit of OSS
	NotYet       Code = "not_yet"      // a bucket was created, and OSS does not know it yet
	Deadline     Code = "deadline"     // the invocation's time ran out
	NotFound     Code = "not_found"    // the bucket does not exist (for an event that is a success: gone)
	Invalid      Code = "invalid"      // the input: payload, bucket name, rule
)

var codesByUrgency = []Code{Internal, Denied, Unrecognized, ForeignKey, Contested, Unconfirmed, Refused, Unavailable, Throttled, NotYet, Deadline, NotFound, Invalid}

// Codes returns every code, the most urgent first.
func Codes() []Code { return slices.Clone(codesByUrgency) }

// MoreUrgent returns that one of the two codes that comes first in the list of
// codes. An empty code is the least urgent.
func MoreUrgent(a, b Code) Code {
	rank := func(c Code) int {
		if i := slices.Index(codesByUrgency, c); i >= 0 {
			return i
		}
		return len(codesByUrgency)
	}
	if rank(b) < rank(a) {
		return b
	}
	return a
}

// Retryable reports whether the same call may succeed later by itself.
func (c Code) Retryable() bool {
	switch c {
	case Internal, Unconfirmed, Unavailable, Throttled, NotYet, Deadline:
		return true
	}
	return false
}

// Error is a failed call. Its text is one line that is safe to show: it holds
// no key, no token and no part of a signed request. The cause behind Unwrap is
// for tests and debugging, not for showing.
type Error struct {
	Op        string // OSS operation, such as GetBucketEncryption
	Bucket    string // empty where no bucket is concerned
	Code      Code
	OSSCode   string // OSS's own Code, such as AccessDenied; empty without an answer
	EC        string // OSS's EC, such as 0003-00000001
	RequestID string // OSS's request ID
	Message   string // what was wrong, for people
	Err       error
}

// Error returns for example
//
//	GetBucketEncryption my-bucket: denied: You have no right (AccessDenied, EC 0003-00000001, request 5F...)
func (e *Error) Error() string {
	var details []string
	for _, d := range []struct{ name, value string }{{"", e.OSSCode}, {"EC ", e.EC}, {"request ", e.RequestID}} {
		if d.value != "" {
			details = append(details, d.name+d.value)
		}
	}
	s := string(e.Code) + ": " + e.Message
	if where := strings.TrimSpace(e.Op + " " + e.Bucket); where != "" {
		s = where + ": " + s
	}
	if len(details) > 0 {
		s += fmt.Sprintf(" (%s)", strings.Join(details, ", "))
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first [Error] in err's chain, and [Internal]
// for any other error, because an unexpected one is a bug.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
