package oss

import (
	"net/http"
	"slices"
	"strings"
)

// operation executes an admitted call.
type operation func(*Server, *call) (answer, *failure)

// onBucket makes an operation of one that works on an existing bucket of the
// caller. It runs under the lock.
type onBucket func(*Server, *call, *bucketState) (answer, *failure)

// route names and finds the operation of a request.
func (c *call) route(routes map[string]map[string]route) (string, operation) {
	if c.target.key != "" {
		return "Unknown", notImplemented
	}
	if c.target.bucket == "" {
		return c.routeService()
	}
	methods, ok := routes[c.subResource(routes)]
	if !ok {
		return "Unknown", notImplemented
	}
	r, ok := methods[c.http.Method]
	if !ok {
		return "Unknown", methodNotAllowed(methods)
	}
	return r.name, r.operate
}

func (c *call) routeService() (string, operation) {
	if c.http.Method != http.MethodGet {
		return "Unknown", methodNotAllowed(map[string]route{http.MethodGet: {}})
	}
	for name := range c.query {
		if !slices.Contains([]string{"prefix", "marker", "max-keys", "tag-key", "tag-value"}, name) {
			return "Unknown", notImplemented
		}
	}
	return "ListBuckets", listBuckets
}

// subResource is the known one of the query, or any other parameter: a bucket
// call with a parameter this server does not know is not answered as if it had none.
func (c *call) subResource(routes map[string]map[string]route) string {
	other := ""
	for name := range c.query {
		if _, ok := routes[name]; ok && name != "" {
			return name
		}
		other = name
	}
	return other
}

type route struct {
	name    string
	operate operation
}

func routes() map[string]map[string]route {
	return map[string]map[string]route{
		"": {
			http.MethodPut:    {"PutBucket", putBucket},
			http.MethodDelete: {"DeleteBucket", local(deleteBucket)},
			http.MethodGet:    {"Unknown", notImplemented}, // ListObjects
			http.MethodHead:   {"Unknown", notImplemented},
		},
		"encryption": {
			http.MethodPut:    {"PutBucketEncryption", local(putEncryption)},
			http.MethodGet:    {"GetBucketEncryption", local(getEncryption)},
			http.MethodDelete: {"DeleteBucketEncryption", local(deleteEncryption)},
		},
		"tagging": {
			http.MethodPut:    {"PutBucketTags", local(putTags)},
			http.MethodGet:    {"GetBucketTags", local(getTags)},
			http.MethodDelete: {"DeleteBucketTags", local(deleteTags)},
		},
		"location":   {http.MethodGet: {"GetBucketLocation", local(getLocation)}},
		"bucketInfo": {http.MethodGet: {"GetBucketInfo", anywhere(getInfo)}},
	}
}

func notImplemented(*Server, *call) (answer, *failure) {
	return answer{}, known("NotImplemented")
}

func methodNotAllowed(methods map[string]route) operation {
	var allowed []string
	for method := range methods {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	return func(_ *Server, c *call) (answer, *failure) {
		f := known("MethodNotAllowed").with("Method", c.http.Method)
		f.allow = strings.Join(allowed, ", ")
		return answer{}, f
	}
}

// local operations need the endpoint of the bucket's region.
func local(do onBucket) operation {
	return anywhere(func(s *Server, c *call, b *bucketState) (answer, *failure) {
		if b.Region != c.region {
			return answer{}, wrongEndpoint(b)
		}
		if b.Owner != c.account {
			return answer{}, notOwner(b)
		}
		return do(s, c, b)
	})
}

// anywhere operations work from every endpoint.
func anywhere(do onBucket) operation {
	return func(s *Server, c *call) (answer, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b, ok := s.buckets[c.target.bucket]
		if s.stillHidden(c.target.bucket) || !ok {
			return answer{}, noSuchBucket(c.target.bucket)
		}
		return do(s, c, b)
	}
}

func notOwner(b *bucketState) *failure {
	return accessDenied("The bucket you access does not belong to you.", "0003-00000001").with("BucketName", b.Name)
}

// stillHidden counts down the calls until a bucket appears. It needs the lock.
func (s *Server) stillHidden(bucket string) bool {
	if s.hidden[bucket] == 0 {
		return false
	}
	s.hidden[bucket]--
	return true
}
