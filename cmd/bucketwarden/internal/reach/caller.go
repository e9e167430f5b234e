package reach

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/sts"
)

// Caller is whose key reads the buckets, for the provenance of reports and plans.
// Nothing is decided by it.
type Caller struct {
	// Account and ARN are empty where they are unknown; Problem says why.
	Account, ARN, Problem string
}

// callerTime is how long STS may take. A report does not wait for it longer.
const callerTime = 5 * time.Second

// errNotAsked is why STS was not asked: a request that is signed with a key for a
// closed network must not go to the public cloud by mistake.
var errNotAsked = errors.New("not asked: --endpoint is not in the public cloud, and --sts-endpoint is not given")

// identify asks STS in the background: the list of buckets is read meanwhile.
func (r *Reach) identify(ctx context.Context) {
	found := make(chan Caller, 1)
	r.caller = func() Caller {
		c := <-found
		found <- c
		return c
	}
	if r.sts == "" && !r.public {
		found <- Caller{Problem: errNotAsked.Error()}
		return
	}
	host := r.sts
	if host == "" {
		host = alicloud.STSHost(r.Region, r.internal)
	}
	client := sts.New(host, r.traffic, r.credentials)
	go func() { found <- WhoIs(r.Context(ctx), client) }()
}

// WhoIs asks STS whose key the client signs with. It never waits longer than
// [callerTime].
func WhoIs(ctx context.Context, client *sts.Client) Caller {
	ctx, cancel := context.WithTimeout(ctx, callerTime)
	defer cancel()
	who, err := client.Caller(ctx)
	return Caller{who.Account, who.ARN, problemOf(err)}
}

// Caller returns whose key reads the buckets; the zero Caller before [Reach.Select].
func (r *Reach) Caller() Caller {
	if r.caller == nil {
		return Caller{}
	}
	return r.caller()
}

// problemOf is a failure in words that stay the same from report to report: a label of
// Prometheus must not hold a request ID.
func problemOf(err error) string {
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*ossenc.Error](err)
	if !ok {
		return "GetCallerIdentity: failed"
	}
	if e.OSSCode != "" {
		return "GetCallerIdentity: " + string(e.Code) + " (" + e.OSSCode + ")"
	}
	return "GetCallerIdentity: " + string(e.Code)
}

// inPublicCloud reports whether all endpoints are Alibaba Cloud's own.
func inPublicCloud(e alicloud.Endpoints) bool {
	urls := []string{e.Default}
	for _, u := range e.ByRegion {
		urls = append(urls, u)
	}
	for _, text := range urls {
		u, err := url.Parse(text)
		if text != "" && (err != nil || !strings.HasSuffix(u.Hostname(), ".aliyuncs.com")) {
			return false
		}
	}
	return true
}
