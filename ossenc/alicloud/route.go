package alicloud

import (
	"cmp"
	"context"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/region"
)

// maxHops bounds how often one read is made somewhere else: at the host that OSS
// names, in the function's own region, and where the account's list says.
const maxHops = 3

// route finds the place to ask about a bucket.
//
// What an event or a caller says of a bucket's region is a hint. It is tried first,
// so that the usual case costs one call. A hint that is wrong, in whatever way it is
// spelt, leads to the function's own region, because any endpoint of OSS names the
// right one for a bucket that it does not have; and from there, where that fails
// too, to the account's list. Neither is ever signed for a region that was refused.
type route struct {
	client *Client
	at     ossenc.Bucket // the next place to ask
	own    string
	tried  map[location]bool
	listed bool // the list was asked
	hops   int
}

func (c *Client) newRoute(ctx context.Context, b ossenc.Bucket) *route {
	r := &route{client: c, own: c.ownRegion(ctx), at: b}
	if b.Public == "" && b.Internal == "" { // not from the list, which knows better
		r.at.Region = region.Parse(b.Region)
	}
	r.at.Region = cmp.Or(r.at.Region, r.own)
	return r
}

// ownRegion returns the function's region.
func (c *Client) ownRegion(ctx context.Context) string {
	return cmp.Or(c.Endpoints.Own, ossenc.IdentityFrom(ctx).Region)
}

// next goes to the next place if the problem is that the bucket is not at this one.
func (r *route) next(ctx context.Context, p problem) bool {
	r.visit(r.at)
	if host := p.endpoint; isOSSHost(host) && !inUse.Holds(host) {
		named := ossenc.Bucket{Name: r.at.Name, Account: r.at.Account, Region: region.Parse(host), Public: host, Internal: internalHost(host)}
		if named.Region != "" && r.goTo(named) {
			return true
		}
	} else if !p.isElsewhere() {
		return false
	}
	if r.own != "" && r.goTo(ossenc.Bucket{Name: r.at.Name, Account: r.at.Account, Region: r.own}) {
		return true
	}
	if r.listed || r.own == "" {
		return false
	}
	r.listed = true
	b, found := r.client.lookUp(ctx, r.own, r.at.Name)
	b.Account = r.at.Account
	return found && r.goTo(b)
}

// goTo goes to a place that was not tried yet.
func (r *route) goTo(b ossenc.Bucket) bool {
	if r.hops == maxHops || !r.visit(b) {
		return false
	}
	r.hops++
	r.at = b
	return true
}

// visit notes a place, and returns false if it was noted before.
func (r *route) visit(b ossenc.Bucket) bool {
	var at location // the zero location is all places that there is no endpoint for
	if endpoint, err := r.client.Endpoints.For(b.Region, b); err == nil {
		at = location{endpoint.URL, b.Region}
	}
	if r.tried[at] {
		return false
	}
	if r.tried == nil {
		r.tried = map[location]bool{}
	}
	r.tried[at] = true
	return true
}

// isOSSHost reports whether the name of a host that an answer gives is one of OSS's
// for a region, or for several: requests with a signature go there.
func isOSSHost(host string) bool {
	name, ours := strings.CutSuffix(host, ".aliyuncs.com")
	if !ours || len(host) > 100 {
		return false
	}
	name = strings.TrimSuffix(name, ".oss") // dual stack: cn-hangzhou.oss.aliyuncs.com
	if strings.Trim(name, labelCharacters) != "" {
		return false
	}
	return len(name)+len(".aliyuncs.com") < len(host) && region.Valid(name) ||
		name == "oss" || strings.HasPrefix(name, "oss-") || strings.HasPrefix(name, "vpc100-oss-")
}

// internalHost returns the host of the internal network beside one of the public
// network.
func internalHost(host string) string {
	name := strings.TrimSuffix(host, ".aliyuncs.com")
	if strings.HasSuffix(name, "-internal") || strings.Contains(name, ".") || strings.HasPrefix(name, "vpc100-") {
		return host
	}
	return name + "-internal.aliyuncs.com"
}
