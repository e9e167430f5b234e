package oss

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// listXML leaves the paging elements out when they are nil: they are absent
// when everything fits into one answer.
type listXML struct {
	XMLName xml.Name `xml:"ListAllMyBucketsResult"`
	*pageXML
	Owner   ownerXML
	Buckets []listedXML `xml:"Buckets>Bucket"`
}

type pageXML struct {
	Prefix      string
	Marker      string
	MaxKeys     int
	IsTruncated bool
	NextMarker  string
}

type listedXML struct {
	CreationDate     string
	ExtranetEndpoint string
	IntranetEndpoint string
	Location         string
	Name             string
	Region           string
	StorageClass     string
}

// listBuckets answers the buckets of the account in all regions.
func listBuckets(s *Server, c *call) (answer, *failure) {
	page := pageXML{Prefix: c.query.Get("prefix"), Marker: c.query.Get("marker"), MaxKeys: 100}
	if text := c.query.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return answer{}, invalidArgument("Argument max-keys must be an integer between 1 and 1000.", "").
				with("ArgumentName", "max-keys").with("ArgumentValue", text)
		}
		page.MaxKeys = n
	}
	doc := listXML{Owner: ownerXML{c.account, c.account}, Buckets: s.list(c, &page)}
	if page.Marker != "" || page.IsTruncated {
		doc.pageXML = &page
	}
	return document(doc), nil
}

// list collects one page; one bucket more than wanted tells that it is truncated.
func (s *Server) list(c *call, page *pageXML) []listedXML {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.sortedNames()
	start, _ := slices.BinarySearch(names, max(page.Prefix, page.Marker))
	var found []listedXML
	for _, name := range names[start:] {
		if !strings.HasPrefix(name, page.Prefix) && name > page.Prefix {
			break
		}
		b := s.buckets[name]
		if name == page.Marker || !b.listedFor(c) {
			continue
		}
		if len(found) == page.MaxKeys {
			page.IsTruncated, page.NextMarker = true, found[len(found)-1].Name
			break
		}
		found = append(found, b.listed())
	}
	return found
}

// listedFor applies the owner and the tag filter.
func (b *bucketState) listedFor(c *call) bool {
	if b.Owner != c.account {
		return false
	}
	key := c.query.Get("tag-key")
	value, ok := b.Tags[key]
	if key == "" {
		return true
	}
	return ok && (!c.query.Has("tag-value") || value == c.query.Get("tag-value"))
}

func (b *bucketState) listed() listedXML {
	return listedXML{
		CreationDate:     b.creationDate(),
		ExtranetEndpoint: extranet(b.Region),
		IntranetEndpoint: intranet(b.Region),
		Location:         "oss-" + b.Region,
		Name:             b.Name,
		Region:           b.Region,
		StorageClass:     b.StorageClass,
	}
}
