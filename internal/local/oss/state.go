package oss

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Rule is a default encryption rule in the terms of the wire. The zero value
// means that there is no rule.
type Rule struct {
	// Algorithm is SSEAlgorithm: AES256, SM4 or KMS.
	Algorithm string
	// KMSKeyID is KMSMasterKeyID; empty means the default key of the account.
	KMSKeyID string
	// KMSDataEncryption is empty for AES-256 data keys, or SM4.
	KMSDataEncryption string
}

// Bucket is one bucket as the service keeps it.
type Bucket struct {
	// Name is 3 to 63 characters of a-z, 0-9 and hyphen.
	Name string
	// Region has no oss- prefix. Default cn-hangzhou.
	Region string
	// Owner is an account. Default Options.AccountID.
	Owner string
	// Created is the CreationDate. Default now.
	Created time.Time
	// Rule is the default encryption; zero means none.
	Rule Rule
	// Tags are the bucket tags.
	Tags map[string]string
	// StorageClass is Standard by default.
	StorageClass string
	// ACL is private by default.
	ACL string
	// Redundancy is DataRedundancyType: LRS by default, or ZRS.
	Redundancy string
	// ResourceGroup is the ID of the bucket's group; rg-default-id by default.
	ResourceGroup string
}

type bucketState struct {
	Bucket
	before  Rule // what lagging reads still see
	lag     int  // how many of them are left
	objects map[string]*object
	uploads map[string]*upload
}

// withDefaults fills what was left empty.
func (b Bucket) withDefaults(account string, now time.Time) Bucket {
	b.Region = cmp.Or(b.Region, "cn-hangzhou")
	b.Owner = cmp.Or(b.Owner, account)
	b.StorageClass = cmp.Or(b.StorageClass, "Standard")
	b.ACL = cmp.Or(b.ACL, "private")
	b.Redundancy = cmp.Or(b.Redundancy, "LRS")
	b.ResourceGroup = cmp.Or(b.ResourceGroup, "rg-default-id")
	b.Tags = maps.Clone(b.Tags)
	if b.Created.IsZero() {
		b.Created = now
	}
	return b
}

// PutBucket creates or replaces a bucket directly, empty and without a call in the
// log. It checks nothing.
func (s *Server) PutBucket(b Bucket) {
	b = b.withDefaults(s.opts.AccountID, s.opts.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	var before Rule
	if old, ok := s.buckets[b.Name]; ok {
		before = old.Rule
		s.room.give(old.size())
	}
	s.insert(&bucketState{Bucket: b})
	s.watch(Access{Bucket: b.Name, Before: before, After: b.Rule})
}

// CreateBucket creates a bucket directly, and reports false, changing nothing, if
// there is one of that name.
func (s *Server) CreateBucket(b Bucket) bool {
	b = b.withDefaults(s.opts.AccountID, s.opts.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.buckets[b.Name]; ok {
		return false
	}
	s.insert(&bucketState{Bucket: b})
	s.watch(Access{Bucket: b.Name, After: b.Rule})
	return true
}

// Objects returns how many objects and uploads under way a bucket has.
func (s *Server) Objects(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.buckets[name]
	if !ok {
		return 0
	}
	return len(b.objects) + len(b.uploads)
}

// Bucket returns a copy of a bucket, and whether there is one of that name.
func (s *Server) Bucket(name string) (Bucket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.buckets[name]
	if !ok {
		return Bucket{}, false
	}
	found := b.Bucket
	found.Tags = maps.Clone(b.Tags)
	return found, true
}

// Buckets returns all buckets in the order of their names.
func (s *Server) Buckets() []Bucket {
	s.mu.Lock()
	names := slices.Clone(s.sortedNames())
	s.mu.Unlock()
	all := make([]Bucket, 0, len(names))
	for _, name := range names {
		if b, ok := s.Bucket(name); ok {
			all = append(all, b)
		}
	}
	return all
}

// DeleteBucket removes a bucket directly; a name without a bucket is ignored.
func (s *Server) DeleteBucket(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(name, Request{})
}

// SetRule replaces the rule of a bucket directly, visible at once whatever the
// read lag. A name without a bucket is ignored.
func (s *Server) SetRule(name string, r Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.buckets[name]; ok {
		s.watch(Access{Bucket: name, Before: b.Rule, After: r})
		b.Rule, b.lag = r, 0
	}
}

// insert and remove need the lock.
func (s *Server) insert(b *bucketState) {
	if _, ok := s.buckets[b.Name]; !ok {
		s.names = nil
	}
	s.buckets[b.Name] = b
}

func (s *Server) remove(name string, by Request) {
	if b, ok := s.buckets[name]; ok {
		s.names = nil
		s.room.give(b.size())
		s.watch(Access{Request: by, Bucket: name, Before: b.Rule, Gone: true})
	}
	delete(s.buckets, name)
	delete(s.hidden, name)
}

// sortedNames needs the lock. It sorts only after a change, so that listing
// 100,000 buckets page by page sorts them once.
func (s *Server) sortedNames() []string {
	if s.names == nil {
		s.names = slices.Sorted(maps.Keys(s.buckets))
	}
	return s.names
}

// write changes the rule through the wire and starts the read lag. It needs the lock.
func (s *Server) write(c *call, b *bucketState, asked, r Rule) {
	s.watch(Access{Request: c.request, Bucket: b.Name, Before: b.Rule, After: r, Asked: asked})
	if b.lag == 0 {
		b.before = b.Rule
	}
	b.Rule, b.lag = r, s.readLag
}

// read is the rule a GetBucketEncryption sees.
func (b *bucketState) read() Rule {
	if b.lag == 0 {
		return b.Rule
	}
	b.lag--
	return b.before
}
