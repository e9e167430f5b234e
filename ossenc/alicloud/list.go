package alicloud

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/region"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// List goes through the account's buckets of all regions (ListBuckets), in the
// order of their names, from the first name behind after.
func (c *Client) List(ctx context.Context, prefix, after string) iter.Seq2[ossenc.Bucket, error] {
	return func(yield func(ossenc.Bucket, error) bool) {
		own := ossenc.Bucket{Region: c.ownRegion(ctx)}
		cl, err := c.clientFor(own)
		if err != nil {
			yield(ossenc.Bucket{}, err)
			return
		}
		for next := c.page(ctx, cl, prefix, after); next != nil; {
			p := <-next
			if p.err != nil {
				yield(ossenc.Bucket{}, c.translate(ctx, "ListBuckets", own, p.err))
				return
			}
			next = nil
			if p.IsTruncated { // on its way while this one is worked on
				next = c.page(ctx, cl, prefix, deref(p.NextMarker))
			}
			for _, b := range p.Buckets {
				if !yield(bucketIn(b), nil) {
					return
				}
			}
		}
	}
}

// page is one page of the list, or why there is none.
type page struct {
	*oss.ListBucketsResult
	err error
}

// page asks for the page behind after.
func (c *Client) page(ctx context.Context, cl *oss.Client, prefix, after string) <-chan page {
	answer := make(chan page, 1)
	go func() {
		var p page
		defer func() {
			if r := recover(); r != nil { // in a goroutine it would end the process
				p.err = &ossenc.Error{Code: ossenc.Internal, Message: fmt.Sprintf("panic (%T)", r)}
			}
			answer <- p
		}()
		p.ListBucketsResult, p.err = cl.ListBuckets(ctx, &oss.ListBucketsRequest{Prefix: ref(prefix), Marker: ref(after), MaxKeys: 1000})
		if p.err == nil {
			p.err = checkPage(p.ListBucketsResult, after)
		}
	}()
	return answer
}

// checkPage refuses an answer that is not a page of a list, because it would look
// like an account without buckets, and one that does not lead on.
func checkPage(page *oss.ListBucketsResult, after string) error {
	switch {
	case page.Owner == nil && len(page.Buckets) == 0:
		return &ossenc.Error{Code: ossenc.Unavailable, Message: "an answer that is not OSS's list", RequestID: ossRequestID(page.Headers)}
	case page.IsTruncated && deref(page.NextMarker) <= after:
		return &ossenc.Error{Code: ossenc.Unavailable, Message: "a page of the list that does not lead on", RequestID: ossRequestID(page.Headers)}
	}
	return checkBuckets(page)
}

// checkBuckets refuses a page whose buckets hold a part of the credentials: what it
// says of them becomes part of results.
func checkBuckets(page *oss.ListBucketsResult) error {
	checked := map[string]bool{} // regions and hosts repeat
	for _, b := range page.Buckets {
		if inUse.Holds(deref(b.Name)) {
			return &ossenc.Error{Code: ossenc.Unavailable, Message: "a list that repeats a part of the request"}
		}
		for _, s := range []string{deref(b.Region), deref(b.Location), deref(b.ExtranetEndpoint), deref(b.IntranetEndpoint)} {
			if !checked[s] && inUse.Holds(s) {
				return &ossenc.Error{Code: ossenc.Unavailable, Message: "a list that repeats a part of the request"}
			}
			checked[s] = true
		}
	}
	return nil
}

// Owner returns the ID of the account that the credentials belong to, as OSS names
// it in the account's list (ListBuckets).
func (c *Client) Owner(ctx context.Context) (string, error) {
	own := ossenc.Bucket{Region: c.ownRegion(ctx)}
	cl, err := c.clientFor(own)
	if err != nil {
		return "", err
	}
	out, err := cl.ListBuckets(ctx, &oss.ListBucketsRequest{MaxKeys: 1})
	if err != nil {
		return "", c.translate(ctx, "ListBuckets", own, err)
	}
	if out.Owner == nil || !ossenc.ValidAccountID(deref(out.Owner.ID)) || inUse.Holds(deref(out.Owner.ID)) {
		return "", &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable, Message: "the answer names no owner"}
	}
	return *out.Owner.ID, nil
}

// lookUp asks the account's bucket list, which any endpoint answers for all
// regions, for one bucket.
func (c *Client) lookUp(ctx context.Context, own, name string) (ossenc.Bucket, bool) {
	cl, err := c.clientFor(ossenc.Bucket{Region: own})
	if err != nil {
		return ossenc.Bucket{}, false
	}
	out, err := cl.ListBuckets(ctx, &oss.ListBucketsRequest{Prefix: &name, MaxKeys: 10})
	if err != nil || checkPage(out, "") != nil {
		return ossenc.Bucket{}, false // the caller has a better error to report
	}
	for _, b := range out.Buckets {
		if deref(b.Name) == name {
			return bucketIn(b), true
		}
	}
	return ossenc.Bucket{}, false
}

// bucketIn returns a bucket as the list names it. Lists of older installations
// have a Location and no Region.
func bucketIn(b oss.BucketProperties) ossenc.Bucket {
	return ossenc.Bucket{
		Name: deref(b.Name), Region: cmp.Or(deref(b.Region), region.Parse(deref(b.Location))),
		Public: deref(b.ExtranetEndpoint), Internal: deref(b.IntranetEndpoint),
	}
}
