package oss

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// objectListXML serves both versions: what only one of them has is nil in the other.
type objectListXML struct {
	XMLName      xml.Name `xml:"ListBucketResult"`
	Name         string
	Prefix       string
	Marker       *string
	StartAfter   *string
	Continuation *string `xml:"ContinuationToken"`
	MaxKeys      int
	Delimiter    string
	EncodingType string `xml:",omitempty"`
	IsTruncated  bool
	NextMarker   string         `xml:",omitempty"`
	Next         string         `xml:"NextContinuationToken,omitempty"`
	KeyCount     *int           `xml:",omitempty"`
	Contents     []listedObject `xml:"Contents"`
	Prefixes     []commonPrefix `xml:"CommonPrefixes"`
}

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Type         string
	Size         int
	StorageClass string
	Owner        *ownerXML
}

type commonPrefix struct {
	Prefix string
}

// listing is what a request for objects asks for.
type listing struct {
	prefix, delimiter, after string
	most                     int
	second                   bool // version 2
	owners                   bool
	encode                   func(string) string
	encoding                 string
}

// encoding is how the answer writes names: as they are, or escaped for clients whose
// XML cannot hold some characters.
func (c *call) encoding() (name string, encode func(string) string, f *failure) {
	switch name = c.query.Get("encoding-type"); name {
	case "":
		return name, func(s string) string { return s }, nil
	case "url":
		return name, url.QueryEscape, nil
	}
	return name, nil, invalidArgument("Invalid Encoding Method specified in Request.", "")
}

// parseListing reads the parameters of both versions.
func (c *call) parseListing() (listing, *failure) {
	q := c.query
	l := listing{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: q.Get("marker"), most: 100, owners: true}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return l, invalidArgument("Argument max-keys must be an integer between 1 and 1000.", "").
				with("ArgumentName", "max-keys").with("ArgumentValue", text)
		}
		l.most = n
	}
	var f *failure
	if l.encoding, l.encode, f = c.encoding(); f != nil {
		return l, f
	}
	if q.Get("list-type") != "2" {
		return l, nil
	}
	l.second, l.owners, l.after = true, q.Get("fetch-owner") == "true", q.Get("start-after")
	if token := q.Get("continuation-token"); token != "" {
		after, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return l, invalidArgument("The continuation token provided is incorrect.", "")
		}
		l.after = string(after)
	}
	return l, nil
}

func listObjects(_ *Server, c *call, b *bucketState) (answer, *failure) {
	l, f := c.parseListing()
	if f != nil {
		return answer{}, f
	}
	doc := objectListXML{
		Name: b.Name, Prefix: l.encode(l.prefix), MaxKeys: l.most, Delimiter: l.encode(l.delimiter), EncodingType: l.encoding,
	}
	last := l.fill(b, &doc)
	switch {
	case l.second:
		doc.KeyCount = new(len(doc.Contents) + len(doc.Prefixes))
		doc.StartAfter = new(l.encode(c.query.Get("start-after")))
		doc.Continuation = new(c.query.Get("continuation-token"))
		if doc.IsTruncated {
			doc.Next = base64.URLEncoding.EncodeToString([]byte(last))
		}
	default:
		doc.Marker = new(l.encode(l.after))
		if doc.IsTruncated {
			doc.NextMarker = l.encode(last)
		}
	}
	return document(doc), nil
}

// fill adds one page and returns the last name on it. What lies behind a delimiter
// is one name, and is skipped if the page before ended with it.
func (l listing) fill(b *bucketState, doc *objectListXML) string {
	last, count := "", 0
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		rest, ok := strings.CutPrefix(key, l.prefix)
		name := key
		if i := strings.Index(rest, l.delimiter); l.delimiter != "" && i >= 0 {
			name = l.prefix + rest[:i+len(l.delimiter)]
		}
		if !ok || name <= l.after || key <= l.after || name == last {
			continue
		}
		if count == l.most {
			doc.IsTruncated = true
			return last
		}
		last, count = name, count+1
		if name != key {
			doc.Prefixes = append(doc.Prefixes, commonPrefix{l.encode(name)})
			continue
		}
		doc.Contents = append(doc.Contents, l.listed(b, b.objects[key]))
	}
	return last
}

func (l listing) listed(b *bucketState, o *object) listedObject {
	found := listedObject{
		Key: l.encode(o.key), LastModified: o.modified.UTC().Format(timeXML), ETag: o.etag,
		Type: o.kind, Size: len(o.body), StorageClass: o.class,
	}
	if l.owners {
		found.Owner = &ownerXML{b.Owner, b.Owner}
	}
	return found
}

type deleteXML struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
	} `xml:"Object"`
}

type deletedXML struct {
	XMLName      xml.Name `xml:"DeleteResult"`
	EncodingType string   `xml:",omitempty"`
	Deleted      []deletedKey
}

type deletedKey struct {
	Key string
}

// deleteMultiple deletes up to 1000 objects, absent ones too.
func deleteMultiple(s *Server, c *call, b *bucketState) (answer, *failure) {
	encoding, encode, f := c.encoding()
	if f != nil {
		return answer{}, f
	}
	doc, f := c.toDelete()
	if f != nil {
		return answer{}, f
	}
	done := deletedXML{EncodingType: encoding}
	for _, o := range doc.Objects {
		s.dropObject(b, o.Key)
		done.Deleted = append(done.Deleted, deletedKey{encode(o.Key)})
	}
	if doc.Quiet {
		done.Deleted = nil
	}
	return document(done), nil
}

// toDelete reads the body of a DeleteMultipleObjects, whole before anything is deleted.
func (c *call) toDelete() (doc deleteXML, f *failure) {
	if c.http.Header.Get("Content-MD5") == "" {
		return doc, known("MissingArgument").because("", "0016-00000606").with("ArgumentName", "Content-MD5")
	}
	if f := decode(c.body, &doc); f != nil {
		return doc, f
	}
	if len(doc.Objects) == 0 || len(doc.Objects) > 1000 {
		return doc, known("MalformedXML")
	}
	for _, o := range doc.Objects {
		switch {
		case o.VersionID != "":
			return doc, notHere("versions of objects")
		case o.Key == "":
			return doc, known("MalformedXML")
		}
	}
	return doc, nil
}
