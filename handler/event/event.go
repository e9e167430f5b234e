// Package event reads what EventBridge, message queues and ActionTrail deliver.
// It is pure: bytes go in, and out come hints about buckets.
//
// # What to call
//
// [Reader.Read] takes one payload and returns its events in their order. Each is
// a [*Notice] (a bucket to check), [*Ignored] (nothing to do) or [*Invalid] (it
// cannot be read).
//
// # What it promises
//
// An event is a hint: it says which bucket to check, and nothing else of it
// reaches a decision. [Reader.Read] never fails and never drops anything: what it cannot
// read is an [*Invalid]. No reason quotes the payload.
package event

import (
	"time"

	"bucketwarden/ossenc"
)

// Event is a [*Notice], an [*Ignored] or an [*Invalid].
type Event interface {
	// Head returns what is known of any event.
	Head() *Header
	sealed() // there are no other kinds
}

// Header is what an event says of itself. It is for logs and answers only.
type Header struct {
	// ID and Type are empty where the event has none, and short enough for a log
	// line.
	ID, Type string
	// Time is when it happened; zero if that is not known.
	Time time.Time
	// Bucket is the bucket it is about. Its name is valid, or empty if the event
	// names none; its account and region are hints.
	Bucket ossenc.Bucket
	// Repaired names the attributes that were changed or left out because the
	// CloudEvents SDK refuses them.
	Repaired []string

	origin bool // the bucket's account is the one that the event comes from
}

// owner notes the account that the event's data names as the bucket's. The account
// that the event comes from goes before it: EventBridge sets that one itself.
func (h *Header) owner(account string) {
	if account = accountID(account); account != "" && !h.origin {
		h.Bucket.Account = account
	}
}

// Head implements [Event].
func (h *Header) Head() *Header { return h }

func (*Header) sealed() {}

// Notice says that a bucket was created or its rule changed, so it is to be
// checked.
type Notice struct {
	Header
	// Created means that the bucket may be too new for OSS to know it everywhere.
	Created bool
	// OwnWrite means that our own write caused the event.
	OwnWrite bool
	// Trigger is the call that the record is of; nil for OSS's own event.
	Trigger *ossenc.Trigger
}

// Ignored asks for nothing.
type Ignored struct {
	Header
	Reason string
}

// Invalid cannot be read as an event, or names no bucket.
type Invalid struct {
	Header
	Reason string
}
