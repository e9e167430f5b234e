package oss

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"hash/crc64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// object is one stored object. Its body is never changed once it is stored.
type object struct {
	key      string
	body     []byte
	kind     string // x-oss-object-type
	etag     string // with the quotation marks
	crc      uint64
	class    string
	acl      string
	sse      Rule // how it was encrypted when it was stored
	meta     http.Header
	modified time.Time
}

// size is what the object takes of the room.
func (o *object) size() int64 { return int64(len(o.body)) + overhead }

// size is what the bucket's objects and uploads take of the room.
func (b *bucketState) size() int64 {
	var n int64
	for _, o := range b.objects {
		n += o.size()
	}
	for _, u := range b.uploads {
		n += u.size()
	}
	return n
}

func (b *bucketState) object(c *call) (*object, *failure) {
	o, ok := b.objects[c.target.key]
	if !ok {
		return nil, noSuchKey(c.target.key)
	}
	return o, nil
}

func noSuchKey(key string) *failure { return known("NoSuchKey").with("Key", key) }

// crcTable is made when an object comes: it takes 32 KB.
var crcTable = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(crc64.ECMA) })

// kept are the headers of an upload that come back with the object.
var kept = []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}

// newObject is the object that a call's headers and body describe.
func (s *Server) newObject(c *call, b *bucketState, body []byte) (*object, *failure) {
	sse, f := s.encryptionOf(c, b)
	if f != nil {
		return nil, f
	}
	return s.described(c, b, body, sse)
}

func (s *Server) described(c *call, b *bucketState, body []byte, sse Rule) (*object, *failure) {
	acl, f := c.objectACL()
	if f != nil {
		return nil, f
	}
	class := c.http.Header.Get("x-oss-storage-class")
	if class == "" {
		class = b.StorageClass
	}
	if !slices.Contains(storageClasses, class) {
		return nil, invalidArgument("no such storage class exists", "").with("ArgumentName", "x-oss-storage-class").with("ArgumentValue", class)
	}
	return &object{
		key: c.target.key, body: body, kind: "Normal", etag: etagOf(body), crc: crc64.Checksum(body, crcTable()),
		class: class, acl: acl, sse: sse, meta: metaOf(c.http.Header), modified: s.opts.Now(),
	}, nil
}

func etagOf(body []byte) string { return fmt.Sprintf("\"%X\"", md5.Sum(body)) }

// metaOf keeps what belongs to the object of a request's headers.
func metaOf(h http.Header) http.Header {
	meta := http.Header{}
	for name, values := range h {
		if slices.Contains(kept, name) || strings.HasPrefix(name, "X-Oss-Meta-") {
			meta[name] = values
		}
	}
	return meta
}

// checkUpload refuses what this server would otherwise drop in silence.
func (c *call) checkUpload(b *bucketState) *failure {
	h := c.http.Header
	for _, name := range []string{"x-oss-callback", "x-oss-tagging", "x-oss-persistent-headers"} {
		if h.Get(name) != "" {
			return notHere(name)
		}
	}
	if len(c.target.key) > 1023 || !utf8.ValidString(c.target.key) || strings.HasPrefix(c.target.key, "/") || strings.HasPrefix(c.target.key, "\\") {
		return known("InvalidObjectName").with("ObjectName", c.target.key)
	}
	_, exists := b.objects[c.target.key]
	switch forbid := h.Get("x-oss-forbid-overwrite"); strings.ToLower(forbid) {
	case "", "false":
	case "true":
		if exists {
			return known("FileAlreadyExists").with("ObjectKey", c.target.key)
		}
	default: // taken for false, it would overwrite
		return invalidArgument("x-oss-forbid-overwrite is true or false.", "").with("ArgumentName", "x-oss-forbid-overwrite").with("ArgumentValue", forbid)
	}
	return nil
}

// putObject stores an upload, or a copy of an object.
func putObject(s *Server, c *call, b *bucketState) (answer, *failure) {
	if c.request.Operation == "CopyObject" {
		return copyObject(s, c, b)
	}
	if f := c.checkUpload(b); f != nil {
		return answer{}, f
	}
	o, f := s.newObject(c, b, slices.Clip(c.body))
	if f == nil {
		f = s.keepObject(c, b, o)
	}
	if f != nil {
		return answer{}, f
	}
	a := o.sse.describe(answer{status: http.StatusOK}).with("ETag", o.etag).with("Content-MD5", o.md5())
	return a.with("x-oss-hash-crc64ecma", strconv.FormatUint(o.crc, 10)), nil
}

// keepObject puts o into the bucket, in place of the one with its key.
func (s *Server) keepObject(c *call, b *bucketState, o *object) *failure {
	if f := s.store(c, o.size()); f != nil {
		return f
	}
	if old, ok := b.objects[o.key]; ok {
		s.room.give(old.size())
	}
	if b.objects == nil {
		b.objects = map[string]*object{}
	}
	b.objects[o.key] = o
	return nil
}

func (o *object) md5() string {
	sum := md5.Sum(o.body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// deleteObject succeeds whether the object exists or not, as the service does.
func deleteObject(s *Server, c *call, b *bucketState) (answer, *failure) {
	s.dropObject(b, c.target.key)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) dropObject(b *bucketState, key string) {
	if o, ok := b.objects[key]; ok {
		s.room.give(o.size())
		delete(b.objects, key)
	}
}
