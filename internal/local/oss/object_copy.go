package oss

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

type copyXML struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	LastModified string
	ETag         string
}

// source finds the object that x-oss-copy-source names: /bucket/key, escaped. It
// needs the lock.
func (s *Server) source(c *call) (*object, *failure) {
	text, version, _ := strings.Cut(c.http.Header.Get("x-oss-copy-source"), "?")
	plain, err := url.PathUnescape(text)
	if version != "" {
		return nil, notHere("versions of objects")
	}
	bucket, key, ok := strings.Cut(strings.TrimPrefix(plain, "/"), "/")
	if err != nil || !ok || key == "" {
		return nil, invalidArgument("Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.", "")
	}
	b, ok := s.buckets[bucket]
	switch {
	case !ok:
		return nil, noSuchBucket(bucket)
	case b.Owner != c.account:
		return nil, notOwner(b)
	case b.Region != c.region:
		return nil, accessDenied("Target object does not reside in the same data center as source object.", "")
	}
	o, ok := b.objects[key]
	if !ok {
		return nil, noSuchKey(key)
	}
	if _, f := s.withKey(b, o.sse); f != nil {
		return nil, f
	}
	return o, o.copyConditions(c.http.Header)
}

// copyConditions checks the x-oss-copy-source-if- headers.
func (o *object) copyConditions(h http.Header) *failure {
	plain := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if v := h.Get("x-oss-copy-source-" + name); v != "" {
			plain.Set(name, v)
		}
	}
	return o.conditions(plain)
}

// copyObject encrypts the copy as any upload: by its own headers or by the rule of
// the bucket that it goes to. A copy onto itself is how old objects are encrypted.
func copyObject(s *Server, c *call, b *bucketState) (answer, *failure) {
	if f := c.checkUpload(b); f != nil {
		return answer{}, f
	}
	from, f := s.source(c)
	if f != nil {
		return answer{}, f
	}
	o, f := s.newObject(c, b, from.body)
	if f != nil {
		return answer{}, f
	}
	switch directive := c.http.Header.Get("x-oss-metadata-directive"); directive {
	case "", "COPY":
		o.meta = from.meta
	case "REPLACE":
	default:
		return answer{}, invalidArgument("x-oss-metadata-directive is COPY or REPLACE.", "")
	}
	o.kind, o.etag = from.kind, from.etag
	if f := s.keepObject(c, b, o); f != nil {
		return answer{}, f
	}
	return o.sse.describe(document(copyXML{LastModified: o.modified.UTC().Format(timeXML), ETag: o.etag})), nil
}
