package oss_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/signer"

	localoss "bucketwarden/internal/local/oss"
)

// object is a request for one object of the bucket example.
func object(method, key, body string, header map[string]string) raw {
	path, query, _ := strings.Cut(key, "?")
	u := "http://example.localhost/" + (&url.URL{Path: path}).EscapedPath()
	if query != "" {
		u += "?" + query
	}
	return raw{method: method, url: u, bucket: "example", key: path, body: body, header: header}
}

// stocked is a quiet server with one object.
func stocked(t *testing.T) *localoss.Server {
	t.Helper()
	server := quiet()
	if w := object("PUT", "a/b", "hello", map[string]string{"x-oss-meta-color": "blue", "Content-Type": "text/x"}).send(t, server); w.Code != 200 {
		t.Fatal(w.Body)
	}
	return server
}

// standard are the headers that make a range behave as in HTTP.
func standard(header string) map[string]string {
	return map[string]string{"Range": header, "x-oss-range-behavior": "standard"}
}

func TestObjectAnswers(t *testing.T) {
	const tomorrow, yesterday = "Sat, 09 May 2026 12:00:00 GMT", "Thu, 07 May 2026 12:00:00 GMT"
	const etag = `"5D41402ABC4B2A76B9719D911017C592"`
	for name, c := range map[string]struct {
		raw
		status int
		body   string
	}{
		"whole":               {object("GET", "a/b", "", nil), 200, "hello"},
		"range":               {object("GET", "a/b", "", map[string]string{"Range": "bytes=1-2"}), 206, "el"},
		"from":                {object("GET", "a/b", "", map[string]string{"Range": "bytes=3-"}), 206, "lo"},
		"the last":            {object("GET", "a/b", "", map[string]string{"Range": "bytes=-2"}), 206, "lo"},
		"the last of more":    {object("GET", "a/b", "", map[string]string{"Range": "bytes=-99"}), 200, "hello"},
		"more than there is":  {object("GET", "a/b", "", map[string]string{"Range": "bytes=3-99"}), 200, "hello"},
		"first of two ranges": {object("GET", "a/b", "", map[string]string{"Range": "bytes=0-1,3-4"}), 206, "he"},
		"standard range":      {object("GET", "a/b", "", standard("bytes=3-99")), 206, "lo"},
		"standard last":       {object("GET", "a/b", "", standard("bytes=-99")), 206, "hello"},
		"standard behind":     {object("GET", "a/b", "", standard("bytes=5-")), 416, "InvalidRange"},
		"standard no last":    {object("GET", "a/b", "", standard("bytes=-0")), 416, "InvalidRange"},
		"no range":            {object("GET", "a/b", "", map[string]string{"Range": "lines=1"}), 200, "hello"},
		"backwards":           {object("GET", "a/b", "", map[string]string{"Range": "bytes=3-2"}), 200, "hello"},
		"behind the end":      {object("GET", "a/b", "", map[string]string{"Range": "bytes=5-"}), 200, "hello"},
		"match":               {object("GET", "a/b", "", map[string]string{"If-Match": etag}), 200, "hello"},
		"no match":            {object("GET", "a/b", "", map[string]string{"If-Match": `"00"`}), 412, "PreconditionFailed"},
		"none match":          {object("GET", "a/b", "", map[string]string{"If-None-Match": etag}), 304, ""},
		"not modified":        {object("GET", "a/b", "", map[string]string{"If-Modified-Since": tomorrow}), 304, ""},
		"modified":            {object("GET", "a/b", "", map[string]string{"If-Modified-Since": yesterday}), 200, "hello"},
		"modified since then": {object("GET", "a/b", "", map[string]string{"If-Unmodified-Since": yesterday}), 412, "PreconditionFailed"},
		"overwriting":         {object("PUT", "a/b", "x", map[string]string{"x-oss-forbid-overwrite": "true"}), 409, "FileAlreadyExists"},
		"ACL":                 {object("PUT", "x", "x", map[string]string{"x-oss-object-acl": "open"}), 400, "InvalidArgument"},
		"class":               {object("PUT", "x", "x", map[string]string{"x-oss-storage-class": "Fast"}), 400, "InvalidArgument"},
		"callback":            {object("PUT", "x", "x", map[string]string{"x-oss-callback": "e30="}), 400, "NotImplemented"},
		"customer's key":      {object("PUT", "x", "x", map[string]string{"x-oss-server-side-encryption-customer-algorithm": "AES256"}), 400, "NotImplemented"},
		"key alone":           {object("PUT", "x", "x", map[string]string{"x-oss-server-side-encryption-key-id": "key-1"}), 400, "InvalidArgument"},
		"long name":           {object("PUT", strings.Repeat("x", 1024), "x", nil), 400, "InvalidObjectName"},
		"append":              {object("POST", "x?append&position=0", "x", nil), 400, "NotImplemented"},
		"versions":            {object("GET", "a/b?versionId=1", "", nil), 400, "NotImplemented"},
		"copy of nothing":     {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "/example/none"}), 404, "NoSuchKey"},
		"copy from nowhere":   {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "/nothing/none"}), 404, "NoSuchBucket"},
		"copy from elsewhere": {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "/beijing/none"}), 403, "AccessDenied"},
		"copy of a stranger":  {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "/foreign/none"}), 403, "AccessDenied"},
		"no copy source":      {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "example"}), 400, "InvalidArgument"},
		"copy directive":      {object("PUT", "x", "", map[string]string{"x-oss-copy-source": "/example/a%2Fb", "x-oss-metadata-directive": "MOVE"}), 400, "InvalidArgument"},
		"no upload":           {object("PUT", "x?uploadId=none&partNumber=1", "x", nil), 404, "NoSuchUpload"},
		"object's ACL":        {object("GET", "a/b?acl", "", nil), 200, "<Grant>default</Grant>"},
		"no bucket":           {raw{method: "PUT", url: "http://nothing.localhost/x", bucket: "nothing", key: "x", body: "x"}, 404, "NoSuchBucket"},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.send(t, stocked(t))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || w.Code < 300 && w.Header().Get("Content-Type") == "text/x" && w.Body.String() != c.body {
				t.Errorf("%d %q %v, want %d %q", w.Code, w.Body, w.Header(), c.status, c.body)
			}
		})
	}
}

func TestHeadersOfAnObject(t *testing.T) {
	w := object("HEAD", "a/b", "", nil).send(t, stocked(t))
	want := map[string]string{
		"Accept-Ranges": "bytes", "Content-Length": "5", "Content-Md5": "XUFAKrxLKna5cZ2REBfFkg==", "Content-Type": "text/x",
		"Date": "Fri, 08 May 2026 12:00:00 GMT", "Etag": `"5D41402ABC4B2A76B9719D911017C592"`, "Last-Modified": "Fri, 08 May 2026 12:00:00 GMT",
		"Server": "AliyunOSS", "X-Oss-Hash-Crc64ecma": "11177612005948864433", "X-Oss-Meta-Color": "blue", "X-Oss-Object-Type": "Normal", "X-Oss-Storage-Class": "Standard",
	}
	got := map[string]string{}
	for name := range w.Header() {
		if name != "X-Oss-Request-Id" {
			got[name] = w.Header().Get(name)
		}
	}
	if w.Code != 200 || w.Body.Len() != 0 || !maps.Equal(got, want) {
		t.Errorf("%d %q\n%v\nwant\n%v", w.Code, w.Body, got, want)
	}
}

// A HEAD has no body, so the error comes in headers.
func TestErrorOfHEAD(t *testing.T) {
	w := object("HEAD", "nothing", "", nil).send(t, stocked(t))
	doc, err := base64.StdEncoding.DecodeString(w.Header().Get("x-oss-err"))
	if err != nil || w.Code != 404 || w.Body.Len() != 0 || w.Header().Get("x-oss-ec") != "0026-00000001" ||
		!strings.Contains(string(doc), "<Code>NoSuchKey</Code>") || !strings.Contains(string(doc), "<EC>0026-00000001</EC>") {
		t.Errorf("%d %q %v %s %v", w.Code, w.Body, w.Header(), doc, err)
	}
}

// A contradictory query has one answer, whatever the order of a map.
func TestContradictoryQueriesHaveOneAnswer(t *testing.T) {
	server := quiet()
	for range 50 {
		w := get("http://example.localhost/?encryption&bucketInfo&acl", "example").send(t, server)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "sub-resource: acl, bucketInfo, encryption.") {
			t.Fatal(w.Code, w.Body)
		}
	}
}

// A signed URL works as long as it says and no longer, and only as it was signed.
func TestSignedURL(t *testing.T) {
	token := localoss.Key{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: "token"}
	plain := localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret}
	for name, c := range map[string]struct {
		key    localoss.Key
		life   time.Duration
		later  time.Duration // how much later it is used
		spoil  func(url.Values)
		status int
		body   string
	}{
		"in time":         {plain, time.Minute, 0, nil, 200, "hello"},
		"of a role":       {token, time.Hour, 30 * time.Minute, nil, 200, "hello"},
		"of another role": {token, time.Hour, 0, func(q url.Values) { q.Set("x-oss-security-token", "other") }, 403, "InvalidSecurityToken"},
		"expired":         {plain, time.Minute, 2 * time.Minute, nil, 403, "Request has expired."},
		"from the future": {plain, time.Minute, -time.Hour, nil, 403, "RequestTimeTooSkewed"},
		"too long":        {plain, 8 * 24 * time.Hour, 0, nil, 400, "1 to 604800"},
		"no life":         {plain, time.Hour, 0, func(q url.Values) { q.Set("x-oss-expires", "soon") }, 400, "1 to 604800"},
		"longer":          {plain, time.Minute, 0, func(q url.Values) { q.Set("x-oss-expires", "6000") }, 403, "SignatureDoesNotMatch"},
		"another type":    {plain, time.Minute, 0, func(q url.Values) { q.Set("response-content-type", "text/html") }, 403, "SignatureDoesNotMatch"},
		"no signature":    {plain, time.Minute, 0, func(q url.Values) { q.Del("x-oss-signature") }, 400, "0002-00000203"},
		"no credential":   {plain, time.Minute, 0, func(q url.Values) { q.Del("x-oss-credential") }, 400, "0002-00000213"},
		"no date":         {plain, time.Minute, 0, func(q url.Values) { q.Del("x-oss-date") }, 403, "0002-00000503"},
		"version 1":       {plain, time.Minute, 0, func(q url.Values) { clear(q); q.Set("OSSAccessKeyId", keyID) }, 400, "The V1 signature is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			shift := time.Duration(0)
			server := localoss.New(localoss.Options{Now: func() time.Time { return time.Now().Add(shift) }})
			server.AddKey(plain)
			server.AddKey(token)
			server.PutBucket(localoss.Bucket{Name: "example"})
			upload := object("PUT", "a/b", "hello", nil)
			upload.at = time.Now()
			if w := upload.send(t, server); w.Code != 200 {
				t.Fatal(w.Body)
			}
			r := presigned(t, c.life, c.key)
			if c.spoil != nil {
				q := r.URL.Query()
				c.spoil(q)
				r.URL.RawQuery = q.Encode()
			}
			shift = c.later
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || w.Code == 200 && w.Header().Get("Content-Type") != "text/y" {
				t.Errorf("%d %v %s, want %d %s", w.Code, w.Header(), w.Body, c.status, c.body)
			}
		})
	}
}

// presigned is a signed URL of now, made by the vendor's signer.
func presigned(t *testing.T, life time.Duration, key localoss.Key) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://example.localhost/a%2Fb?response-content-type=text%2Fy", nil)
	c := &signer.SigningContext{
		Product: new("oss"), Region: new("cn-hangzhou"), Bucket: new("example"), Key: new("a/b"), Request: r, AuthMethodQuery: true,
		Credentials: &credentials.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken},
		Time:        time.Now().Add(life),
	}
	if err := new(signer.SignerV4).Sign(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return r
}

// Every client that signs with V1 by default reads what to change, in its own words.
func TestV1IsRefusedWithTheLineToChange(t *testing.T) {
	for agent, want := range map[string]string{
		"aliyun-sdk-go/v3.0.2 (Linux/x/x86_64;go1.26)/ossutil-v1.7.19":   "--sign-version v4 --region cn-hangzhou",
		"aliyun-sdk-go/v3.0.2 (Linux/x/x86_64;go1.26)":                   "oss.AuthVersion(oss.AuthV4)",
		"aliyun-sdk-nodejs/6.23.0 Node.js 20.20.2 on Linux 64-bit":       "authorizationV4: true",
		"aliyun-sdk-python/2.19.1(Linux/x/x86_64;3.12)":                  "oss2.AuthV4(id, secret)",
		"aliyun-sdk-java/3.18.1(Linux/x/amd64;21)":                       "SignVersion.V4",
		"aliyun-sdk-php/2.7.2 (Linux/x/x86_64;8.2)":                      "OSS_SIGNATURE_VERSION_V4",
		"alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)":            "WithSignatureVersion",
		"alibabacloud-python-sdk-v2/1.2.0 (Linux/x/x86_64;python3.12.0)": "signature_version",
		"curl/8.5.0": "Set the client's signature version to V4, and its region.",
	} {
		q := setting("Authorization", "OSS id:c2ln")
		q.header = map[string]string{"User-Agent": agent}
		if w := q.send(t, quiet()); w.Code != 400 || !strings.Contains(strings.ReplaceAll(w.Body.String(), "&#39;", "'"), want) {
			t.Errorf("%s: %d %s, want %s", agent, w.Code, w.Body, want)
		}
	}
}

// oss2 is not run here, so its requests are: parameters without a value, and dates
// of which it accepts one form only.
func TestRequestsOfThePythonClient(t *testing.T) {
	server := localoss.New(localoss.Options{Now: func() time.Time { return noon().Add(185 * time.Millisecond) }})
	server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret})
	for _, name := range []string{"example", "second"} {
		if w := (raw{method: "PUT", url: "http://127.0.0.1:8081/" + name + "/", bucket: name}).send(t, server); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	agent := map[string]string{"User-Agent": "aliyun-sdk-python/2.19.1(Linux/x/x86_64;3.12)", "Accept-Encoding": "identity", "Connection": "keep-alive"}
	list := raw{method: "GET", url: "http://127.0.0.1:8081/?prefix=&marker=&max-keys=100&regionList=", header: agent}
	date := regexp.MustCompile(`<CreationDate>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z</CreationDate>`)
	if w := list.send(t, server); w.Code != 200 || len(date.FindAllString(w.Body.String(), -1)) != 2 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	objects := raw{method: "GET", url: "http://127.0.0.1:8081/example/?prefix=&delimiter=&marker=&max-keys=100&encoding-type=url", bucket: "example", header: agent}
	if w := objects.send(t, server); w.Code != 200 || !strings.Contains(w.Body.String(), "<EncodingType>url</EncodingType>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	info := raw{method: "GET", url: "http://127.0.0.1:8081/example/?bucketInfo=", bucket: "example", header: agent}
	if w := info.send(t, server); w.Code != 200 || !date.MatchString(w.Body.String()) || !strings.Contains(w.Body.String(), "<Comment></Comment>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A multipart upload refuses what the service refuses.
func TestMultipartUploadRefuses(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	client := oss.NewClient(pathStyle(listener))
	bucket, key := new("example"), new("m")
	check(t, second(client.PutBucket(t.Context(), &oss.PutBucketRequest{Bucket: bucket})), "")
	begun, err := client.InitiateMultipartUpload(t.Context(), &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: key})
	check(t, err, "")
	var parts []oss.UploadPart
	for n := int32(1); n <= 2; n++ {
		p, err := client.UploadPart(t.Context(), &oss.UploadPartRequest{Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: n, Body: strings.NewReader("small")})
		check(t, err, "")
		parts = append(parts, oss.UploadPart{PartNumber: n, ETag: p.ETag})
	}
	complete := func(parts ...oss.UploadPart) error {
		return second(client.CompleteMultipartUpload(t.Context(), &oss.CompleteMultipartUploadRequest{
			Bucket: bucket, Key: key, UploadId: begun.UploadId, CompleteMultipartUpload: &oss.CompleteMultipartUpload{Parts: parts},
		}))
	}
	check(t, complete(parts...), "400 EntityTooSmall")
	order := object("POST", "m?uploadId="+*begun.UploadId, fmt.Sprintf("<CompleteMultipartUpload>%[2]s%[1]s</CompleteMultipartUpload>",
		"<Part><PartNumber>1</PartNumber><ETag>"+*parts[0].ETag+"</ETag></Part>", "<Part><PartNumber>2</PartNumber><ETag>"+*parts[1].ETag+"</ETag></Part>"), nil)
	order.at = time.Now()
	if w := order.send(t, server); w.Code != 400 || !strings.Contains(w.Body.String(), "<Code>InvalidPartOrder</Code>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	check(t, complete(oss.UploadPart{PartNumber: 3, ETag: parts[0].ETag}), "400 InvalidPart")
	check(t, complete(oss.UploadPart{PartNumber: 1, ETag: new("other")}), "400 InvalidPart")
	check(t, second(client.DeleteBucket(t.Context(), &oss.DeleteBucketRequest{Bucket: bucket})), "409 BucketNotEmpty 0015-00000301")
	check(t, complete(parts[0]), "")
	check(t, complete(parts[0]), "404 NoSuchUpload")
}
