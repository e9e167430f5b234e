package rpc_test

import (
	"bufio"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var requestID = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)

// FuzzServeHTTP: whatever comes, the gateway never panics, and lets nothing
// through that was not signed: every answer is a well-formed error.
func FuzzServeHTTP(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: kms.cn-hangzhou.aliyuncs.com\r\n\r\n",
		"POST /?Action=Echo&AccessKeyId=local-id&Signature=x&SignatureNonce=1&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Timestamp=2026-05-08T12:00:00Z HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 21\r\n\r\nAccessKeyId=%zz;a=b&&",
		"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: ACS3-HMAC-SHA256 Credential=local-id,SignedHeaders=host;x-acs-date,Signature=00\r\nx-acs-signature-nonce: 1\r\nx-acs-date: 2026-05-08T12:00:00Z\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: \xff<&>\r\nAuthorization: ACS3-HMAC-SHA256 ,,=;\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Skip("not a request")
		}
		status, doc := send(quiet(), r)
		id, _ := doc["RequestId"].(string)
		if status < 400 || status >= 500 || doc["Code"] == nil || doc["HttpStatus"] != float64(status) || !requestID.MatchString(id) {
			t.Fatalf("%d %v", status, doc)
		}
	})
}
