package oss

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"hash/crc64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minPart    = 100 << 10 // of all parts but the last
	maxParts   = 10_000
	maxUploads = 10_000 // at the same time, of one bucket
)

// upload is a multipart upload under way. How the object is encrypted is decided
// when the upload begins.
type upload struct {
	id        string
	blank     *object // the object but for its body
	parts     map[int]part
	initiated time.Time
}

type part struct {
	body     []byte
	etag     string
	modified time.Time
}

func (p part) size() int64 { return int64(len(p.body)) + overhead }

func (u *upload) size() int64 {
	n := int64(overhead)
	for _, p := range u.parts {
		n += p.size()
	}
	return n
}

type initiatedXML struct {
	XMLName      xml.Name `xml:"InitiateMultipartUploadResult"`
	EncodingType string   `xml:",omitempty"`
	Bucket       string
	Key          string
	UploadID     string `xml:"UploadId"`
}

func initiateUpload(s *Server, c *call, b *bucketState) (answer, *failure) {
	encoding, encode, f := c.encoding()
	if f == nil {
		f = c.checkUpload(b)
	}
	if f != nil {
		return answer{}, f
	}
	if len(b.uploads) >= maxUploads {
		return answer{}, notHere(fmt.Sprintf("room for more than %d uploads of one bucket at a time", maxUploads))
	}
	blank, f := s.newObject(c, b, nil)
	if f == nil {
		f = s.store(c, overhead)
	}
	if f != nil {
		return answer{}, f
	}
	u := &upload{id: strings.ToUpper(rand.Text()), blank: blank, parts: map[int]part{}, initiated: s.opts.Now()}
	if b.uploads == nil {
		b.uploads = map[string]*upload{}
	}
	b.uploads[u.id] = u
	return blank.sse.describe(document(initiatedXML{
		EncodingType: encoding, Bucket: b.Name, Key: encode(u.blank.key), UploadID: u.id,
	})), nil
}

func (b *bucketState) upload(c *call) (*upload, *failure) {
	u, ok := b.uploads[c.query.Get("uploadId")]
	if !ok || u.blank.key != c.target.key {
		return nil, known("NoSuchUpload").with("UploadId", c.query.Get("uploadId"))
	}
	return u, nil
}

// storePart stores a part, from the body or from another object.
func storePart(s *Server, c *call, b *bucketState) (answer, *failure) {
	u, f := b.upload(c)
	if f != nil {
		return answer{}, f
	}
	number, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return answer{}, invalidArgument("Part number must be an integer between 1 and 10000.", "").
			with("ArgumentName", "partNumber").with("ArgumentValue", c.query.Get("partNumber"))
	}
	body, f := s.partBody(c)
	if f != nil {
		return answer{}, f
	}
	p := part{body: body, etag: etagOf(body), modified: s.opts.Now()}
	if f := s.store(c, p.size()); f != nil {
		return answer{}, f
	}
	if old, ok := u.parts[number]; ok {
		s.room.give(old.size())
	}
	u.parts[number] = p
	if c.request.Operation == "UploadPartCopy" {
		return u.blank.sse.describe(document(partCopyXML{LastModified: p.modified.UTC().Format(timeXML), ETag: p.etag})), nil
	}
	a := u.blank.sse.describe(answer{status: http.StatusOK}).with("ETag", p.etag)
	return a.with("x-oss-hash-crc64ecma", strconv.FormatUint(crc64.Checksum(body, crcTable()), 10)), nil
}

type partCopyXML struct {
	XMLName      xml.Name `xml:"CopyPartResult"`
	LastModified string
	ETag         string
}

func (s *Server) partBody(c *call) ([]byte, *failure) {
	if c.request.Operation != "UploadPartCopy" {
		return slices.Clip(c.body), nil
	}
	from, f := s.source(c)
	if f != nil {
		return nil, f
	}
	a, f := from.ranged(c.http.Header.Get("x-oss-copy-source-range"), "", answer{body: from.body})
	return a.body, f
}

type completeXML struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
	} `xml:"Part"`
}

type completedXML struct {
	XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
	EncodingType string   `xml:",omitempty"`
	Location     string
	Bucket       string
	Key          string
	ETag         string
}

func completeUpload(s *Server, c *call, b *bucketState) (answer, *failure) {
	u, f := b.upload(c)
	if f != nil {
		return answer{}, f
	}
	encoding, encode, f := c.encoding()
	if f == nil {
		f = c.checkUpload(b)
	}
	if f != nil {
		return answer{}, f
	}
	parts, f := u.chosen(c)
	if f != nil {
		return answer{}, f
	}
	o := u.assembled(parts, s.opts.Now())
	if c.http.Header.Get("x-oss-object-acl") != "" {
		o.acl, f = c.objectACL()
	}
	if f == nil {
		f = s.keepObject(c, b, o)
	}
	if f != nil {
		return answer{}, f
	}
	s.room.give(u.size())
	delete(b.uploads, u.id)
	a := o.sse.describe(document(completedXML{
		EncodingType: encoding, Location: "http://" + c.http.Host + c.http.URL.EscapedPath(),
		Bucket: b.Name, Key: encode(o.key), ETag: o.etag,
	}))
	return a.with("ETag", o.etag).with("x-oss-hash-crc64ecma", strconv.FormatUint(o.crc, 10)), nil
}

// chosen are the parts that the body lists, or all if the header says so.
func (u *upload) chosen(c *call) ([]part, *failure) {
	var numbers []int
	if c.http.Header.Get("x-oss-complete-all") == "yes" {
		if len(c.body) > 0 {
			return nil, invalidArgument("x-oss-complete-all means all parts, so the body has to be empty.", "0042-00000216")
		}
		numbers = slices.Sorted(maps.Keys(u.parts))
	} else {
		var doc completeXML
		if f := decode(c.body, &doc); f != nil {
			return nil, f
		}
		for _, p := range doc.Parts {
			stored, ok := u.parts[p.PartNumber]
			if !ok || !strings.EqualFold(strings.Trim(p.ETag, `"`), strings.Trim(stored.etag, `"`)) {
				return nil, known("InvalidPart").with("PartNumber", strconv.Itoa(p.PartNumber))
			}
			numbers = append(numbers, p.PartNumber)
		}
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) {
		return nil, known("InvalidPartOrder")
	}
	if len(numbers) == 0 {
		return nil, known("MalformedXML")
	}
	var parts []part
	for i, n := range numbers {
		if i < len(numbers)-1 && len(u.parts[n].body) < minPart {
			return nil, known("EntityTooSmall").with("PartNumber", strconv.Itoa(n))
		}
		parts = append(parts, u.parts[n])
	}
	return parts, nil
}

// assembled joins the parts to the object.
func (u *upload) assembled(parts []part, now time.Time) *object {
	var body bytes.Buffer
	sums := md5.New()
	for _, p := range parts {
		body.Write(p.body)
		sum := md5.Sum(p.body)
		sums.Write(sum[:])
	}
	o := *u.blank
	o.kind, o.body, o.modified = "Multipart", slices.Clip(body.Bytes()), now
	o.etag = fmt.Sprintf("\"%X-%d\"", sums.Sum(nil), len(parts))
	o.crc = crc64.Checksum(o.body, crcTable())
	return &o
}

func abortUpload(s *Server, c *call, b *bucketState) (answer, *failure) {
	u, f := b.upload(c)
	if f != nil {
		return answer{}, f
	}
	s.room.give(u.size())
	delete(b.uploads, u.id)
	return answer{status: http.StatusNoContent}, nil
}
