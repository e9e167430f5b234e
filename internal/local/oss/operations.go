package oss

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// operation executes an admitted call.
type operation func(*Server, *call) (answer, *failure)

// onBucket makes an operation of one that works on an existing bucket of the
// caller. It runs under the lock.
type onBucket func(*Server, *call, *bucketState) (answer, *failure)

type route struct {
	name    string
	operate operation
}

// methods are the operations of one sub-resource, by HTTP method.
type methods map[string]route

// The tables of routes are made at the first call: the command holds this server too,
// and most of its verbs do not need it.

// bucketRoutes are the operations on a bucket, by sub-resource.
var bucketRoutes = sync.OnceValue(func() map[string]methods {
	return map[string]methods{
		"": {
			http.MethodPut:    {"PutBucket", putBucket},
			http.MethodDelete: {"DeleteBucket", local(deleteBucket)},
			http.MethodGet:    {"ListObjects", local(listObjects)},
		},
		"acl": {
			http.MethodGet: {"GetBucketAcl", local(getBucketACL)},
			http.MethodPut: {"PutBucketAcl", local(putBucketACL)},
		},
		"bucketInfo": {http.MethodGet: {"GetBucketInfo", anywhere(getInfo)}},
		"delete":     {http.MethodPost: {"DeleteMultipleObjects", local(deleteMultiple)}},
		"encryption": {
			http.MethodPut:    {"PutBucketEncryption", local(putEncryption)},
			http.MethodGet:    {"GetBucketEncryption", local(getEncryption)},
			http.MethodDelete: {"DeleteBucketEncryption", local(deleteEncryption)},
		},
		"location": {http.MethodGet: {"GetBucketLocation", local(getLocation)}},
		"stat":     {http.MethodGet: {"GetBucketStat", local(getStat)}},
		"tagging": {
			http.MethodPut:    {"PutBucketTags", local(putTags)},
			http.MethodGet:    {"GetBucketTags", local(getTags)},
			http.MethodDelete: {"DeleteBucketTags", local(deleteTags)},
		},
		"uploads":    {http.MethodGet: {"ListMultipartUploads", local(listUploads)}},
		"versioning": {http.MethodGet: {"GetBucketVersioning", local(getVersioning)}},
	}
})

// objectRoutes are the operations on an object, by sub-resource.
var objectRoutes = sync.OnceValue(func() map[string]methods {
	return map[string]methods{
		"": {
			http.MethodPut:    {"PutObject", local(putObject)},
			http.MethodGet:    {"GetObject", local(getObject)},
			http.MethodHead:   {"HeadObject", local(getObject)},
			http.MethodDelete: {"DeleteObject", local(deleteObject)},
		},
		"acl": {
			http.MethodGet: {"GetObjectAcl", local(getObjectACL)},
			http.MethodPut: {"PutObjectAcl", local(putObjectACL)},
		},
		"objectMeta": {http.MethodHead: {"GetObjectMeta", local(getObject)}},
		"uploads":    {http.MethodPost: {"InitiateMultipartUpload", local(initiateUpload)}},
		"uploadId": {
			http.MethodPut:    {"UploadPart", local(storePart)},
			http.MethodPost:   {"CompleteMultipartUpload", local(completeUpload)},
			http.MethodGet:    {"ListParts", local(listParts)},
			http.MethodDelete: {"AbortMultipartUpload", local(abortUpload)},
		},
	}
})

// absent are the sub-resources that OSS has and this server does not: a call with
// one of them is not answered as if it had none.
var absent = sync.OnceValue(func() []string {
	return strings.Fields(`accessMonitor accessPoint accessPointPolicy append archiveDirectRead asyncFetch
	asyncFetchTask bucketArchiveDirectRead callback cloudboxes cname comp cors dataRedundancyTransition hierarchicalNamespace
	httpsConfig img inventory inventoryId lifecycle live logging metaQuery objectWorm overwriteConfig policy policyStatus
	processConfiguration publicAccessBlock qosInfo redundancyTransition referer replication replicationLocation
	replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool responseHeader restore rtc seal
	style styleName symlink transferAcceleration userDefinedLogFieldsConfig versionId versions vod website worm wormExtend
	wormId x-oss-append-extend x-oss-process x-oss-async-process x-oss-write-get-object-response`)
})

// route names and finds the operation of a request.
func (c *call) route() (string, operation) {
	if c.target.bucket == "" {
		return c.routeService()
	}
	routes := bucketRoutes()
	if c.target.key != "" {
		routes = objectRoutes()
	}
	sub, f := subResource(c.query, routes)
	if f != nil {
		return "Unknown", existing(f)
	}
	found, ok := routes[sub]
	if !ok {
		return "Unknown", existing(notHere("?" + sub))
	}
	r, ok := found[c.http.Method]
	switch {
	case !ok:
		return "Unknown", existing(methodNotAllowed(c, found))
	case c.target.key == "" && sub == "" && c.http.Method != http.MethodGet && len(ownParameters(c.query)) > 0:
		// Nothing is created or deleted by a call that may mean something else.
		return "Unknown", existing(notHere("?" + ownParameters(c.query)[0]))
	}
	return c.copyName(r.name), r.operate
}

// copyName is what a call is named whose body is another object.
func (c *call) copyName(name string) string {
	if c.http.Header.Get("x-oss-copy-source") == "" {
		return name
	}
	switch name {
	case "PutObject":
		return "CopyObject"
	case "UploadPart":
		return "UploadPartCopy"
	}
	return name
}

func (c *call) routeService() (string, operation) {
	if c.http.Method != http.MethodGet {
		f := methodNotAllowed(c, methods{http.MethodGet: {}})
		return "Unknown", func(*Server, *call) (answer, *failure) { return answer{}, f }
	}
	if c.query.Has("regions") {
		return "DescribeRegions", describeRegions
	}
	for name := range c.query {
		if slices.Contains(absent(), name) {
			return "Unknown", func(*Server, *call) (answer, *failure) { return answer{}, notHere("?" + name) }
		}
	}
	return "ListBuckets", listBuckets
}

// subResource is the one that the query names, or none. A query that names two
// means one of two calls, so it is refused. Parameters that are none are ignored,
// as the service does.
func subResource(query url.Values, routes map[string]methods) (string, *failure) {
	var found []string
	for name := range query {
		if _, ok := routes[name]; name != "" && ok || slices.Contains(absent(), name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", invalidArgument("The query names more than one sub-resource: "+strings.Join(found, ", ")+".", "")
}

// ownParameters are those that do not belong to a signed URL, sorted.
func ownParameters(query url.Values) []string {
	var names []string
	for name := range query {
		if !strings.HasPrefix(name, "x-oss-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// existing fails with f on a bucket that exists: an absent one is reported first.
func existing(f *failure) operation {
	return anywhere(func(*Server, *call, *bucketState) (answer, *failure) { return answer{}, f })
}

func methodNotAllowed(c *call, allowed methods) *failure {
	var names []string
	for method := range allowed {
		names = append(names, method)
	}
	slices.Sort(names)
	f := known("MethodNotAllowed").with("Method", c.http.Method)
	f.allow = strings.Join(names, ", ")
	return f
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
