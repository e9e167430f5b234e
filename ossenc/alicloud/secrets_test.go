package alicloud_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// The marked credentials of three sources: an invocation's, the chain's and an
// assumed session's. Each source has its own, because what one showed another test
// would find.
func markedBy(source string) ossenc.Credentials {
	return ossenc.Credentials{
		AccessKeyID:     "STS.NUmq" + source + "8kWz4TvR",
		AccessKeySecret: "Kw7" + source + "GhTpLmqZ3x9Yv2JdRfNs",
		SecurityToken:   "CAIS8f" + source + "Gh2LpQ7rT1uV5x/Yz0aBcDe+WsXq3JkM9nHb==",
	}
}

// sources make the context and the fallback that the marked credentials come from.
var sources = map[string]func(context.Context, ossenc.Credentials) (context.Context, func() (ossenc.Credentials, error)){
	"Inv": func(ctx context.Context, c ossenc.Credentials) (context.Context, func() (ossenc.Credentials, error)) {
		return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: c, Region: "cn-hangzhou"}), nil
	},
	"Chn": func(ctx context.Context, c ossenc.Credentials) (context.Context, func() (ossenc.Credentials, error)) {
		return ossenc.WithIdentity(ctx, ossenc.Identity{Region: "cn-hangzhou"}), func() (ossenc.Credentials, error) { return c, nil }
	},
	"Ses": func(ctx context.Context, c ossenc.Credentials) (context.Context, func() (ossenc.Credentials, error)) {
		return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: c, Region: "cn-hangzhou", AccountID: "2", Assumed: true}), nil
	},
}

// written are the ways in which a server writes what it repeats.
var written = map[string]func(string) string{
	"plain":      func(s string) string { return s },
	"lower":      strings.ToLower,
	"upper":      strings.ToUpper,
	"by 1":       func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"by 7":       func(s string) string { return s[:7] + "." + s[7:14] + "." + s[14:] },
	"Base64":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"Base64 +1":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("x" + s)) },
	"hex":        func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":        func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"percent":    url.QueryEscape,
	"all %":      func(s string) string { return escapeAll(s, "%%%02X") },
	"JSON":       func(s string) string { b, _ := json.Marshal(s); return strings.Trim(string(b), `"`) },
	"all \\u":    func(s string) string { return escapeAll(s, `\u%04x`) },
	"HTML":       html.EscapeString,
	"all &#":     func(s string) string { return escapeAll(s, "&#%d;") },
	"JSON lines": func(s string) string { return s[:5] + `\n` + s[5:12] + `\r\n` + s[12:] },
	"octal":      func(s string) string { return escapeAll(s, `\%03o`) },
	"a label": func(s string) string {
		return strings.ToLower(strings.NewReplacer("/", "", "+", "", "=", "", ".", "").Replace(s))[:30]
	},
}

func escapeAll(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

// shows reports whether the output has a run of 8 characters of the secret in this
// form.
func shows(output, secret string, form func(string) string) bool {
	output = strings.ToLower(output)
	whole := strings.ToLower(form(secret))
	n := 8 * len(whole) / len(secret) // of 8 characters
	for i := 0; i+n <= len(whole); i++ {
		if strings.Contains(output, whole[i:i+n]) {
			return true
		}
	}
	return false
}

// place is where a server puts what it repeats.
type place struct {
	status int
	header http.Header
	body   string // with a % for it
	err    func(string) error
}

const errorWith = `<Error><Code>X</Code><Message>m</Message>%</Error>`

// places are all fields of an answer of OSS that become part of a result or a
// message, and the errors of the network that repeat an answer.
var places = map[string]place{
	"Location that is not a URL":  {status: 302, header: http.Header{"Location": {"http://%:99999999/%zz"}}},
	"Location":                    {status: 307, header: http.Header{"Location": {"https://%.aliyuncs.com/"}}},
	"request ID of a success":     {status: 200, header: http.Header{"X-Oss-Request-Id": {"%"}}, body: wholeRule},
	"request ID of no rule":       {status: 404, header: http.Header{"X-Oss-Request-Id": {"%"}}, body: strings.Replace(wholeError, "5C3D", "%", 1)},
	"request ID of an error":      {status: 403, header: http.Header{"X-Oss-Request-Id": {"%"}}, body: `<Error><Code>AccessDenied</Code></Error>`},
	"EC in a header":              {status: 403, header: http.Header{"X-Oss-Ec": {"%"}}, body: `<Error><Code>AccessDenied</Code></Error>`},
	"error in a header":           {status: 403, header: http.Header{"X-Oss-Err": {base64.StdEncoding.EncodeToString([]byte("<Error><Code>%</Code></Error>"))}}},
	"Code":                        {status: 403, body: `<Error><Code>%</Code></Error>`},
	"Message":                     {status: 403, body: `<Error><Code>AccessDenied</Code><Message>You sent % here</Message></Error>`},
	"RequestId":                   {status: 403, body: `<Error><Code>AccessDenied</Code><RequestId>%</RequestId></Error>`},
	"EC":                          {status: 403, body: `<Error><Code>AccessDenied</Code><EC>%</EC></Error>`},
	"HostId":                      {status: 403, body: strings.Replace(errorWith, "%", "<HostId>%</HostId>", 1)},
	"Endpoint":                    {status: 403, body: strings.Replace(errorWith, "%", "<Endpoint>oss-cn-%.aliyuncs.com</Endpoint>", 1)},
	"Endpoint of dual stack":      {status: 403, body: strings.Replace(errorWith, "%", "<Endpoint>cn-%.oss.aliyuncs.com</Endpoint>", 1)},
	"SSEAlgorithm":                {status: 200, body: strings.Replace(wholeRule, "KMS<", "%<", 1)},
	"KMSMasterKeyID":              {status: 200, body: strings.Replace(wholeRule, "key-1", "%", 1)},
	"KMSMasterKeyID that is long": {status: 200, body: strings.Replace(wholeRule, "key-1", "acs:kms:cn-hangzhou:1:key/%", 1)},
	"KMSDataEncryption":           {status: 200, body: strings.Replace(wholeRule, "SM4", "%", 1)},
	"a page":                      {status: 403, body: `<html><body>%</body></html>`},
	"a text":                      {status: 403, body: `%`},
	"a name of an element":        {status: 200, body: `<%></%>`},
	"bucket":                      {status: 200, body: strings.Replace(wholeList, "b-1", "%", 1)},
	"bucket's Region":             {status: 200, body: strings.Replace(wholeList, "<Region>cn-hangzhou", "<Region>cn-%", 1)},
	"bucket's Location":           {status: 200, body: strings.Replace(strings.Replace(wholeList, "<Region>cn-hangzhou</Region>", "", 1), "oss-cn-hangzhou", "oss-cn-%", 1)},
	"bucket's endpoint":           {status: 200, body: strings.Replace(wholeList, "</Bucket>", "<ExtranetEndpoint>oss-cn-%.aliyuncs.com</ExtranetEndpoint></Bucket>", 1)},
	"bucket's internal endpoint":  {status: 200, body: strings.Replace(wholeList, "</Bucket>", "<IntranetEndpoint>oss-cn-%.aliyuncs.com</IntranetEndpoint></Bucket>", 1)},
	"a tag's key":                 {status: 200, body: `<Tagging><TagSet><Tag><Key>%</Key><Value>v</Value></Tag></TagSet></Tagging>`},
	"a tag's value":               {status: 200, body: `<Tagging><TagSet><Tag><Key>k</Key><Value>%</Value></Tag></TagSet></Tagging>`},
	"a malformed answer": {err: func(s string) error {
		return fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", errors.New(`malformed HTTP response "`+s+`"`))
	}},
	"a host that is not there": {err: func(s string) error { return &net.DNSError{Err: "no such host", Name: "b-1." + s, IsNotFound: true} }},
	"a certificate": {err: func(s string) error {
		return x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{s}}, Host: "oss"}
	}},
	"a proxy": {err: func(s string) error { return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New(s)} }},
}

// server answers every request as the place says.
func (p place) server(leak string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if p.err != nil {
			return nil, p.err(leak)
		}
		resp := reply(r, p.status, strings.ReplaceAll(p.body, "%", leak))
		for name, values := range p.header {
			value := strings.ReplaceAll(values[0], "%", leak)
			if name == "X-Oss-Err" {
				value = base64.StdEncoding.EncodeToString([]byte("<Error><Code>" + leak + "</Code></Error>"))
			}
			resp.Header.Set(name, value)
		}
		return resp, nil
	})
}

// everything is all that a client says when it is asked for everything: results, and
// errors with all that they wrap.
func everything(ctx context.Context, c *alicloud.Client) string {
	var said strings.Builder
	say := func(v any, err error) {
		fmt.Fprintf(&said, "%+v\n", v)
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&said, "%s %+v %#v\n", err.Error(), err, err)
		}
	}
	say(c.Get(ctx, b1))
	say(c.Put(ctx, b1, ossenc.Rule{Algorithm: ossenc.AES256}))
	say(c.Delete(ctx, b1))
	say(c.Tags(ctx, b1))
	for b, err := range c.List(ctx, "", "") {
		say(b, err)
	}
	return said.String()
}

// No place of an answer shows 8 characters of a credential in any form, whichever
// source the credential is of.
func TestSecrets_EveryPlaceEveryFormEverySource(t *testing.T) {
	cells := 0
	for source, identify := range sources {
		c := markedBy(source)
		for where, p := range places {
			for how, form := range written {
				for _, secret := range []string{c.SecurityToken, c.AccessKeySecret, c.AccessKeyID} {
					if len(secret) < 30 && how == "a label" {
						continue
					}
					cells++
					synctest.Test(t, func(t *testing.T) {
						ctx, fallback := identify(t.Context(), c)
						said := everything(ctx, alicloud.NewClient(alicloud.Endpoints{}, p.server(form(secret)), fallback))
						for name, f := range written {
							if (name == how || name == "plain") && shows(said, secret, f) {
								t.Errorf("%s, %s, of %s: %.1500s", where, how, source, said)
							}
						}
					})
				}
			}
		}
	}
	if cells < 3*len(places)*2*len(written) {
		t.Errorf("only %d cells", cells)
	}
}

// The places do show what is not a secret, or the test above says nothing.
func TestSecrets_ThePlacesAreShown(t *testing.T) {
	const harmless = "harmless0w0rd"
	hidden := map[string]bool{ // nothing of these is ever part of a message
		"Location that is not a URL": true, "Location": true, "EC in a header": true, "EC": true, "error in a header": true, "HostId": true,
		"a page": true, "a text": true, "a name of an element": true,
	}
	for where, p := range places {
		synctest.Test(t, func(t *testing.T) {
			client := alicloud.NewClient(alicloud.Endpoints{}, p.server(harmless), nil)
			if said := everything(ctxOf(t), client); strings.Contains(said, harmless) == hidden[where] {
				t.Errorf("%s: %s", where, said)
			}
		})
	}
}
