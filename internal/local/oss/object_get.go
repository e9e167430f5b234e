package oss

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// getObject answers GET and HEAD of an object.
func getObject(s *Server, c *call, b *bucketState) (answer, *failure) {
	o, f := b.object(c)
	if f != nil {
		return answer{}, f
	}
	// A key that was disabled since keeps OSS from decrypting.
	if _, f := s.withKey(b, o.sse); f != nil {
		return answer{}, f
	}
	a := o.headers(c.query)
	switch f := o.conditions(c.http.Header); {
	case f != nil && f.status == http.StatusNotModified:
		a.status = http.StatusNotModified
		return a, nil
	case f != nil:
		return answer{}, f
	}
	a.status, a.body = http.StatusOK, o.body
	return o.ranged(c.http.Header.Get("Range"), c.http.Header.Get("x-oss-range-behavior"), a)
}

// headers are those of the object, with what a signed URL overrides.
func (o *object) headers(query map[string][]string) answer {
	a := answer{header: maps.Clone(o.meta)}
	if o.meta.Get("Content-Type") == "" {
		a = a.with("Content-Type", "application/octet-stream")
	}
	for _, name := range kept {
		if values := query["response-"+strings.ToLower(name)]; len(values) > 0 {
			a = a.with(name, values[0])
		}
	}
	a = a.with("Accept-Ranges", "bytes").with("ETag", o.etag).
		with("Last-Modified", o.modified.UTC().Format(http.TimeFormat)).
		with("x-oss-object-type", o.kind).with("x-oss-storage-class", o.class).
		with("x-oss-hash-crc64ecma", strconv.FormatUint(o.crc, 10))
	if o.kind == "Normal" {
		a = a.with("Content-MD5", o.md5())
	}
	return o.sse.describe(a)
}

// conditions checks the If- headers.
func (o *object) conditions(h http.Header) *failure {
	etags := func(name string) bool {
		return slices.ContainsFunc(strings.Split(h.Get(name), ","), func(tag string) bool {
			tag = strings.TrimSpace(tag)
			return tag == "*" || strings.EqualFold(strings.Trim(tag, `"`), strings.Trim(o.etag, `"`))
		})
	}
	modified := o.modified.UTC().Truncate(time.Second)
	since, errSince := http.ParseTime(h.Get("If-Modified-Since"))
	until, errUntil := http.ParseTime(h.Get("If-Unmodified-Since"))
	switch {
	case h.Get("If-Match") != "" && !etags("If-Match"), errUntil == nil && modified.After(until):
		return known("PreconditionFailed")
	case h.Get("If-None-Match") != "" && etags("If-None-Match"), errSince == nil && !modified.After(since):
		return known("NotModified")
	}
	return nil
}

// ranged cuts the answer to a range of one part; of several the first counts. A range
// that cannot be read, or is not within the object, means all of it, as on the service;
// behavior "standard" (x-oss-range-behavior) cuts or refuses the latter, as HTTP has it.
func (o *object) ranged(header, behavior string, a answer) (answer, *failure) {
	size := int64(len(o.body))
	first, last, ok := parseRange(header, size)
	within := ok && first >= 0 && first <= last && last < size
	switch {
	case !ok || !within && behavior != "standard":
		return a, nil
	case !within:
		first, last = max(first, 0), min(last, size-1)
		if first > last {
			return answer{}, known("InvalidRange")
		}
	}
	a.status, a.body = http.StatusPartialContent, o.body[first:last+1]
	return a.with("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size)), nil
}

// parseRange reads bytes=a-b, bytes=a- and bytes=-n. The range may be outside of the
// object.
func parseRange(header string, size int64) (first, last int64, ok bool) {
	spec, found := strings.CutPrefix(header, "bytes=")
	spec, _, _ = strings.Cut(spec, ",")
	from, to, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !found || !dash {
		return 0, 0, false
	}
	end, errTo := strconv.ParseUint(to, 10, 62)
	start, errFrom := strconv.ParseUint(from, 10, 62)
	switch {
	case from == "" && errTo == nil: // the last bytes
		return size - int64(end), size - 1, true
	case errFrom != nil || to != "" && errTo != nil || to != "" && end < start:
		return 0, 0, false
	case to == "":
		return int64(start), max(int64(start), size-1), true
	}
	return int64(start), int64(end), true
}
