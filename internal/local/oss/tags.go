package oss

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type taggingXML struct {
	XMLName xml.Name `xml:"Tagging"`
	Set     *setXML  `xml:"TagSet"` // nil leaves the element out
}

type setXML struct {
	Tags []tagXML `xml:"Tag"`
}

type tagXML struct {
	Key   string
	Value string
}

func putTags(_ *Server, c *call, b *bucketState) (answer, *failure) {
	doc := taggingXML{Set: &setXML{}}
	if f := decode(c.body, &doc); f != nil {
		return answer{}, f
	}
	tags := map[string]string{}
	for _, tag := range doc.Set.Tags {
		tags[tag.Key] = tag.Value
	}
	if _, ok := tags[""]; ok {
		return answer{}, known("MalformedXML")
	}
	b.Tags = tags
	return answer{status: http.StatusOK}, nil
}

// getTags answers a bucket without tags with an empty Tagging, not a 404.
func getTags(_ *Server, _ *call, b *bucketState) (answer, *failure) {
	if len(b.Tags) == 0 {
		return document(taggingXML{}), nil
	}
	set := new(setXML)
	for _, key := range slices.Sorted(maps.Keys(b.Tags)) {
		set.Tags = append(set.Tags, tagXML{key, b.Tags[key]})
	}
	return document(taggingXML{Set: set}), nil
}

// deleteTags removes the tags named in the parameter, or all of them.
func deleteTags(_ *Server, c *call, b *bucketState) (answer, *failure) {
	names := c.query.Get("tagging")
	if names == "" {
		b.Tags = nil
	}
	for name := range strings.SplitSeq(names, ",") {
		delete(b.Tags, name)
	}
	return answer{status: http.StatusNoContent}, nil
}
