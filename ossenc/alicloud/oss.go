package alicloud

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"net"
	"net/http"
	"sync"

	"bucketwarden/ossenc"

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
			// OSS reports a wrong endpoint in an error answer. A redirect would
			// take signed headers, the security token among them, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		clients: map[location]*oss.Client{},
	}
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
		if unset != nil && !p.answered { // no answer contradicts the hint
			return a, unset
		}
		return a, c.translate(ctx, op, r.at, err)
	}
}

// callHere makes the call where the bucket is said to be and nowhere else. Writes
// follow no answer: a bucket elsewhere is another one than was read.
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
