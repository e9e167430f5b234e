package alicloud

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"sync"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/region"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"
)

var (
	_ ossenc.Store  = (*Client)(nil)
	_ ossenc.Lister = (*Client)(nil)
)

// maxClients bounds the clients that are kept. It is above the number of hosts
// there are; only made-up regions in forged events would go beyond.
const maxClients = 64

// Client speaks to OSS with the credentials of the context's [Identity]. It
// keeps one SDK client for each host and signing region, all over one transport,
// and is safe for concurrent use. Where it asks about a bucket depends on what the
// caller knows of that bucket, never on what was asked before.
type Client struct {
	// Endpoints says where each region is; the zero value is the public cloud.
	Endpoints Endpoints
	// Fallback finds credentials when the context has none; nil means that there
	// are none.
	Fallback func() (ossenc.Credentials, error)
	// UserAgent is the product token behind the SDK's user agent: [ossenc.UserAgent] if
	// empty, which is the deployed function's, by which it recognises its own writes.
	UserAgent string

	httpClient *http.Client
	mu         sync.Mutex
	clients    map[location]*oss.Client
}

// location is where a client asks: the host's URL, and the region that it signs
// for. A region may have several hosts (finance cloud).
type location struct{ url, region string }

// NewClient returns a client that sends over the given transport.
func NewClient(e Endpoints, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{
		Endpoints: e,
		Fallback:  fallback,
		httpClient: &http.Client{
			Transport: &patient{next: bufferedTransport{transport}},
			// OSS tells of a wrong endpoint in an error answer. A redirect would
			// take signed headers, the security token among them, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		clients: map[location]*oss.Client{},
	}
}

// NewTransport returns the transport to share, which trusts all roots of the system.
func NewTransport() *http.Transport { return NewTransportWith(&tlsdial.Dialer{}) }

// NewTransportWith returns the transport to share, whose TLS connections d opens. The
// Dialer's own Dial, if nil, is set to the transport's. Behind a proxy d does not open
// them, and all roots of the system are read.
//
// Every bucket is a host of its own on OSS, so idle connections are bounded in all: one
// kept per bucket takes 26 KB and a socket each.
func NewTransportWith(d *tlsdial.Dialer) *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		DialTLSContext:        d.DialTLS,
		TLSClientConfig:       d.Config(),
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       50 * time.Second,
	}
	if d.Dial == nil {
		d.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return t.DialContext(ctx, network, addr)
		}
	}
	return t
}

// Get reads the bucket's rule (GetBucketEncryption). A bucket without one gives
// the zero Rule: OSS says so with 404 NoSuchServerSideEncryptionRule, and no
// other answer means it.
func (c *Client) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return c.follow(ctx, "GetBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: &b.Name})
		if err != nil {
			if serr, ok := errors.AsType[*oss.ServiceError](err); ok && serr.StatusCode == http.StatusNotFound && serr.Code == "NoSuchServerSideEncryptionRule" {
				return ossenc.Observation{RequestID: shownID(serr.RequestID)}, nil
			}
			return ossenc.Observation{}, err
		}
		a := ossenc.Observation{RequestID: ossRequestID(out.Headers)}
		a.Rule, err = ruleFrom(out.ServerSideEncryptionRule)
		if err != nil {
			return a, &ossenc.Error{Code: ossenc.Unrecognized, RequestID: a.RequestID, Message: err.Error()}
		}
		return a, nil
	})
}

// ruleFrom returns the rule that an answer holds. Each value is checked for its form
// first, because it becomes part of results and messages.
func ruleFrom(sse *oss.ServerSideEncryptionRule) (ossenc.Rule, error) {
	if sse == nil || sse.ApplyServerSideEncryptionByDefault == nil {
		return ossenc.Rule{}, errors.New("OSS answered without a rule and without saying that there is none")
	}
	d := sse.ApplyServerSideEncryptionByDefault
	algorithm, keyID, data := deref(d.SSEAlgorithm), deref(d.KMSMasterKeyID), deref(d.KMSDataEncryption)
	for name, value := range map[string]string{"SSEAlgorithm": algorithm, "KMSDataEncryption": data} {
		if value != field(value, 40, "/_-+.:") {
			return ossenc.Rule{}, fmt.Errorf("OSS reports a value of %s that is none of its values (%d bytes)", name, len(value))
		}
	}
	if keyID != field(keyID, 255, "/_:.-") {
		return ossenc.Rule{}, fmt.Errorf("OSS reports a KMS key ID with characters that no key ID has (%d bytes)", len(keyID))
	}
	return ossenc.ObservedRule(algorithm, keyID, data)
}

// Put replaces the bucket's rule (PutBucketEncryption).
func (c *Client) Put(ctx context.Context, b ossenc.Bucket, r ossenc.Rule) (ossenc.Observation, error) {
	req := &oss.PutBucketEncryptionRequest{
		Bucket: &b.Name,
		ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &oss.ApplyServerSideEncryptionByDefault{
				SSEAlgorithm:      &r.Algorithm,
				KMSMasterKeyID:    ref(r.KMSKeyID),
				KMSDataEncryption: ref(r.KMSDataEncryption),
			},
		},
	}
	return c.callHere(ctx, "PutBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.PutBucketEncryption(ctx, req, noRetry)
		if err != nil {
			return ossenc.Observation{}, err
		}
		return ossenc.Observation{Rule: r, RequestID: ossRequestID(out.Headers)}, nil
	})
}

// Delete removes the bucket's rule (DeleteBucketEncryption). It succeeds where
// there is none.
func (c *Client) Delete(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return c.callHere(ctx, "DeleteBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.DeleteBucketEncryption(ctx, &oss.DeleteBucketEncryptionRequest{Bucket: &b.Name}, noRetry)
		if err != nil {
			return ossenc.Observation{}, err
		}
		return ossenc.Observation{RequestID: ossRequestID(out.Headers)}, nil
	})
}

// Tags reads the bucket's tags (GetBucketTags; the RAM action is
// oss:GetBucketTagging). A bucket without tags gives an empty map.
func (c *Client) Tags(ctx context.Context, b ossenc.Bucket) (map[string]string, error) {
	tags := map[string]string{}
	_, err := c.follow(ctx, "GetBucketTags", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.GetBucketTags(ctx, &oss.GetBucketTagsRequest{Bucket: &b.Name})
		if err != nil {
			return ossenc.Observation{}, err
		}
		if out.Tagging == nil { // no tags are an empty Tagging; without one it is no answer
			return ossenc.Observation{}, &ossenc.Error{Code: ossenc.Unavailable, Message: "an answer that is not OSS's tags", RequestID: ossRequestID(out.Headers)}
		}
		if out.Tagging.TagSet != nil {
			for _, t := range out.Tagging.TagSet.Tags {
				tags[deref(t.Key)] = deref(t.Value)
			}
		}
		return ossenc.Observation{}, nil
	})
	if err != nil {
		return nil, err
	}
	return tags, nil
}

// noRetry keeps the SDK from sending a write again by itself: what it would write was
// decided on a look that is old by then.
func noRetry(o *oss.Options) { o.RetryMaxAttempts = new(1) }

// follow makes the call where the bucket is said to be and, when that is not so,
// where it is. See [route].
func (c *Client) follow(ctx context.Context, op string, b ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, error) {
	r := c.newRoute(ctx, b)
	var unset error // of a region that no endpoint is set for
	for {
		a, err := c.call(r.at, call)
		if err == nil {
			return a, nil
		}
		p := problemIn(err)
		if p.isUnset() && unset == nil {
			unset = c.translate(ctx, op, r.at, err)
		}
		if r.next(ctx, p) {
			continue
		}
		if unset != nil && !p.answered { // nobody contradicts the hint
			return a, unset
		}
		return a, c.translate(ctx, op, r.at, err)
	}
}

// callHere makes the call where the bucket is said to be and nowhere else. Writes
// follow nobody: a bucket elsewhere is another one than was looked at.
func (c *Client) callHere(ctx context.Context, op string, b ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, error) {
	at := c.newRoute(ctx, b).at
	a, err := c.call(at, call)
	if err != nil {
		return a, c.translate(ctx, op, at, err)
	}
	return a, nil
}

// call makes the call at one place.
func (c *Client) call(at ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, error) {
	cl, err := c.clientFor(at)
	if err != nil {
		return ossenc.Observation{Region: at.Region}, err
	}
	a, err := call(cl)
	a.Region, a.Public, a.Internal = at.Region, at.Public, at.Internal
	return a, err
}

// clientFor returns the SDK client for the host that answers for the bucket.
func (c *Client) clientFor(b ossenc.Bucket) (*oss.Client, error) {
	endpoint, err := c.Endpoints.For(b.Region, b)
	if err != nil {
		return nil, err
	}
	at := location{endpoint.URL, b.Region}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.clients[at]; cl != nil {
		return cl, nil
	}
	cfg := oss.NewConfig().WithRegion(at.region).WithEndpoint(at.url).WithUsePathStyle(endpoint.PathStyle).
		WithCredentialsProvider(credentials.CredentialsProviderFunc(c.credentials)).
		WithHttpClient(c.httpClient).WithUserAgent(cmp.Or(c.UserAgent, ossenc.UserAgent)).
		WithRetryer(retry.NewStandard(func(o *retry.RetryOptions) { o.MaxAttempts = 4 }))
	cl := oss.NewClient(cfg, func(o *oss.Options) {
		// The SDK writes the corrected clock without a lock: a data race in a
		// client that is shared. FC's clocks are kept; a wrong one fails loudly.
		o.FeatureFlags &^= oss.FeatureCorrectClockSkew
	})
	if len(c.clients) < maxClients {
		c.clients[at] = cl
	}
	return cl, nil
}

// credentials is asked before every attempt, with the context of the call.
func (c *Client) credentials(ctx context.Context) (credentials.Credentials, error) {
	got, err := CredentialsFrom(ctx, c.Fallback)
	if err != nil {
		return credentials.Credentials{}, err
	}
	return credentials.Credentials{AccessKeyID: got.AccessKeyID, AccessKeySecret: got.AccessKeySecret, SecurityToken: got.SecurityToken}, nil
}

// problemIn returns what an error of the SDK says.
func problemIn(err error) problem {
	p := problem{err: err}
	if serr, ok := errors.AsType[*oss.ServiceError](err); ok {
		p.answered, p.status, p.code, p.message, p.ec = true, serr.StatusCode, serr.Code, serr.Message, cmp.Or(serr.EC, serr.Headers.Get("x-oss-ec"))
		p.requestID = cmp.Or(shownID(serr.RequestID), ossRequestID(serr.Headers))
		p.endpoint = endpointIn(serr.Snapshot)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		p.noHost = dns.IsNotFound
	}
	_, p.badName = errors.AsType[oss.InvalidParamError](err)
	_, p.undecodable = errors.AsType[*oss.ClientError](err)
	return p
}

// endpointIn returns the Endpoint element of an OSS error. Only the answer to a
// wrong endpoint has one (AccessDenied, or PermanentRedirect in older texts);
// the SDK's own error type leaves it out.
func endpointIn(errorXML []byte) string {
	var e struct{ Endpoint string }
	if xml.Unmarshal(errorXML, &e) != nil {
		return ""
	}
	return e.Endpoint
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

// checkPage refuses an answer that is no page of a list, because it would look
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

func ref(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
