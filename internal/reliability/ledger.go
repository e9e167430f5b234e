// Package reliability holds the function to its promises. A [Ledger] is kept by
// the local OSS: every look at a rule, every change of one, every attempt at
// either, in the order in which they happened. What the function claims is then
// compared with what was really in force.
//
// The tests in this package let things go wrong around the built binary;
// simulations in ossenc use the same ledger.
package reliability

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// Ledger is what happened in one local OSS. Set OnRule as the option of that
// name and call Attempt in the fault hook. It is safe for concurrent use.
type Ledger struct {
	mu       sync.Mutex
	accesses []localoss.Access
	attempts []attempt
	seen     map[string]bool // requests that really read a rule
}

// attempt is one call, whether or not it was carried out.
type attempt struct {
	localoss.Request
	spoilt bool // its answer did not arrive as it was meant
}

// OnRule enters a look or a change.
func (l *Ledger) OnRule(a localoss.Access) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[a.Request.RequestID] = true
	l.accesses = append(l.accesses, a)
}

// Attempt enters a call and the fault it meets, which may be nil, and returns
// that.
func (l *Ledger) Attempt(r localoss.Request, f *localoss.Fault) *localoss.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	spoilt := f != nil && (f.Reset || f.Truncate || f.Status != 0 || f.Code != "" || f.Body != nil)
	l.attempts = append(l.attempts, attempt{r, spoilt})
	return f
}

// Mark is a moment: the number of accesses so far.
func (l *Ledger) Mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accesses)
}

// Held reports whether the rule was in force for the bucket at any moment from
// mark on.
func (l *Ledger) Held(bucket string, r ossenc.Rule, mark int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rule, ok := l.at(bucket, mark)
	if ok && rule == r {
		return true
	}
	for _, a := range l.accesses[mark:] {
		if a.Bucket == bucket && !a.Gone && RuleOf(a.After) == r {
			return true
		}
	}
	return false
}

// Misled reports whether a look of the key's at the bucket was answered with what
// had been in force before.
func (l *Ledger) Misled(key, bucket string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.accesses, func(a localoss.Access) bool {
		return a.Request.AccessKeyID == key && a.Bucket == bucket && a.Request.Operation == "GetBucketEncryption" && a.Seen != a.Before
	})
}

// at is the rule in force at mark, and whether there was a bucket.
func (l *Ledger) at(bucket string, mark int) (ossenc.Rule, bool) {
	for i := mark - 1; i >= 0; i-- {
		if a := l.accesses[i]; a.Bucket == bucket {
			return RuleOf(a.After), !a.Gone
		}
	}
	return ossenc.Rule{}, false
}

// Writes returns how often a key changed the bucket's rule, or tried to.
func (l *Ledger) Writes(key, bucket string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.attempts {
		if a.AccessKeyID == key && a.Bucket == bucket && isWrite(a.Request) {
			n++
		}
	}
	return n
}

// Calls returns how many attempts a key made for the bucket.
func (l *Ledger) Calls(key, bucket string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.attempts {
		if a.AccessKeyID == key && a.Bucket == bucket {
			n++
		}
	}
	return n
}

// Written returns the buckets that a key changed, or tried to.
func (l *Ledger) Written(key string) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := map[string]bool{}
	for _, a := range l.attempts {
		if a.AccessKeyID == key && isWrite(a.Request) {
			names[a.Bucket] = true
		}
	}
	return names
}

// WrittenKeys returns the KMS keys that the function asked for in its writes.
func (l *Ledger) WrittenKeys() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := map[string]bool{}
	for _, a := range l.accesses {
		if isWrite(a.Request) {
			keys[RuleOf(a.Asked).KMSKeyID] = true
		}
	}
	return keys
}

// Unlooked returns the attempts at a write that did not directly follow a whole
// look at the same bucket by the same key. All keys but one, the owner's, are the
// function's own, one for each invocation.
func (l *Ledger) Unlooked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := map[[2]string]attempt{}
	var found []string
	for _, a := range l.attempts {
		who := [2]string{a.AccessKeyID, a.Bucket}
		before := last[who]
		if isWrite(a.Request) && (isWrite(before.Request) || before.spoilt || !l.seen[before.RequestID]) {
			found = append(found, fmt.Sprintf("%s of %s by %s without a look before: the call before it was %q", a.Operation, a.Bucket, a.AccessKeyID, before.Operation))
		}
		last[who] = a
	}
	return found
}

// Weakened returns the function's writes that asked for less than OSS had just
// told the same invocation, or for another key. Where nobody else is in between,
// and OSS answers from the present, that is what was in force.
func (l *Ledger) Weakened() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := map[[2]string]ossenc.Rule{} // by key and bucket
	var found []string
	for _, a := range l.accesses {
		who := [2]string{a.Request.AccessKeyID, a.Bucket}
		if a.Request.Operation == "GetBucketEncryption" {
			told[who] = RuleOf(a.Seen)
		}
		if asked := RuleOf(a.Asked); isWrite(a.Request) && weaker(asked, told[who]) {
			found = append(found, fmt.Sprintf("%s of %s by %s: %s is weaker than %s", a.Request.Operation, a.Bucket, a.Request.AccessKeyID, asked, told[who]))
		}
	}
	return found
}

// weaker reports whether a gives up something that b protects with.
func weaker(a, b ossenc.Rule) bool {
	return !a.Strength().AtLeast(b.Strength()) || b.KMSKeyID != "" && a.KMSKeyID != b.KMSKeyID
}

func isWrite(r localoss.Request) bool {
	return r.Operation == "PutBucketEncryption" || r.Operation == "DeleteBucketEncryption"
}

// RuleOf is the rule in the function's terms.
func RuleOf(r localoss.Rule) ossenc.Rule {
	return ossenc.Rule{Algorithm: r.Algorithm, KMSKeyID: r.KMSKeyID, KMSDataEncryption: r.KMSDataEncryption}
}

// String is the whole ledger, for a failing test.
func (l *Ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, a := range l.accesses {
		fmt.Fprintf(&b, "%s %s %s by %q: %s -> %s, seen %s, gone %t\n", a.Time.Format("04:05.000000"), a.Request.Operation, a.Bucket,
			a.Request.AccessKeyID, RuleOf(a.Before), RuleOf(a.After), RuleOf(a.Seen), a.Gone)
	}
	return b.String()
}
