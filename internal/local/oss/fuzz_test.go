package oss

import (
	"bufio"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// FuzzServeHTTP feeds whole HTTP requests, as they are or rightly signed. The
// server never panics, and answers with a success or with a well-formed error.
func FuzzServeHTTP(f *testing.F) {
	const rule = "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>"
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: oss-cn-hangzhou.aliyuncs.com\r\n\r\n",
		"GET /?max-keys=1&prefix=%zz&marker=a;b HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /example/?encryption HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"PUT /?encryption HTTP/1.1\r\nHost: example.localhost\r\nContent-Length: 161\r\n\r\n" + rule,
		"PUT / HTTP/1.1\r\nHost: new-bucket.oss-cn-beijing-internal.aliyuncs.com\r\nx-oss-server-side-encryption: KMS\r\n\r\n",
		"PUT /?tagging HTTP/1.1\r\nHost: example.localhost\r\nContent-Length: 72\r\n\r\n<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>",
		"DELETE /?tagging=k HTTP/1.1\r\nHost: example.localhost\r\nContent-MD5: x\r\n\r\n",
		"GET /?bucketInfo HTTP/1.1\r\nHost: example.localhost\r\nAuthorization: OSS4-HMAC-SHA256 Credential=id/20260508/cn-hangzhou/oss/aliyun_v4_request,AdditionalHeaders=host;a,Signature=00\r\nx-oss-date: 20260508T062508Z\r\n\r\n",
		"PUT /a/b HTTP/1.1\r\nHost: example.localhost\r\nTransfer-Encoding: chunked\r\nx-oss-meta-a: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"PUT /a HTTP/1.1\r\nHost: example.localhost\r\nx-oss-copy-source: /example/%zz\r\n\r\n",
		"GET /stored HTTP/1.1\r\nHost: example.localhost\r\nRange: bytes=1-\r\nIf-None-Match: *\r\n\r\n",
		"HEAD /absent?objectMeta HTTP/1.1\r\nHost: example.localhost\r\n\r\n",
		"POST /stored?uploads HTTP/1.1\r\nHost: example.localhost\r\n\r\n",
		"PUT /stored?uploadId=x&partNumber=-1 HTTP/1.1\r\nHost: example.localhost\r\n\r\n",
		"POST /?delete HTTP/1.1\r\nHost: example.localhost\r\nContent-Length: 53\r\n\r\n<Delete><Object><Key>stored</Key></Object></Delete>..",
		"GET /?list-type=2&continuation-token=!&delimiter=/&encoding-type=url&max-keys=1 HTTP/1.1\r\nHost: example.localhost\r\n\r\n",
		"GET /?regions=oss-cn-hangzhou HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /?tagging=%22a%22:%22b HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /example/stored?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=id/20260508/cn-hangzhou/oss/aliyun_v4_request&x-oss-date=20260508T062508Z&x-oss-expires=9&x-oss-signature=00&x-oss-additional-headers=host HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: \xff<&>\r\n\r\n",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Skip("not a request")
		}
		if sign {
			signLikeAClient(r)
		}
		server := New(Options{Now: vectorTime})
		server.AddKey(Key{AccessKeyID: "id", AccessKeySecret: "secret"})
		server.PutBucket(Bucket{Name: "example"})
		server.buckets["example"].objects = map[string]*object{"stored": {key: "stored", body: []byte("text"), kind: "Normal", etag: etagOf([]byte("text"))}}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		checkAnswer(t, w, r)
		if used, want := server.room.used, sizeOf(server); used != want {
			t.Fatalf("%d bytes are accounted for, %d are stored", used, want)
		}
	})
}

// sizeOf is what all buckets take, but for the object that the test put there.
func sizeOf(s *Server) int64 {
	var n int64
	for _, b := range s.buckets {
		n += b.size()
		if o := b.objects["stored"]; o != nil && string(o.body) == "text" && o.modified.IsZero() {
			n -= o.size()
		}
	}
	return n
}

// signLikeAClient signs for the region of the host, so that the call gets
// through to the operation.
func signLikeAClient(r *http.Request) {
	target := parseTarget(r, "")
	auth := authorization{keyID: "id", date: "20260508", region: "cn-hangzhou"}
	if target.region != "" {
		auth.region = target.region
	}
	r.Header.Set("x-oss-date", "20260508T062508Z")
	r.Header.Del("x-oss-security-token")
	r.Header.Del("x-oss-content-sha256")
	signature := auth.sign("secret", auth.stringToSign(&call{http: r, target: target}, "20260508T062508Z"))
	r.Header.Set("Authorization", "OSS4-HMAC-SHA256 Credential=id/"+auth.scope()+",Signature="+signature)
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, r *http.Request) {
	t.Helper()
	var doc struct {
		XMLName   xml.Name
		Code      string
		RequestID string `xml:"RequestId"`
	}
	id := w.Header().Get("x-oss-request-id")
	if !regexp.MustCompile(`^[0-9A-F]{24}$`).MatchString(id) {
		t.Fatalf("request ID %q", id)
	}
	switch {
	case w.Code == http.StatusNotModified, w.Code < 300 && w.Header().Get("Content-Type") != "application/xml":
		return // an object, or nothing
	case r.Method == http.MethodHead:
		if w.Code >= 400 == (w.Header().Get("x-oss-err") == "") {
			t.Fatalf("%d with x-oss-err %q", w.Code, w.Header().Get("x-oss-err"))
		}
		return
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%d: %v in %q", w.Code, err, w.Body)
	}
	if isError := doc.XMLName.Local == "Error"; isError != (w.Code >= 400) || isError && (doc.Code == "" || doc.RequestID != id) {
		t.Fatalf("%d: %q", w.Code, w.Body)
	}
}
