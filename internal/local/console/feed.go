package console

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/ossenc"
)

// Change is something that happened, and what the function made of it.
type Change struct {
	// ID counts changes from 1. Seq counts updates of all changes.
	ID  int `json:"id"`
	Seq int `json:"seq"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// What and By say it in plain words: "bucket created", "ossutil".
	What string `json:"what"`
	By   string `json:"by"`
	// Bucket and Region say where.
	Bucket string `json:"bucket"`
	Region string `json:"region"`
	// Due reports that events of it go to the function.
	Due bool `json:"due"`
	// Verdict is the function's; empty until it answers, or if no event was due.
	Verdict ossenc.Verdict `json:"verdict"`
	// Failed reports that the platform tries the event again.
	Failed bool `json:"failed"`
	// Before and After are the rules that the function found and left.
	Before string `json:"before"`
	After  string `json:"after"`
	// Reason is the function's sentence.
	Reason string `json:"reason"`
	// Took is how long the invocation took, in milliseconds.
	Took float64 `json:"took_ms"`
}

// maxChanges bounds what a feed keeps.
const maxChanges = 500

// Feed joins what happens in the local OSS with what the function answers to the
// events of it. The zero value is ready to use, by several goroutines.
type Feed struct {
	// Print receives each change once there is something to say: its verdict, or
	// that none is due. It is called by one goroutine at a time.
	Print func(Change)

	mu      sync.Mutex
	changes []*entry
	byEvent map[string]*entry // by request ID, in lower case; nil is muted
	last    int               // ID
	seq     int
	updated chan struct{} // closed at the next update
}

// entry is a change and the events that it waits for.
type entry struct {
	Change
	events   int             // that are due
	answered map[string]bool // by event ID
}

// Begin enters a change that so many events with this request ID are due for. With
// none the change is printed at once.
func (f *Feed) Begin(requestID string, c Change, events int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.Due = events > 0
	added := f.add(c)
	added.events = events
	if events > 0 {
		f.remember(requestID, added)
	}
	f.changed(added, events == 0)
}

// Mute ignores what the function answers to events with this request ID: those of
// its own writes.
func (f *Feed) Mute(requestID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remember(requestID, nil)
}

// Result enters what an invocation answered. Answers without results say nothing.
func (f *Feed) Result(_ []byte, r localfc.Result) {
	for _, one := range resultsOf(r) {
		f.result(one, r)
	}
}

// result is one bucket's part of an answer.
type result struct {
	ossenc.Result
	EventID   string `json:"event_id"`
	EventType string `json:"event_type"`
}

func resultsOf(r localfc.Result) []result {
	body := r.Payload
	if r.FunctionError != "" {
		body = []byte(r.ErrorMessage())
	}
	var answer struct{ Results []result }
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer.Results
}

func (f *Feed) result(got result, r localfc.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, known := f.byEvent[eventKey(got.EventID)]
	switch {
	case known && c == nil:
		return
	case !known:
		c = f.add(Change{What: "event " + got.EventType, By: "sent by hand", Bucket: got.Bucket, Region: got.Region})
	case !c.says(got):
		f.wake()
		return
	}
	c.Verdict, c.Failed, c.Reason = got.Verdict, got.Verdict.Failed(), got.Reason
	c.Before, c.After = got.Before.String(), got.After.String()
	c.Took = float64(r.Duration.Microseconds()) / 1000
	f.changed(c, true)
}

// says reports whether an answer says something new. A new bucket has two events,
// OSS's own and ActionTrail's, and they may be answered in any order: that one finds
// the bucket compliant only counts once the other one is answered too.
func (e *entry) says(got result) bool {
	e.answered[got.EventID] = true
	if e.Verdict != "" {
		return e.Failed != got.Verdict.Failed() || e.Verdict != got.Verdict && got.Verdict == ossenc.Fixed
	}
	quiet := got.Verdict == ossenc.Compliant || got.Verdict == ossenc.Ignored
	return !quiet || len(e.answered) >= e.events
}

// eventKey is the request ID in the ID of either event.
func eventKey(eventID string) string { return strings.TrimPrefix(strings.ToLower(eventID), "at-") }

// add, remember and changed need the lock.
func (f *Feed) add(c Change) *entry {
	f.last++
	c.ID = f.last
	if c.Time.IsZero() {
		c.Time = time.Now()
	}
	added := &entry{Change: c, answered: map[string]bool{}}
	f.changes = append(f.changes, added)
	if len(f.changes) > maxChanges {
		f.changes = f.changes[1:]
	}
	return added
}

func (f *Feed) remember(requestID string, c *entry) {
	if f.byEvent == nil || len(f.byEvent) > 4*maxChanges {
		f.byEvent = map[string]*entry{}
	}
	f.byEvent[eventKey(requestID)] = c
}

func (f *Feed) changed(c *entry, printed bool) {
	f.seq++
	c.Seq = f.seq
	f.wake()
	if printed && f.Print != nil {
		f.Print(c.Change)
	}
}

// wake lets those look again who wait. It needs the lock.
func (f *Feed) wake() {
	if f.updated != nil {
		close(f.updated)
		f.updated = nil
	}
}

// Since returns the changes with updates after seq, oldest first. It waits for one
// until ctx ends.
func (f *Feed) Since(ctx context.Context, seq int) []Change {
	for {
		found, updated := f.since(seq)
		if len(found) > 0 {
			return found
		}
		select {
		case <-updated:
		case <-ctx.Done():
			return nil
		}
	}
}

func (f *Feed) since(seq int) ([]Change, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []Change
	for _, c := range f.changes {
		if c.Seq > seq {
			found = append(found, c.Change)
		}
	}
	if f.updated == nil {
		f.updated = make(chan struct{})
	}
	return found, f.updated
}

// Answer waits until the function answered all events of a request, so that none of
// them finds what the caller changes next, or until ctx ends. It reports whether
// there is a verdict.
func (f *Feed) Answer(ctx context.Context, requestID string) (Change, bool) {
	for {
		c, all, updated := f.answered(requestID)
		if all {
			return c, true
		}
		select {
		case <-updated:
		case <-ctx.Done():
			return c, c.Verdict != ""
		}
	}
}

func (f *Feed) answered(requestID string) (c Change, all bool, updated <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.updated == nil {
		f.updated = make(chan struct{})
	}
	if e := f.byEvent[eventKey(requestID)]; e != nil {
		return e.Change, e.Verdict != "" && len(e.answered) >= e.events, f.updated
	}
	return Change{}, false, f.updated
}
