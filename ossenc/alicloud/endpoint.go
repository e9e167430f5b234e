package alicloud

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"bucketwarden/ossenc"
)

// Endpoints says where to reach OSS in each region.
type Endpoints struct {
	// Default is one URL for every region; empty for the public cloud's.
	Default string
	// ByRegion holds a URL for each region. Where it is not empty and there is no
	// Default, a region that is not in it is an error: requests of a closed
	// network must not go to the public cloud by mistake.
	ByRegion map[string]string
	// Setting is the name of the setting that these endpoints come from, for messages
	// that say what to set.
	Setting string
	// Own is the function's own region.
	Own string
	// Internal uses the internal endpoint for the function's own region, where
	// traffic is free and needs no way to the internet.
	Internal bool
}

// Endpoint is where one region answers.
type Endpoint struct {
	URL string
	// PathStyle puts the bucket into the path instead of the host. OSS itself
	// refuses that; stand-ins on an IP address or localhost need it.
	PathStyle bool
}

// ParseEndpoints reads the form URL or region=URL,region=URL and returns every
// mistake in it, joined.
func ParseEndpoints(s string) (Endpoints, error) {
	if s == "" {
		return Endpoints{}, nil
	}
	if !strings.Contains(s, "=") {
		return Endpoints{Default: s}, checkURL(s)
	}
	e := Endpoints{ByRegion: map[string]string{}}
	var errs []error
	for pair := range strings.SplitSeq(s, ",") {
		region, u, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !ossenc.ValidRegion(region) {
			errs = append(errs, fmt.Errorf("%q is not a region; write region=URL, such as cn-hangzhou=https://oss-cn-hangzhou.aliyuncs.com", region))
		}
		if e.ByRegion[region] != "" {
			errs = append(errs, fmt.Errorf("region %s is given twice", region))
		}
		errs = append(errs, checkURL(u))
		e.ByRegion[region] = u
	}
	return e, errors.Join(errs...)
}

// ParseURL reads the endpoint of a service: a scheme, a host and perhaps a port.
func ParseURL(s string) (*url.URL, error) {
	if err := checkURL(s); err != nil {
		return nil, err
	}
	return url.Parse(s)
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("an endpoint is a URL such as https://oss-cn-hangzhou.aliyuncs.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("endpoint %s://%s has more than a scheme, a host and a port", u.Scheme, u.Host)
	}
	return nil
}

// For returns the endpoint of a region. listed is a bucket of that region whose
// endpoints the account's list named, or the zero Bucket.
func (e Endpoints) For(region string, listed ossenc.Bucket) (Endpoint, error) {
	if !ossenc.ValidRegion(region) {
		return Endpoint{}, &ossenc.Error{Code: ossenc.Invalid, Message: fmt.Sprintf("%.40q is not a region: neither the event nor the function says where the bucket is", region)}
	}
	base, err := e.Base(region)
	switch {
	case err != nil:
		return Endpoint{}, err
	case base != "":
		return Endpoint{base, needsPathStyle(base)}, nil
	case e.IsInternal(region):
		return Endpoint{URL: "https://" + listedHost(listed.Internal, usualHost(region, true))}, nil
	}
	return Endpoint{URL: "https://" + listedHost(listed.Public, usualHost(region, false))}, nil
}

// Base returns the URL that is set for a region, or "" for the public cloud's. The
// error is an *[ossenc.Error]: there are URLs, but none for this region.
func (e Endpoints) Base(region string) (string, error) {
	if base := cmp.Or(e.ByRegion[region], e.Default); base != "" || len(e.ByRegion) == 0 {
		return base, nil
	}
	message := "no endpoint is set for region " + region
	if e.Setting != "" {
		message += "; add " + region + "=https://<host> to " + e.Setting
	}
	return "", &ossenc.Error{Code: ossenc.Invalid, Message: message}
}

// Service returns where a regional service other than OSS answers, such as kms:
// the URL that is set, or the public cloud's.
func (e Endpoints) Service(name, region string) (*url.URL, error) {
	if !ossenc.ValidRegion(region) {
		return nil, &ossenc.Error{Code: ossenc.Invalid, Message: fmt.Sprintf("%.40q is not a region ID, such as cn-hangzhou", region)}
	}
	base, err := e.Base(region)
	if err != nil {
		return nil, err
	}
	if base == "" {
		if e.IsInternal(region) {
			name += "-vpc"
		}
		base = "https://" + name + "." + region + ".aliyuncs.com"
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, &ossenc.Error{Code: ossenc.Invalid, Message: "the endpoint of " + name + " is not a URL"}
	}
	return u, nil
}

// IsInternal reports whether a region is reached over the internal network.
func (e Endpoints) IsInternal(region string) bool { return e.Internal && region == e.Own }

// hosts are those of OSS in a region.
type hosts struct{ public, internal string }

// oddHosts are the regions whose hosts are not named after them (OSS, "Regions and
// endpoints", 5 February 2026). The finance cloud has parts that only one of the two
// networks reaches; a bucket in the other one is found by what OSS answers.
var oddHosts = map[string]hosts{
	"cn-hangzhou-finance":   {"oss-cn-hzfinance.aliyuncs.com", "oss-cn-hzjbp-a-internal.aliyuncs.com"},
	"cn-shanghai-finance-1": {"oss-cn-shanghai-finance-1-pub.aliyuncs.com", "oss-cn-shanghai-finance-1-internal.aliyuncs.com"},
	"cn-shenzhen-finance-1": {"oss-cn-szfinance.aliyuncs.com", "oss-cn-shenzhen-finance-1-internal.aliyuncs.com"},
	"cn-beijing-finance-1":  {"oss-cn-beijing-finance-1-pub.aliyuncs.com", "oss-cn-beijing-finance-1-internal.aliyuncs.com"},
	"rg-china-mainland":     {"oss-rg-china-mainland.aliyuncs.com", "oss-rg-china-mainland.aliyuncs.com"}, // has no internal one
}

// usualHost returns the host of a region where no list names another.
func usualHost(region string, internal bool) string {
	odd, isOdd := oddHosts[region]
	switch {
	case isOdd && internal:
		return odd.internal
	case isOdd:
		return odd.public
	case internal:
		return "oss-" + region + "-internal.aliyuncs.com"
	}
	return "oss-" + region + ".aliyuncs.com"
}

// listedHost returns the host that the list, or an answer of OSS, named if it is one
// of OSS's, because signed requests go there.
func listedHost(listed, usual string) string {
	if isOSSHost(listed) && !inUse.Holds(listed) {
		return listed
	}
	return usual
}

func needsPathStyle(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	return u.Hostname() == "localhost" || net.ParseIP(u.Hostname()) != nil
}

const labelCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-"
