package oss_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	localoss "bucketwarden/internal/local/oss"
)

const (
	encryption = "http://example.oss-cn-hangzhou.aliyuncs.com/?encryption"
	head       = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
)

func get(url, bucket string) raw { return raw{method: "GET", url: url, bucket: bucket} }

func put(body string) raw {
	return raw{method: "PUT", url: encryption, bucket: "example", body: body}
}

func rule(inner string) raw {
	return put("<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>" + inner +
		"</ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>")
}

func spoiled(spoil func(http.Header)) raw {
	q := get(encryption, "example")
	q.spoil = func(r *http.Request) { spoil(r.Header) }
	return q
}

func setting(name, value string) raw {
	return spoiled(func(h http.Header) { h.Set(name, value) })
}

func TestErrorDocuments(t *testing.T) {
	for name, v := range map[string]struct {
		raw
		status int
		ec     string
		body   string
	}{
		"no rule": {get(encryption, "example"), 404, "0005-00000004", `<Error>
  <Code>NoSuchServerSideEncryptionRule</Code>
  <Message>The server side encryption configuration was not found.</Message>
  <RequestId>ID</RequestId>
  <HostId>example.oss-cn-hangzhou.aliyuncs.com</HostId>
  <BucketName>example</BucketName>
  <EC>0005-00000004</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0005-00000004</RecommendDoc>
</Error>
`},
		"no bucket": {get("http://test.oss-cn-hangzhou.aliyuncs.com:80/?encryption", "test"), 404, "0015-00000101", `<Error>
  <Code>NoSuchBucket</Code>
  <Message>The specified bucket does not exist.</Message>
  <RequestId>ID</RequestId>
  <HostId>test.oss-cn-hangzhou.aliyuncs.com</HostId>
  <BucketName>test</BucketName>
  <EC>0015-00000101</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0015-00000101</RecommendDoc>
</Error>
`},
		"bucket of another region": {get("http://beijing.oss-cn-hangzhou.aliyuncs.com/?encryption", "beijing"), 403, "", `<Error>
  <Code>AccessDenied</Code>
  <Message>The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.</Message>
  <RequestId>ID</RequestId>
  <HostId>beijing.oss-cn-hangzhou.aliyuncs.com</HostId>
  <Bucket>beijing</Bucket>
  <Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>
</Error>
`},
		"bucket of another account": {get("http://foreign.oss-cn-hangzhou.aliyuncs.com/?encryption", "foreign"), 403, "0003-00000001", `<Error>
  <Code>AccessDenied</Code>
  <Message>The bucket you access does not belong to you.</Message>
  <RequestId>ID</RequestId>
  <HostId>foreign.oss-cn-hangzhou.aliyuncs.com</HostId>
  <BucketName>foreign</BucketName>
  <EC>0003-00000001</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0003-00000001</RecommendDoc>
</Error>
`},
		"wrong signature": {setting("x-oss-extra", "added <after> signing"), 403, "0002-00000040", `<Error>
  <Code>SignatureDoesNotMatch</Code>
  <Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message>
  <RequestId>ID</RequestId>
  <HostId>example.oss-cn-hangzhou.aliyuncs.com</HostId>
  <OSSAccessKeyId>local-id</OSSAccessKeyId>
  <SignatureProvided>e6f18590cdd9b2e52500c1ec608f927b906b7224a871ef1d705e97cda86c5a40</SignatureProvided>
  <StringToSign>OSS4-HMAC-SHA256
20260508T120000Z
20260508/cn-hangzhou/oss/aliyun_v4_request
689968e16e4313d5762d2182a6120733f3d0fd3b90672b1788276266e8ea37d8</StringToSign>
  <StringToSignBytes>4F 53 53 34 2D 48 4D 41 43 2D 53 48 41 32 35 36 0A 32 30 32 36 30 35 30 38 54 31 32 30 30 30 30 5A 0A 32 30 32 36 30 35 30 38 2F 63 6E 2D 68 61 6E 67 7A 68 6F 75 2F 6F 73 73 2F 61 6C 69 79 75 6E 5F 76 34 5F 72 65 71 75 65 73 74 0A 36 38 39 39 36 38 65 31 36 65 34 33 31 33 64 35 37 36 32 64 32 31 38 32 61 36 31 32 30 37 33 33 66 33 64 30 66 64 33 62 39 30 36 37 32 62 31 37 38 38 32 37 36 32 36 36 65 38 65 61 33 37 64 38</StringToSignBytes>
  <EC>0002-00000040</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0002-00000040</RecommendDoc>
</Error>
`},
		"clock": {raw{method: "GET", url: encryption, bucket: "example", at: noon().Add(-15 * time.Minute)}, 403, "0002-00000504", `<Error>
  <Code>RequestTimeTooSkewed</Code>
  <Message>The difference between the request time and the current time is too large.</Message>
  <RequestId>ID</RequestId>
  <HostId>example.oss-cn-hangzhou.aliyuncs.com</HostId>
  <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>
  <RequestTime>2026-05-08T11:45:00.000Z</RequestTime>
  <ServerTime>2026-05-08T12:00:00.000Z</ServerTime>
  <EC>0002-00000504</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0002-00000504</RecommendDoc>
</Error>
`},
		"algorithm": {rule("<SSEAlgorithm>DES</SSEAlgorithm>"), 400, "0005-00000003", `<Error>
  <Code>InvalidEncryptionAlgorithmError</Code>
  <Message>The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.</Message>
  <RequestId>ID</RequestId>
  <HostId>example.oss-cn-hangzhou.aliyuncs.com</HostId>
  <EC>0005-00000003</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0005-00000003</RecommendDoc>
</Error>
`},
	} {
		t.Run(name, func(t *testing.T) {
			w := v.send(t, quiet())
			got := withoutID(t, w)
			if w.Code != v.status || got != head+v.body {
				t.Errorf("%d\n%s\nwant %d\n%s", w.Code, got, v.status, head+v.body)
			}
			if h := w.Header(); h.Get("x-oss-ec") != v.ec || h.Get("Server") != "AliyunOSS" ||
				h.Get("Content-Type") != "application/xml" || h.Get("Date") != "Fri, 08 May 2026 12:00:00 GMT" {
				t.Errorf("header %v", h)
			}
		})
	}
}

// TestErrorCodes needs no golden bytes: the document has one form.
func TestErrorCodes(t *testing.T) {
	const object = "http://example.oss-cn-hangzhou.aliyuncs.com/a%2Fb%20c/d"
	for name, v := range map[string]struct {
		raw
		status int
		code   string
		ec     string
	}{
		"anonymous":                  {spoiled(func(h http.Header) { h.Del("Authorization") }), 403, "AccessDenied", "0003-00000001"},
		"V1":                         {setting("Authorization", "OSS id:c2ln"), 400, "InvalidArgument", ""},
		"AWS":                        {setting("Authorization", "AWS4-HMAC-SHA256 Credential=a"), 400, "InvalidArgument", "0002-00000203"},
		"no fields":                  {setting("Authorization", "OSS4-HMAC-SHA256 x"), 400, "InvalidArgument", "0002-00000203"},
		"no region":                  {setting("Authorization", "OSS4-HMAC-SHA256 Credential=a/20260508//oss/aliyun_v4_request,Signature=b"), 400, "InvalidArgument", "0002-00000213"},
		"suffix":                     {setting("Authorization", "OSS4-HMAC-SHA256 Credential=a/20260508/r/oss/abc,Signature=b"), 400, "InvalidArgument", "0002-00000213"},
		"product":                    {setting("Authorization", "OSS4-HMAC-SHA256 Credential=a/20260508/r/ecs/aliyun_v4_request,Signature=b"), 400, "InvalidArgument", "0002-00000227"},
		"unknown key":                {setting("Authorization", "OSS4-HMAC-SHA256 Credential=a/20260508/cn-hangzhou/oss/aliyun_v4_request,Signature=b"), 403, "InvalidAccessKeyId", "0002-00000902"},
		"other day":                  {setting("x-oss-date", "20260507T120000Z"), 400, "InvalidArgument", ""},
		"no date":                    {spoiled(func(h http.Header) { h.Del("x-oss-date"); h.Del("Date") }), 403, "AccessDenied", "0002-00000503"},
		"bad date":                   {setting("x-oss-date", "yesterday"), 403, "AccessDenied", "0002-00000505"},
		"payload hash":               {setting("x-oss-content-sha256", "78a"), 400, "InvalidArgument", "0002-00000214"},
		"clock ahead":                {raw{method: "GET", url: encryption, bucket: "example", at: noon().Add(15 * time.Minute)}, 403, "RequestTimeTooSkewed", "0002-00000504"},
		"clock in time":              {raw{method: "GET", url: encryption, bucket: "example", at: noon().Add(15*time.Minute - time.Second)}, 404, "NoSuchServerSideEncryptionRule", "0005-00000004"},
		"token for a long-lived key": {raw{method: "GET", url: encryption, bucket: "example", token: "t"}, 403, "InvalidAccessKeyId", "0002-00000002"},
		"region is not the host's":   {raw{method: "GET", url: encryption, bucket: "example", region: "cn-beijing"}, 400, "InvalidArgument", "0002-00000226"},
		"region with oss-":           {raw{method: "GET", url: "http://127.0.0.1/example/?encryption", bucket: "example", region: "oss-cn-hangzhou"}, 400, "InvalidArgument", "0002-00000226"},
		"path style on a real host":  {get("http://oss-cn-hangzhou.aliyuncs.com/example/?encryption", "example"), 403, "SecondLevelDomainForbidden", ""},
		"bucket name":                {get("http://127.0.0.1/Ex/?encryption", "Ex"), 400, "InvalidBucketName", "0015-00000001"},
		"signed by scope region":     {raw{method: "GET", url: "http://127.0.0.1/beijing/?encryption", bucket: "beijing", region: "cn-beijing"}, 404, "NoSuchServerSideEncryptionRule", "0005-00000004"},
		"host as additional header":  {raw{method: "GET", url: encryption, bucket: "example", header: map[string]string{"Host": "example.oss-cn-hangzhou.aliyuncs.com"}, additional: []string{"host"}, spoil: func(r *http.Request) { r.Header.Del("Host") }}, 404, "NoSuchServerSideEncryptionRule", "0005-00000004"},
		"additional header changed":  {raw{method: "GET", url: encryption, bucket: "example", header: map[string]string{"Range": "a"}, additional: []string{"range"}, spoil: func(r *http.Request) { r.Header.Set("Range", "b") }}, 403, "SignatureDoesNotMatch", "0002-00000040"},
		"object":                     {raw{method: "GET", url: object, bucket: "example", key: "a/b c/d"}, 404, "NoSuchKey", "0026-00000001"},
		"absent sub-resource":        {get("http://example.localhost/?lifecycle", "example"), 400, "NotImplemented", ""},
		"absent on an object":        {raw{method: "GET", url: object + "?symlink", bucket: "example", key: "a/b c/d"}, 400, "NotImplemented", ""},
		"absent of the service":      {get("http://localhost/?resourcePool", ""), 400, "NotImplemented", ""},
		"absent, of no bucket":       {get("http://nothing.localhost/?lifecycle", "nothing"), 404, "NoSuchBucket", "0015-00000101"},
		"method, of no bucket":       {raw{method: "POST", url: "http://nothing.localhost/?encryption", bucket: "nothing"}, 404, "NoSuchBucket", "0015-00000101"},
		"two sub-resources":          {get("http://example.localhost/?encryption&bucketInfo", "example"), 400, "InvalidArgument", ""},
		"creation with a parameter":  {raw{method: "PUT", url: "http://example.localhost/?foo=bar", bucket: "example"}, 400, "NotImplemented", ""},
		"deletion with a parameter":  {raw{method: "DELETE", url: "http://example.localhost/?foo", bucket: "example"}, 400, "NotImplemented", ""},
		"unknown region":             {raw{method: "PUT", url: "http://127.0.0.1/newone/", bucket: "newone", region: "nowhere"}, 400, "InvalidArgument", "0002-00000226"},
		"no such region":             {get("http://localhost/?regions=oss-mars-1", ""), 404, "NoSuchRegion", ""},
		"tagging filter":             {get("http://localhost/?tagging=env", ""), 400, "InvalidArgument", ""},
		"ACL":                        {raw{method: "PUT", url: "http://example.localhost/?acl", bucket: "example", header: map[string]string{"x-oss-acl": "open"}}, 400, "InvalidArgument", ""},
		"creation with an ACL":       {raw{method: "PUT", url: "http://new.localhost/", bucket: "new", header: map[string]string{"x-oss-acl": "foo"}}, 400, "InvalidArgument", ""},
		"redundancy":                 {raw{method: "PUT", url: "http://new.localhost/", bucket: "new", body: "<CreateBucketConfiguration><DataRedundancyType>RAID</DataRedundancyType></CreateBucketConfiguration>"}, 400, "MalformedXML", "0016-00000608"},
		"method":                     {raw{method: "POST", url: encryption, bucket: "example"}, 405, "MethodNotAllowed", ""},
		"method of the service":      {raw{method: "PUT", url: "http://localhost/"}, 405, "MethodNotAllowed", ""},
		"body too large":             {put(strings.Repeat(" ", 1<<20+1)), 400, "EntityTooLarge", ""},
		"digest": {func() raw {
			q := put("<a></a>")
			q.header = map[string]string{"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
			return q
		}(), 400, "InvalidDigest", ""},
		"max-keys 0":           {get("http://localhost/?max-keys=0", ""), 400, "InvalidArgument", ""},
		"max-keys 1001":        {get("http://localhost/?max-keys=1001", ""), 400, "InvalidArgument", ""},
		"max-keys text":        {get("http://localhost/?max-keys=ten", ""), 400, "InvalidArgument", ""},
		"owned by another":     {raw{method: "PUT", url: "http://foreign.localhost/", bucket: "foreign"}, 409, "BucketAlreadyExists", "0015-00000104"},
		"moved":                {raw{method: "PUT", url: "http://beijing.localhost/", bucket: "beijing"}, 409, "BucketAlreadyExists", ""},
		"converted":            {raw{method: "PUT", url: "http://example.localhost/", bucket: "example", body: "<CreateBucketConfiguration><StorageClass>IA</StorageClass></CreateBucketConfiguration>"}, 409, "BucketAlreadyExists", ""},
		"storage class":        {raw{method: "PUT", url: "http://new.localhost/", bucket: "new", body: "<CreateBucketConfiguration><StorageClass>Fast</StorageClass></CreateBucketConfiguration>"}, 400, "MalformedXML", "0016-00000608"},
		"creation without XML": {raw{method: "PUT", url: "http://new.localhost/", bucket: "new", body: "<Create"}, 400, "MalformedXML", "0016-00000608"},
		"broken body":          {raw{method: "PUT", url: encryption, bucket: "example", spoil: func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) }}, 400, "InvalidArgument", ""},
		"creation header":      {raw{method: "PUT", url: "http://new.localhost/", bucket: "new", header: map[string]string{"x-oss-server-side-encryption": "DES"}}, 400, "InvalidEncryptionAlgorithmError", "0005-00000003"},
		"delete of nothing":    {raw{method: "DELETE", url: "http://absent.localhost/", bucket: "absent"}, 404, "NoSuchBucket", "0015-00000101"},
		"info of another":      {get("http://foreign.localhost/?bucketInfo", "foreign"), 403, "AccessDenied", "0003-00000001"},
		"location elsewhere":   {get("http://beijing.localhost/?location", "beijing"), 403, "AccessDenied", ""},
		"tags without key":     {raw{method: "PUT", url: "http://example.localhost/?tagging", bucket: "example", body: "<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>"}, 400, "MalformedXML", "0016-00000608"},
		"tags without XML":     {raw{method: "PUT", url: "http://example.localhost/?tagging", bucket: "example"}, 400, "MalformedXML", "0016-00000608"},
		"no XML":               {put(""), 400, "MalformedXML", "0016-00000608"},
		"cut XML":              {put("<ServerSideEncryptionRule>"), 400, "MalformedXML", "0016-00000608"},
		"other XML":            {put("<Tagging></Tagging>"), 400, "MalformedXML", "0016-00000608"},
		"two documents":        {put("<ServerSideEncryptionRule></ServerSideEncryptionRule><a></a>"), 400, "MalformedXML", "0016-00000608"},
		"empty rule":           {put("<ServerSideEncryptionRule></ServerSideEncryptionRule>"), 400, "MalformedXML", "0016-00000608"},
	} {
		t.Run(name, func(t *testing.T) {
			server := quiet()
			w := v.send(t, server)
			body := withoutID(t, w)
			if w.Code != v.status || !strings.Contains(body, "<Code>"+v.code+"</Code>") || w.Header().Get("x-oss-ec") != v.ec {
				t.Errorf("%d %q\n%s\nwant %d %q %s", w.Code, w.Header().Get("x-oss-ec"), body, v.status, v.ec, v.code)
			}
			last := server.Requests()[0]
			if last.Status != v.status || last.Code != v.code || last.RequestID != w.Header().Get("x-oss-request-id") {
				t.Errorf("log %+v", last)
			}
			if strings.Contains(body, secret) {
				t.Error("the answer holds the secret")
			}
		})
	}
}

func TestTemporaryKeys(t *testing.T) {
	for name, v := range map[string]struct {
		token   string
		expires time.Time
		code    string
		ec      string
	}{
		"right token":      {"token", noon().Add(time.Second), "NoSuchServerSideEncryptionRule", "0005-00000004"},
		"no expiry":        {"token", time.Time{}, "NoSuchServerSideEncryptionRule", "0005-00000004"},
		"other token":      {"other", noon().Add(time.Second), "InvalidSecurityToken", "0002-00000006"},
		"missing token":    {"", noon().Add(time.Second), "InvalidAccessKeyId", "0002-00000003"},
		"expired just now": {"token", noon(), "SecurityTokenExpired", "0002-00000007"},
	} {
		t.Run(name, func(t *testing.T) {
			server := quiet()
			server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: "token", Expires: v.expires})
			w := raw{method: "GET", url: encryption, bucket: "example", token: v.token}.send(t, server)
			if !strings.Contains(w.Body.String(), "<Code>"+v.code+"</Code>") || w.Header().Get("x-oss-ec") != v.ec {
				t.Errorf("%s\nwant %s %s", w.Body, v.code, v.ec)
			}
		})
	}
}

func TestRemovedKey(t *testing.T) {
	server := quiet()
	server.RemoveKey(keyID)
	if w := get(encryption, "example").send(t, server); !strings.Contains(w.Body.String(), "<Code>InvalidAccessKeyId</Code>") {
		t.Error(w.Body)
	}
}
