package alicloud_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/region"
)

// oddCloud answers under OSS's real host names as OSS does: a bucket is at one host,
// another host names it, and each host wants its own region in the signature.
type oddCloud struct {
	hosts   map[string]string // host: the region it wants in a signature
	buckets []oddBucket
	noList  bool // the role may not list

	mu    sync.Mutex
	asked []string
}

type oddBucket struct{ name, host, region, location, public, internal string }

var scope = regexp.MustCompile(`Credential=[^/]+/\d+/([^/]*)/oss`)

func (o *oddCloud) RoundTrip(r *http.Request) (*http.Response, error) {
	signed := scope.FindStringSubmatch(r.Header.Get("Authorization"))[1]
	o.mu.Lock()
	o.asked = append(o.asked, r.Method+" "+r.URL.Host+" "+signed)
	o.mu.Unlock()
	bucket, host, _ := strings.Cut(r.URL.Host, ".")
	if o.hosts[r.URL.Host] != "" {
		bucket, host = "", r.URL.Host
	}
	wants, there := o.hosts[host]
	switch {
	case !there:
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}}
	case signed != wants:
		return reply(r, 400, `<Error><Code>InvalidArgument</Code><Message>Invalid signing region in Authorization header.</Message><EC>0002-00000226</EC></Error>`), nil
	case bucket == "":
		return o.list(r), nil
	}
	for _, b := range o.buckets {
		switch {
		case b.name != bucket:
		case b.host != host:
			return reply(r, 403, `<Error><Code>AccessDenied</Code><Message>must be addressed using the specified endpoint</Message><Endpoint>`+b.host+`</Endpoint></Error>`), nil
		case r.Method == http.MethodPut:
			return reply(r, 200, ""), nil
		default:
			return reply(r, 404, noRule), nil
		}
	}
	return reply(r, 404, `<Error><Code>NoSuchBucket</Code></Error>`), nil
}

func (o *oddCloud) list(r *http.Request) *http.Response {
	if o.noList {
		return reply(r, 403, `<Error><Code>AccessDenied</Code><Message>no right</Message></Error>`)
	}
	var all strings.Builder
	for _, b := range o.buckets {
		element := func(name, value string) string {
			if value == "" {
				return ""
			}
			return "<" + name + ">" + value + "</" + name + ">"
		}
		all.WriteString("<Bucket>" + element("Name", b.name) + element("Region", b.region) + element("Location", b.location) +
			element("ExtranetEndpoint", b.public) + element("IntranetEndpoint", b.internal) + "</Bucket>")
	}
	return reply(r, 200, "<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets>"+all.String()+"</Buckets></ListAllMyBucketsResult>")
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

const (
	hangzhou    = "oss-cn-hangzhou.aliyuncs.com"
	beijing     = "oss-cn-beijing.aliyuncs.com"
	finance     = "oss-cn-hzfinance.aliyuncs.com"
	jbpA        = "oss-cn-hzjbp-a-internal.aliyuncs.com"
	jbpB        = "oss-cn-hzjbp-b-internal.aliyuncs.com"
	shanghaiPub = "oss-cn-shanghai-finance-1-pub.aliyuncs.com"
	odd         = "oss-cn-elsewhere.aliyuncs.com"
)

// odd returns a cloud with a bucket at each of these hosts.
func newOddCloud() *oddCloud {
	return &oddCloud{
		hosts: map[string]string{
			hangzhou: "cn-hangzhou", beijing: "cn-beijing", finance: "cn-hangzhou-finance", jbpA: "cn-hangzhou-finance", jbpB: "cn-hangzhou-finance",
			shanghaiPub: "cn-shanghai-finance-1", "oss-cn-shanghai-finance-1-internal.aliyuncs.com": "cn-shanghai-finance-1", odd: "cn-oddplace",
			"oss-cn-north-2-gov-1.aliyuncs.com": "cn-north-2-gov-1",
		},
		buckets: []oddBucket{
			{"a-pub", finance, "cn-hangzhou-finance", "", finance, "oss-cn-hzfinance-internal.aliyuncs.com"},
			{"b-jbp", jbpB, "cn-hangzhou-finance", "", jbpB, jbpB},
			{"c-pub", shanghaiPub, "cn-shanghai-finance-1", "", shanghaiPub, ""},
			{"d-odd", odd, "cn-oddplace", "", odd, ""},
			{"e-bj", beijing, "cn-beijing", "oss-cn-beijing", beijing, ""},
			{"f-gov", "oss-cn-north-2-gov-1.aliyuncs.com", "cn-north-2-gov-1", "", "", ""},
			{"g-old", beijing, "", "oss-cn-beijing", "", ""},
			{"h-own", hangzhou, "cn-hangzhou", "", hangzhou, ""},
		},
	}
}

// Every bucket is found from every hint, and written at the host that it was read
// from, whatever was asked before in the same process.
func TestClient_FindsEveryBucketFromEveryHint(t *testing.T) {
	cloud := newOddCloud()
	client := alicloud.NewClient(alicloud.Endpoints{}, cloud, nil) // one for all, so that each is affected by those before
	for _, b := range cloud.buckets {
		at := b.region
		if at == "" {
			at = region.Parse(b.location)
		}
		for _, hint := range []string{
			"", at, strings.ToUpper(at), "oss-" + at, at + "-internal", "oss-" + at + "-internal", "OSS-" + strings.ToUpper(at) + "-INTERNAL", b.host,
			"cn-hangzhou", "cn-beijing", "cn-beijing-internal", "oss-cn-beijing", "cn-nowhere", "cn-shanghai-finance-1-pub", "cn-hzfinance", "beijing",
			"华北2", "*", "../../x", "cn-hangzhou.evil.example.com", strings.Repeat("a", 300), "cn-elsewhere",
		} {
			cloud.asked = nil
			seen, err := client.Get(ctxOf(t), ossenc.Bucket{Name: b.name, Region: hint})
			if err != nil || !seen.Rule.IsNone() || seen.Region != at {
				t.Errorf("%s from %.40q: %+v, %v after %q", b.name, hint, seen, err, cloud.asked)
				continue
			}
			if len(cloud.asked) > 5 {
				t.Errorf("%s from %.40q: %q", b.name, hint, cloud.asked)
			}
			refused := map[string]bool{}
			for _, a := range cloud.asked { // a list is never signed for a region that is not the own one
				if strings.HasPrefix(a, "GET oss-") && !strings.HasSuffix(a, " cn-hangzhou") || refused[a] {
					t.Errorf("%s from %.40q: %q", b.name, hint, cloud.asked)
				}
				refused[a] = true
			}
			cloud.asked = nil
			_, err = client.Put(ctxOf(t), ossenc.Bucket{Name: b.name, Region: seen.Region, Public: seen.Public, Internal: seen.Internal}, ossenc.Rule{Algorithm: ossenc.AES256})
			if want := "PUT " + b.name + "." + b.host + " " + at; err != nil || !slices.Equal(cloud.asked, []string{want}) {
				t.Errorf("%s: written at %q, want %q: %v", b.name, cloud.asked, want, err)
			}
		}
	}
}

// A right hint costs one call, a wrong one that OSS knows two.
func TestClient_AHintCostsACall(t *testing.T) {
	for _, c := range []struct {
		bucket, hint string
		calls        int
	}{
		{"e-bj", "cn-beijing", 1},
		{"e-bj", "cn-beijing-internal", 1},
		{"e-bj", "", 2},
		{"e-bj", "cn-hangzhou", 2},
		{"h-own", "cn-beijing", 2},
		{"h-own", "cn-nowhere", 2},
		{"h-own", "nonsense!", 1},
		{"a-pub", "cn-hangzhou-finance", 1},
		{"c-pub", "cn-shanghai-finance-1", 1},
		{"b-jbp", "cn-hangzhou-finance", 2},
		{"f-gov", "cn-north-2-gov-1", 1},
		{"d-odd", "", 4}, // the own region names a host, which refuses the signature, and the list tells the region
	} {
		cloud := newOddCloud()
		client := alicloud.NewClient(alicloud.Endpoints{}, cloud, nil)
		if _, err := client.Get(ctxOf(t), ossenc.Bucket{Name: c.bucket, Region: c.hint}); err != nil || len(cloud.asked) != c.calls {
			t.Errorf("%s from %q: %v after %q, want %d", c.bucket, c.hint, err, cloud.asked, c.calls)
		}
	}
}

// A role without the right to list finds all buckets but those at a host whose name
// does not say the region.
func TestClient_FindsBucketsWithoutTheList(t *testing.T) {
	cloud := newOddCloud()
	cloud.noList = true
	client := alicloud.NewClient(alicloud.Endpoints{}, cloud, nil)
	for _, b := range cloud.buckets {
		for _, hint := range []string{"", "cn-nowhere", "cn-beijing", "cn-hangzhou"} {
			_, err := client.Get(ctxOf(t), ossenc.Bucket{Name: b.name, Region: hint})
			if b.name == "d-odd" && ossenc.CodeOf(err) != ossenc.Denied || b.name != "d-odd" && err != nil {
				t.Errorf("%s from %q: %v", b.name, hint, err)
			}
		}
	}
}

// The host that the list names for a bucket is that bucket's, for each of several in
// one region, before and after events, and for a function in that region.
func TestClient_TheListsHostIsTheBuckets(t *testing.T) {
	for name, e := range map[string]alicloud.Endpoints{
		"elsewhere": {Own: "cn-hangzhou"}, "in the region": {Own: "cn-hangzhou-finance"}, "inside": {Own: "cn-hangzhou-finance", Internal: true},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newOddCloud()
			cloud.hosts["oss-cn-hzfinance-internal.aliyuncs.com"] = "cn-hangzhou-finance"
			client := alicloud.NewClient(e, cloud, nil)
			for round := range 2 {
				for _, b := range cloud.buckets[:2] { // events first: no host is known
					if _, err := client.Get(ctxOf(t), ossenc.Bucket{Name: b.name, Region: b.region}); err != nil && name != "inside" {
						t.Errorf("event of %s: %v", b.name, err)
					}
				}
				listed := 0
				for b, err := range client.List(ctxOf(t), "", "") {
					if err != nil {
						t.Fatal(err)
					}
					cloud.asked = nil
					_, err = client.Get(ctxOf(t), b)
					host := b.Public
					if e.Internal && b.Region == e.Own {
						host = b.Internal
					}
					if first := fmt.Sprintf("GET %s.%s %s", b.Name, host, b.Region); host != "" && cloud.asked[0] != first {
						t.Errorf("round %d: %q, want %s first: %v", round, cloud.asked, first, err)
					}
					if err != nil && host != "oss-cn-hzfinance-internal.aliyuncs.com" {
						t.Errorf("round %d: %s: %v after %q", round, b.Name, err, cloud.asked)
					}
					listed++
				}
				if listed != len(cloud.buckets) {
					t.Errorf("%d listed", listed)
				}
			}
		})
	}
}

// A list without Region is read by its Location.
func TestClient_ListWithoutRegion(t *testing.T) {
	client := alicloud.NewClient(alicloud.Endpoints{}, newOddCloud(), nil)
	regions := map[string]string{}
	for b, err := range client.List(ctxOf(t), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		regions[b.Name] = b.Region
	}
	if regions["g-old"] != "cn-beijing" || regions["c-pub"] != "cn-shanghai-finance-1" {
		t.Errorf("%v", regions)
	}
}

// Where a region's host is not there, the message says which setting to set.
func TestClient_SaysWhatToSet(t *testing.T) {
	for _, c := range []struct {
		endpoints    alicloud.Endpoints
		region, want string
	}{
		{alicloud.Endpoints{Setting: "THE_SETTING"}, "cn-newcloud-1", "(cn-newcloud-1 is not a region that this version knows; if OSS has a host there, set THE_SETTING=cn-newcloud-1=https://<host>)"},
		{alicloud.Endpoints{Setting: "THE_SETTING"}, "cn-shenzhen", "(if OSS has another host in cn-shenzhen, set THE_SETTING=cn-shenzhen=https://<host>)"},
		{alicloud.Endpoints{Setting: "THE_SETTING", ByRegion: map[string]string{"cn-x": "https://a.example.com"}}, "cn-newcloud-1", "no endpoint is set for region cn-newcloud-1; add cn-newcloud-1=https://<host> to THE_SETTING"},
	} {
		client := alicloud.NewClient(c.endpoints, newOddCloud(), nil)
		id := identity
		id.Region = c.region
		_, err := client.Get(ossenc.WithIdentity(t.Context(), id), ossenc.Bucket{Name: "b-1"})
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// Answers lead to hosts of OSS only, in any of their forms, and to none that repeats
// a part of the credentials.
func TestClient_FollowsToHostsOfOSSOnly(t *testing.T) {
	secretive := ossenc.Identity{Region: "cn-hangzhou", Credentials: ossenc.Credentials{AccessKeyID: "STS.x", AccessKeySecret: "Kw7markSecretqZ3x9Yv2", SecurityToken: "t"}}
	for host, follows := range map[string]bool{
		beijing: true, finance: true, jbpA: true, "cn-beijing.oss.aliyuncs.com": true, "oss-cn-newplace.aliyuncs.com": true,
		"vpc100-oss-cn-beijing.aliyuncs.com": true, "oss.aliyuncs.com": true,
		"evil.example.com": false, "kms.cn-beijing.aliyuncs.com": false, "cn-beijing.kms.aliyuncs.com": false, "evil.aliyuncs.com": false,
		"oss-cn-beijing.aliyuncs.com.evil.com": false, "oss-cn-beijing.aliyuncs.com/x": false, "oss-cn-beijing.aliyuncs.com:444": false,
		"x@oss-cn-beijing.aliyuncs.com": false, "a.b.oss.aliyuncs.com": false, ".oss.aliyuncs.com": false, "127.0.0.1": false, "": false,
		"oss": false, "oss-cn-beijing": false, "vpc100-oss-cn-beijing": false, "oss-" + strings.Repeat("a", 86) + ".aliyuncs.com": false, // the longest has 100 letters
		"oss-cn-kw7marksecretqz3x9yv2.aliyuncs.com": false, "oss-cn-2vy9x3zqtercesk.aliyuncs.com": false,
	} {
		var asked []string
		client := alicloud.NewClient(alicloud.Endpoints{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			return reply(r, 403, "<Error><Code>AccessDenied</Code><Message>m</Message><Endpoint>"+host+"</Endpoint></Error>"), nil
		}), nil)
		_, err := client.Get(ossenc.WithIdentity(t.Context(), secretive), ossenc.Bucket{Name: "b-1"})
		if ossenc.CodeOf(err) != ossenc.Denied || (len(asked) != 1) != follows || follows && asked[1] != "b-1."+host {
			t.Errorf("%q: asked %q: %v", host, asked, err)
		}
	}
}
