package oss_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	localoss "bucketwarden/internal/local/oss"
)

// A call that asks for something this server does not have, or whose query cannot be
// read, is never answered as the plain call without it: that would overwrite or delete.
func TestACallThatMeansSomethingElseTouchesNothing(t *testing.T) {
	bucket := func(method, query string) raw {
		return raw{method: method, url: "http://example.localhost/?" + query, bucket: "example"}
	}
	broken := func(q raw, query string) raw { // as signed, but for the query
		q.spoil = func(r *http.Request) { r.URL.RawQuery = query }
		return q
	}
	for name, c := range map[string]struct {
		raw
		status int
		code   string
	}{
		"tags of an object":         {object("PUT", "a/b?tagging", "<Tagging/>", nil), 400, "NotImplemented"},
		"tags of an object, read":   {object("GET", "a/b?tagging", "", nil), 400, "NotImplemented"},
		"tags of an object, gone":   {object("DELETE", "a/b?tagging", "", nil), 400, "NotImplemented"},
		"legal hold":                {object("PUT", "a/b?legalHold", "x", nil), 400, "NotImplemented"},
		"rule of an object":         {object("DELETE", "a/b?encryption", "", nil), 400, "NotImplemented"},
		"part of nothing":           {object("PUT", "a/b?partNumber=1", "x", nil), 400, "InvalidArgument"},
		"position in nothing":       {object("PUT", "a/b?position=0", "x", nil), 400, "InvalidArgument"},
		"upload of a bucket":        {bucket("GET", "uploadId=1"), 400, "NotImplemented"},
		"access monitor":            {bucket("GET", "accessmonitor"), 400, "NotImplemented"},
		"rule of no bucket":         {raw{method: "GET", url: "http://localhost/?encryption"}, 400, "NotImplemented"},
		"bad escape, bucket":        {broken(bucket("DELETE", ""), "encr%zzyption"), 400, "InvalidArgument"},
		"bad escape, object":        {broken(object("DELETE", "a/b", "", nil), "tag%g"), 400, "InvalidArgument"},
		"semicolon":                 {broken(bucket("DELETE", "encryption%3Bx"), "encryption;x"), 400, "NotImplemented"},
		"no bucket before the key":  {raw{method: "GET", url: "http://localhost//example"}, 400, "InvalidBucketName"},
		"two of no bucket":          {raw{method: "GET", url: "http://localhost/?website&cors&policy"}, 400, "cors, policy, website"},
		"versions of many":          {many("<Delete><Object><Key>a/b</Key><VersionId>1</VersionId></Object></Delete>"), 400, "NotImplemented"},
		"many without a key":        {many("<Delete><Object></Object></Delete>"), 400, "MalformedXML"},
		"many without a digest":     {undigested(many("<Delete><Object><Key>a/b</Key></Object></Delete>")), 400, "<EC>0016-00000606</EC>"},
		"name that is not UTF-8":    {object("PUT", "\xff", "x", nil), 400, "InvalidObjectName"},
		"key of a customer":         {object("PUT", "a/b", "x", map[string]string{"x-oss-server-side-encryption-customer-key": "a2V5"}), 400, "NotImplemented"},
		"overwriting, loud":         {object("PUT", "a/b", "x", map[string]string{"x-oss-forbid-overwrite": "TRUE"}), 409, "FileAlreadyExists"},
		"overwriting, unclear":      {object("PUT", "a/b", "x", map[string]string{"x-oss-forbid-overwrite": "yes"}), 400, "InvalidArgument"},
		"encoding of keys":          {object("POST", "a/b?uploads&encoding-type=base64", "", nil), 400, "Invalid Encoding Method"},
		"encoding of a list":        {bucket("GET", "uploads&encoding-type=base64"), 400, "Invalid Encoding Method"},
		"encoding of deleted names": {raw{method: "POST", url: "http://example.localhost/?delete&encoding-type=x", bucket: "example", body: "<Delete><Object><Key>a/b</Key></Object></Delete>"}, 400, "Invalid Encoding Method"},
	} {
		t.Run(name, func(t *testing.T) {
			server := stocked(t)
			if w := c.send(t, server); w.Code != c.status || !strings.Contains(w.Body.String(), c.code) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.code)
			}
			if w := object("GET", "a/b", "", nil).send(t, server); w.Code != 200 || w.Body.String() != "hello" || server.Objects("example") != 1 {
				t.Errorf("the object is now %d %s", w.Code, w.Body)
			}
		})
	}
}

// many is a DeleteMultipleObjects.
func many(body string) raw {
	return raw{method: "POST", url: "http://example.localhost/?delete", bucket: "example", body: body}
}

// undigested is signed without a Content-MD5.
func undigested(q raw) raw {
	q.header = map[string]string{"Content-MD5": ""}
	return q
}

// A semicolon belongs to a value, as it does in the signature.
func TestASemicolonSeparatesNothing(t *testing.T) {
	server := stocked(t)
	if w := object("PUT", "x;y", "", nil).send(t, server); w.Code != 200 {
		t.Fatal(w.Body)
	}
	plain := func(r *http.Request) { r.URL.RawQuery = "prefix=x;y" }
	w := (raw{method: "GET", url: "http://example.localhost/?prefix=x%3By", bucket: "example", spoil: plain}).send(t, server)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "<Prefix>x;y</Prefix>") || strings.Count(w.Body.String(), "<Key>") != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// No sub-resource that the vendor's client can send is taken for the plain call.
func TestEverySubResourceOfTheSDKIsKnown(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aliyun/alibabacloud-oss-go-sdk-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "oss", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\t\t\t"([\w-]+)": +"",`).FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) < 40 {
		t.Fatalf("only %d sub-resources in the SDK: %q", len(names), names)
	}
	for _, name := range names {
		for _, q := range []raw{
			{method: "GET", url: "http://example.localhost/?" + name, bucket: "example"},
			{method: "GET", url: "http://localhost/?" + name},
			object("GET", "a/b?"+name, "", nil), object("PUT", "a/b?"+name, "x", nil), object("DELETE", "a/b?"+name, "", nil),
		} {
			server := stocked(t)
			w := q.send(t, server)
			calls := server.Requests()
			done := calls[len(calls)-1].Operation
			if plain := []string{"ListObjects", "GetObject", "PutObject", "DeleteObject", "ListBuckets"}; slices.Contains(plain, done) && (done != "ListBuckets" || name != "tagging") {
				t.Errorf("%s %s is answered as %s: %d", q.method, q.url, done, w.Code)
			}
		}
	}
}

// A life that overflows the clock's numbers is too long, not short.
func TestTheLifeOfASignedURLDoesNotOverflow(t *testing.T) {
	server, key := stocked(t), localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret}
	r := presigned(t, time.Minute, key)
	q := r.URL.Query()
	q.Set("x-oss-expires", fmt.Sprint(uint64(1<<64/1_000_000_000)+600))
	r.URL.RawQuery = q.Encode()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "1 to 604800") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The dual-stack names of the service are names of the service.
func TestDualStackHosts(t *testing.T) {
	for url, want := range map[string]int{
		"http://example.cn-hangzhou.oss.aliyuncs.com/?bucketInfo": 200,
		"http://example.cn-beijing.oss.aliyuncs.com/?bucketInfo":  400,
		"http://cn-hangzhou.oss.aliyuncs.com/example/?bucketInfo": 403,
	} {
		if w := (raw{method: "GET", url: url, bucket: "example"}).send(t, quiet()); w.Code != want {
			t.Errorf("%s: %d %s, want %d", url, w.Code, w.Body, want)
		}
	}
}

// What a completion asks for is done or refused.
func TestCompleteMultipartUpload(t *testing.T) {
	const part = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>"
	server := stocked(t)
	begun := object("POST", "m?uploads", "", nil).send(t, server)
	id := regexp.MustCompile("<UploadId>(.*)</UploadId>").FindStringSubmatch(begun.Body.String())[1]
	etag := object("PUT", "m?partNumber=1&uploadId="+id, "text", nil).send(t, server).Header().Get("ETag")
	list := fmt.Sprintf(part, etag)
	if w := object("POST", "m?uploadId="+id, list, map[string]string{"x-oss-complete-all": "yes"}).send(t, server); w.Code != 400 || !strings.Contains(w.Body.String(), "<EC>0042-00000216</EC>") {
		t.Errorf("all parts and a list of parts: %d %s", w.Code, w.Body)
	}
	if w := object("POST", "m?uploadId="+id, list, map[string]string{"x-oss-object-acl": "public-read"}).send(t, server); w.Code != 200 {
		t.Fatal(w.Body)
	}
	if w := object("GET", "m?acl", "", nil).send(t, server); !strings.Contains(w.Body.String(), "<Grant>public-read</Grant>") {
		t.Errorf("the ACL of the completion is lost: %s", w.Body)
	}
}
