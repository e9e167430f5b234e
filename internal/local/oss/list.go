package oss

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"maps"
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
	ResourceGroup    string `xml:"ResourceGroupId,omitempty"` // only if the request asks for it
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
	filter, f := c.filter()
	if f != nil {
		return answer{}, f
	}
	doc := listXML{Owner: ownerXML{c.account, c.account}, Buckets: s.list(filter, &page)}
	if page.Marker != "" || page.IsTruncated {
		doc.pageXML = &page
	}
	return document(doc), nil
}

// list collects one page; one bucket more than wanted tells that it is truncated.
func (s *Server) list(filter listFilter, page *pageXML) []listedXML {
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
		if name == page.Marker || !filter.match(b) {
			continue
		}
		if len(found) == page.MaxKeys {
			page.IsTruncated, page.NextMarker = true, found[len(found)-1].Name
			break
		}
		found = append(found, b.listed(filter))
	}
	return found
}

// listFilter is what a list asks for beside names.
type listFilter struct {
	account  string
	group    string // of resources
	byGroup  bool
	tags     map[string]string
	anyValue string // a tag key whose value does not matter
}

// filter reads the parameters tag-key, tag-value and tagging ("k1":"v1","k2":"v2"),
// and the header of the resource group, whose empty value means the default one.
func (c *call) filter() (listFilter, *failure) {
	f := listFilter{account: c.account, tags: map[string]string{}}
	if values := c.http.Header.Values("x-oss-resource-group-id"); len(values) > 0 {
		f.byGroup, f.group = true, cmp.Or(values[0], "rg-default-id")
	}
	key := c.query.Get("tag-key")
	switch {
	case key != "" && c.query.Has("tag-value"):
		f.tags[key] = c.query.Get("tag-value")
	case key != "":
		f.anyValue = key
	}
	text := c.query.Get("tagging")
	if text == "" {
		return f, nil
	}
	var more map[string]string
	if err := json.Unmarshal([]byte("{"+text+"}"), &more); err != nil {
		return f, invalidArgument("The parameter tagging is wrongly formed.", "").with("ArgumentName", "tagging").with("ArgumentValue", text)
	}
	maps.Copy(f.tags, more)
	return f, nil
}

func (f listFilter) match(b *bucketState) bool {
	if b.Owner != f.account || f.byGroup && b.ResourceGroup != f.group {
		return false
	}
	if _, ok := b.Tags[f.anyValue]; f.anyValue != "" && !ok {
		return false
	}
	for key, value := range f.tags {
		if got, ok := b.Tags[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func (b *bucketState) listed(f listFilter) listedXML {
	doc := listedXML{
		CreationDate:     b.creationDate(),
		ExtranetEndpoint: extranet(b.Region),
		IntranetEndpoint: intranet(b.Region),
		Location:         "oss-" + b.Region,
		Name:             b.Name,
		Region:           b.Region,
		StorageClass:     b.StorageClass,
	}
	if f.byGroup {
		doc.ResourceGroup = b.ResourceGroup
	}
	return doc
}
