// Package memory is an account in memory, for tests: the store and the list of a
// real Warden.
package memory

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// Account is an account. Set its fields before use.
type Account struct {
	mu sync.Mutex
	// Rules are the buckets, with their rules.
	Rules map[string]ossenc.Rule
	// Regions are the buckets' regions; cn-hangzhou if missing.
	Regions map[string]string
	// Errs are what a bucket's read answers, or with "put " before the name its
	// write; "" is for the list.
	Errs map[string]error
	// Listed is how many buckets the list gives before its error.
	Listed int
	// All makes every name exist.
	All bool
	// Writes counts what was written.
	Writes int
	// RequestID is that of every answer; one made of the bucket's name if empty.
	RequestID string
	// OnGet is called before each read.
	OnGet func(name string)
}

// Warden returns a warden over the account that requires the same of every bucket.
func (m *Account) Warden(d ossenc.Desired) *ossenc.Warden {
	return &ossenc.Warden{Store: m, Lister: m, Policy: policy.Evaluator{Policy: policy.Simple(d)}}
}

// Rule returns a bucket's rule while others may write.
func (m *Account) Rule(name string) ossenc.Rule {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Rules[name]
}

// Get implements [ossenc.Store].
func (m *Account) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	if m.OnGet != nil {
		m.OnGet(b.Name)
	}
	if ctx.Err() != nil {
		return ossenc.Observation{}, &ossenc.Error{Code: ossenc.Deadline, Message: "time"}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := ossenc.Observation{Region: cmp.Or(m.Regions[b.Name], "cn-hangzhou"), RequestID: cmp.Or(m.RequestID, "REQ-"+b.Name)}
	if err := m.Errs[b.Name]; err != nil {
		return a, err
	}
	rule, ok := m.Rules[b.Name]
	if !ok && !m.All {
		return a, &ossenc.Error{Op: "GetBucketEncryption", Bucket: b.Name, Code: ossenc.NotFound, OSSCode: "NoSuchBucket", RequestID: a.RequestID, Message: "no such bucket"}
	}
	a.Rule = rule
	return a, nil
}

// Put implements [ossenc.Store].
func (m *Account) Put(_ context.Context, b ossenc.Bucket, r ossenc.Rule) (ossenc.Observation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Writes++
	if err := m.Errs["put "+b.Name]; err != nil {
		return ossenc.Observation{}, err
	}
	m.Rules[b.Name] = r
	return ossenc.Observation{Rule: r, RequestID: cmp.Or(m.RequestID, "PUT-"+b.Name)}, nil
}

// Delete implements [ossenc.Store].
func (m *Account) Delete(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return m.Put(ctx, b, ossenc.Rule{})
}

// List implements [ossenc.Lister].
func (m *Account) List(_ context.Context, prefix, after string) iter.Seq2[ossenc.Bucket, error] {
	return func(yield func(ossenc.Bucket, error) bool) {
		m.mu.Lock()
		names := slices.Sorted(maps.Keys(m.Rules))
		m.mu.Unlock()
		given := 0
		for _, name := range names {
			if !strings.HasPrefix(name, prefix) || name <= after {
				continue
			}
			if err := m.Errs[""]; err != nil && given == m.Listed {
				yield(ossenc.Bucket{}, err)
				return
			}
			given++
			if !yield(ossenc.Bucket{Name: name, Region: cmp.Or(m.Regions[name], "cn-hangzhou")}, nil) {
				return
			}
		}
	}
}
