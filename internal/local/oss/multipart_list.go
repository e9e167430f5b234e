package oss

import (
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type partsXML struct {
	XMLName      xml.Name `xml:"ListPartsResult"`
	EncodingType string   `xml:",omitempty"`
	Bucket       string
	Key          string
	UploadID     string `xml:"UploadId"`
	StorageClass string
	Marker       int `xml:"PartNumberMarker"`
	Next         int `xml:"NextPartNumberMarker"`
	MaxParts     int
	IsTruncated  bool
	Parts        []partXML `xml:"Part"`
}

type partXML struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int
}

// pageParameters reads two numbers of a paging request.
func (c *call) pageParameters(most, after string) (int, int, *failure) {
	limit, start := 1000, 0
	for _, p := range []struct {
		name     string
		value    *int
		low, top int
	}{{most, &limit, 1, 1000}, {after, &start, 0, maxParts}} {
		text := c.query.Get(p.name)
		if text == "" || p.name == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < p.low || n > p.top {
			return 0, 0, invalidArgument("Argument "+p.name+" is out of range.", "").with("ArgumentName", p.name).with("ArgumentValue", text)
		}
		*p.value = n
	}
	return limit, start, nil
}

func listParts(_ *Server, c *call, b *bucketState) (answer, *failure) {
	u, f := b.upload(c)
	if f != nil {
		return answer{}, f
	}
	most, after, f := c.pageParameters("max-parts", "part-number-marker")
	if f != nil {
		return answer{}, f
	}
	encoding, encode, f := c.encoding()
	if f != nil {
		return answer{}, f
	}
	doc := partsXML{
		EncodingType: encoding, Bucket: b.Name, Key: encode(u.blank.key), UploadID: u.id,
		StorageClass: u.blank.class, Marker: after, MaxParts: most,
	}
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if n <= after {
			continue
		}
		if len(doc.Parts) == most {
			doc.IsTruncated = true
			break
		}
		p := u.parts[n]
		doc.Parts = append(doc.Parts, partXML{n, p.modified.UTC().Format(timeXML), p.etag, len(p.body)})
		doc.Next = n
	}
	return document(doc), nil
}

type uploadsXML struct {
	XMLName        xml.Name `xml:"ListMultipartUploadsResult"`
	EncodingType   string   `xml:",omitempty"`
	Bucket         string
	KeyMarker      string
	UploadIDMarker string `xml:"UploadIdMarker"`
	NextKeyMarker  string
	NextUploadID   string `xml:"NextUploadIdMarker"`
	Delimiter      string
	Prefix         string
	MaxUploads     int
	IsTruncated    bool
	Uploads        []uploadXML `xml:"Upload"`
}

type uploadXML struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated string
}

// listUploads orders by key, then by upload ID. Delimiters are not applied.
func listUploads(_ *Server, c *call, b *bucketState) (answer, *failure) {
	if c.query.Get("delimiter") != "" {
		return answer{}, notHere("a list of uploads with a delimiter")
	}
	most, _, f := c.pageParameters("max-uploads", "")
	if f != nil {
		return answer{}, f
	}
	encoding, encode, f := c.encoding()
	if f != nil {
		return answer{}, f
	}
	q := c.query
	doc := uploadsXML{
		EncodingType: encoding, Bucket: b.Name, KeyMarker: encode(q.Get("key-marker")),
		UploadIDMarker: q.Get("upload-id-marker"), Prefix: encode(q.Get("prefix")), MaxUploads: most,
	}
	for _, u := range b.uploadsAfter(q.Get("prefix"), q.Get("key-marker"), q.Get("upload-id-marker")) {
		if len(doc.Uploads) == most {
			doc.IsTruncated = true
			break
		}
		doc.Uploads = append(doc.Uploads, uploadXML{encode(u.blank.key), u.id, u.initiated.UTC().Format(timeXML)})
		doc.NextKeyMarker, doc.NextUploadID = encode(u.blank.key), u.id
	}
	return document(doc), nil
}

func (b *bucketState) uploadsAfter(prefix, key, id string) []*upload {
	var found []*upload
	for _, u := range b.uploads {
		behind := u.blank.key > key || u.blank.key == key && id != "" && u.id > id
		if strings.HasPrefix(u.blank.key, prefix) && behind {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(x, y *upload) int {
		return strings.Compare(x.blank.key+"\x00"+x.id, y.blank.key+"\x00"+y.id)
	})
	return found
}
