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
	"strings"
	"sync"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/tlsdial"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"
)

var (
	_ ossenc.Store  = (*Client)(nil)
	_ ossenc.Lister = (*Client)(nil)
)

// maxRegions bounds the clients that are kept. It is above the number of
// regions there are; only made-up regions in forged events would go beyond.
const maxRegions = 64

// Client speaks to OSS with the credentials of the context's [Identity]. It
// keeps one SDK client for each region, all over one transport, and is safe for
// concurrent use.
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
	byRegion   map[string]*oss.Client
}

// NewClient returns a client that sends over the given transport.
func NewClient(e Endpoints, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{
		Endpoints: e,
		Fallback:  fallback,
		httpClient: &http.Client{
			Transport: bufferedTransport{transport},
			// OSS tells of a wrong endpoint in an error answer. A redirect would
			// take signed headers, the security token among them, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		byRegion: map[string]*oss.Client{},
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

func ruleFrom(sse *oss.ServerSideEncryptionRule) (ossenc.Rule, error) {
	if sse == nil || sse.ApplyServerSideEncryptionByDefault == nil {
		return ossenc.Rule{}, errors.New("OSS answered without a rule and without saying that there is none")
	}
	d := sse.ApplyServerSideEncryptionByDefault
	return ossenc.ObservedRule(deref(d.SSEAlgorithm), deref(d.KMSMasterKeyID), deref(d.KMSDataEncryption))
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

// follow makes the call in the bucket's region and, when OSS says that the
// bucket lives elsewhere, once more there. The region in the hint is tried
// first, so the usual case costs one call.
func (c *Client) follow(ctx context.Context, op string, b ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, error) {
	for hop := 0; ; hop++ {
		a, cl, err := c.call(ctx, b, call)
		if err == nil {
			return a, nil
		}
		next := c.redirectRegion(ctx, cl, b.Name, a.Region, err)
		if next == "" || hop == 2 {
			return a, translate(ctx, op, b.Name, err)
		}
		b = ossenc.Bucket{Name: b.Name, Region: next} // the endpoints were the other region's
	}
}

// callHere makes the call in the bucket's region and nowhere else. Writes follow
// nobody: a bucket elsewhere is another one than was looked at.
func (c *Client) callHere(ctx context.Context, op string, b ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, error) {
	a, _, err := c.call(ctx, b, call)
	if err != nil {
		return a, translate(ctx, op, b.Name, err)
	}
	return a, nil
}

// call makes the call in the bucket's region, or the function's own.
func (c *Client) call(ctx context.Context, b ossenc.Bucket, call func(*oss.Client) (ossenc.Observation, error)) (ossenc.Observation, *oss.Client, error) {
	region := cmp.Or(b.Region, c.ownRegion(ctx, ""))
	cl, err := c.clientFor(region, b)
	if err != nil {
		return ossenc.Observation{Region: region}, nil, err
	}
	a, err := call(cl)
	a.Region = region
	return a, cl, err
}

// ownRegion returns the function's region, or "" if that is except.
func (c *Client) ownRegion(ctx context.Context, except string) string {
	own := cmp.Or(c.Endpoints.Own, ossenc.IdentityFrom(ctx).Region)
	if own == except {
		return ""
	}
	return own
}

// clientFor returns the SDK client for a region, at the endpoints that the account's
// list named for it if any.
func (c *Client) clientFor(region string, b ossenc.Bucket) (*oss.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.byRegion[region]; cl != nil {
		return cl, nil
	}
	endpoint, err := c.Endpoints.For(region, b)
	if err != nil {
		return nil, err
	}
	cfg := oss.NewConfig().WithRegion(region).WithEndpoint(endpoint.URL).WithUsePathStyle(endpoint.PathStyle).
		WithCredentialsProvider(credentials.CredentialsProviderFunc(c.credentials)).
		WithHttpClient(c.httpClient).WithUserAgent(cmp.Or(c.UserAgent, ossenc.UserAgent)).
		WithRetryer(retry.NewStandard(func(o *retry.RetryOptions) { o.MaxAttempts = 4 }))
	cl := oss.NewClient(cfg, func(o *oss.Options) {
		// The SDK writes the corrected clock without a lock: a data race in a
		// client that is shared. FC's clocks are kept; a wrong one fails loudly.
		o.FeatureFlags &^= oss.FeatureCorrectClockSkew
	})
	if len(c.byRegion) < maxRegions {
		c.byRegion[region] = cl
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

// redirectRegion returns the region that a bucket lives in if err says that it is not
// this one, else "".
func (c *Client) redirectRegion(ctx context.Context, cl *oss.Client, bucket, region string, err error) string {
	if cl == nil {
		return ""
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return c.ownRegion(ctx, region) // the hint named a region that there is not
	}
	serr, ok := errors.AsType[*oss.ServiceError](err)
	if !ok {
		return ""
	}
	next := regionOf(endpointIn(serr.Snapshot))
	if next == "" && wrongSigningRegion(serr) {
		next = lookUpRegion(ctx, cl, bucket)
	}
	if next == region {
		return ""
	}
	return next
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

// wrongSigningRegion reports whether OSS refused the region in the V4 signature:
// it differs from the host's (EC 0002-00000226), or is unknown or not the
// bucket's (EC 0002-00000228).
func wrongSigningRegion(e *oss.ServiceError) bool {
	return e.EC == "0002-00000226" || e.EC == "0002-00000228"
}

// lookUpRegion asks the account's bucket list, which any endpoint answers for
// all regions.
func lookUpRegion(ctx context.Context, cl *oss.Client, bucket string) string {
	out, err := cl.ListBuckets(ctx, &oss.ListBucketsRequest{Prefix: &bucket, MaxKeys: 10})
	if err != nil {
		return "" // the caller has a better error to tell of
	}
	for _, b := range out.Buckets {
		if deref(b.Name) == bucket {
			return deref(b.Region)
		}
	}
	return ""
}

// Owner returns the ID of the account that the credentials belong to, as OSS names
// it in the account's list (ListBuckets).
func (c *Client) Owner(ctx context.Context) (string, error) {
	cl, err := c.clientFor(c.ownRegion(ctx, ""), ossenc.Bucket{})
	if err != nil {
		return "", err
	}
	out, err := cl.ListBuckets(ctx, &oss.ListBucketsRequest{MaxKeys: 1})
	if err != nil {
		return "", translate(ctx, "ListBuckets", "", err)
	}
	if out.Owner == nil || deref(out.Owner.ID) == "" {
		return "", &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable, Message: "the answer names no owner"}
	}
	return *out.Owner.ID, nil
}

// List goes through the account's buckets of all regions (ListBuckets), in the
// order of their names, from the first name behind after.
func (c *Client) List(ctx context.Context, prefix, after string) iter.Seq2[ossenc.Bucket, error] {
	return func(yield func(ossenc.Bucket, error) bool) {
		cl, err := c.clientFor(c.ownRegion(ctx, ""), ossenc.Bucket{})
		if err != nil {
			yield(ossenc.Bucket{}, err)
			return
		}
		for next := c.page(ctx, cl, prefix, after); next != nil; {
			p := <-next
			if p.err != nil {
				yield(ossenc.Bucket{}, translate(ctx, "ListBuckets", "", p.err))
				return
			}
			next = nil
			if p.IsTruncated { // on its way while this one is worked on
				next = c.page(ctx, cl, prefix, deref(p.NextMarker))
			}
			for _, b := range p.Buckets {
				if !yield(ossenc.Bucket{Name: deref(b.Name), Region: deref(b.Region), Public: deref(b.ExtranetEndpoint), Internal: deref(b.IntranetEndpoint)}, nil) {
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
	return nil
}

// ossCodes maps OSS's error codes. What is missing is decided by the status.
var ossCodes = map[string]ossenc.Code{
	"NoSuchBucket":                        ossenc.NotFound,
	"AccessDenied":                        ossenc.Denied,
	"InvalidAccessKeyId":                  ossenc.Denied,
	"SignatureDoesNotMatch":               ossenc.Denied,
	"InvalidSecurityToken":                ossenc.Denied,
	"SecurityTokenExpired":                ossenc.Denied,
	"AccessKeyIdAndSecurityTokenNotMatch": ossenc.Denied,
	"SecurityTokenNotSupported":           ossenc.Denied,
	"RequestTimeTooSkewed":                ossenc.Denied,
	"UserDisable":                         ossenc.Denied,
	"BucketDisable":                       ossenc.Denied,
	"AbnormalBucketOwnerStatus":           ossenc.Denied,
	"PublicEndpointForbidden":             ossenc.Denied,
	"InvalidEncryptionAlgorithmError":     ossenc.Refused,
	"InvalidDataEncryptionAlgorithmError": ossenc.Refused,
	"InvalidArgument":                     ossenc.Refused,
	"InvalidParameter":                    ossenc.Refused,
	"MalformedXML":                        ossenc.Refused,
	"KmsServiceNotEnabled":                ossenc.Refused,
	"KeyNotFound":                         ossenc.Refused,
	"AliasNotFound":                       ossenc.Refused,
	"KeyDisabled":                         ossenc.Refused,
	"KeyPendingDeletion":                  ossenc.Refused,
	"KeyPendingImport":                    ossenc.Refused,
	"KmsInDebt":                           ossenc.Refused,
	"KmsInDebtOverdue":                    ossenc.Refused,
	"InvalidBucketName":                   ossenc.Invalid,
	"MetaOperationQpsLimitExceeded":       ossenc.Throttled,
	"TotalQpsLimitExceeded":               ossenc.Throttled,
	"ActiveRequestLimitExceeded":          ossenc.Throttled,
}

// translate turns an error of the SDK into ours. The SDK's own texts stay
// behind Unwrap: they are several lines long and name the request.
func translate(ctx context.Context, op, bucket string, err error) error {
	e := &ossenc.Error{Op: op, Bucket: bucket, Err: err}
	if ours, ok := errors.AsType[*ossenc.Error](err); ok {
		e.Code, e.Message, e.RequestID, e.Err = ours.Code, ours.Message, ours.RequestID, ours.Err
		return e
	}
	serr, answered := errors.AsType[*oss.ServiceError](err)
	switch {
	case ctx.Err() != nil: // first: the SDK loses it when the time runs out between two tries
		e.Code, e.Message = ossenc.Deadline, "no answer before the invocation's time ran out"
	case answered:
		e.Code, e.Message = codeOf(serr), shown(ctx, messageOf(serr))
		e.OSSCode, e.EC = shownCode(serr.Code), shownEC(serr.EC)
		e.RequestID = cmp.Or(shownID(serr.RequestID), ossRequestID(serr.Headers))
	case isInvalidParam(err):
		e.Code, e.Message = ossenc.Invalid, "not a valid bucket name"
	case isUndecodable(err):
		e.Code, e.Message = ossenc.Unavailable, "an answer that is not OSS's XML"
	default:
		e.Code, e.Message = ossenc.Unavailable, "no answer: "+networkReason(err)
	}
	return e
}

func codeOf(e *oss.ServiceError) ossenc.Code {
	if c, ok := ossCodes[e.Code]; ok {
		return c
	}
	switch {
	case e.StatusCode == http.StatusTooManyRequests, strings.Contains(e.Code, "QpsLimit"):
		return ossenc.Throttled
	case e.StatusCode == http.StatusUnauthorized, e.StatusCode == http.StatusForbidden:
		return ossenc.Denied
	case e.StatusCode >= 500:
		return ossenc.Unavailable
	}
	return ossenc.Internal
}

func isInvalidParam(err error) bool {
	_, ok := errors.AsType[oss.InvalidParamError](err)
	return ok
}

func isUndecodable(err error) bool {
	_, ok := errors.AsType[*oss.ClientError](err)
	return ok
}

// networkReason names what went wrong without the URL that url.Error repeats.
func networkReason(err error) string {
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return "time-out"
	}
	return inUse.Line(innermost(err).Error())
}

// messageOf returns what OSS said. The SDK's own words for an answer that is not
// OSS's repeat a part of it, so they are replaced.
func messageOf(e *oss.ServiceError) string {
	if e.Code == "BadErrorResponse" {
		return http.StatusText(e.StatusCode) + ": an answer that is not OSS's XML"
	}
	return cmp.Or(e.Message, http.StatusText(e.StatusCode))
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
