package alicloud_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"bucketwarden/ossenc/alicloud"

	"bucketwarden/ossenc"
)

// fuzzed answers every request with one answer, and asks the whole of it to be
// read through the real SDK.
func fuzzed(status int, contentType, body string) *alicloud.Client {
	c, _ := answering(status, http.Header{"Content-Type": {contentType}}, func() io.Reader { return strings.NewReader(body) })
	return c
}

func possibleStatus(n uint16) int { return 200 + int(n)%400 }

// checkError holds an error to what a log line and an answer can bear.
func checkError(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); strings.ContainsAny(s, "\r\n\x00") || len(s) > 1500 || !utf8.ValidString(s) {
		t.Errorf("%q is not fit for a log line", s)
	}
	if ossenc.CodeOf(err) == "" {
		t.Errorf("%v has no code", err)
	}
}

// FuzzAnswer checks what holds for any answer to GetBucketEncryption: only a 404
// that says NoSuchServerSideEncryptionRule is "no rule", and any other rule is
// one that we could write.
func FuzzAnswer(f *testing.F) {
	const rule = "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>%</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>"
	f.Add(uint16(0), "application/xml", strings.ReplaceAll(rule, "%", "AES256"))
	f.Add(uint16(0), "application/xml", strings.ReplaceAll(rule, "%", "KMS</SSEAlgorithm><KMSMasterKeyID>key-1</KMSMasterKeyID><KMSDataEncryption>SM4</KMSDataEncryption><SSEAlgorithm>KMS"))
	f.Add(uint16(0), "text/html", "<?xml version='1.0'?><!-- c --><ServerSideEncryptionRule/>")
	f.Add(uint16(204), "application/xml", noRule)
	f.Add(uint16(203), "application/xml", noRule)
	f.Add(uint16(300), "application/json", `{"Error":null}`)
	f.Add(uint16(203), "application/json", `{"Code":"NoSuchServerSideEncryptionRule"}`)
	f.Add(uint16(203), "application/xml", "<Error><Code>AccessDenied</Code><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint><EC>0002-00000226</EC></Error>")
	f.Fuzz(func(t *testing.T, n uint16, contentType, body string) {
		status := possibleStatus(n)
		synctest.Test(t, func(t *testing.T) {
			got, err := fuzzed(status, contentType, body).Get(ctxOf(t), b1)
			switch {
			case err != nil:
				checkError(t, err)
			case got.Rule.IsNone() && (status != http.StatusNotFound || !strings.Contains(body, "NoSuchServerSideEncryptionRule")):
				t.Errorf("%d %q is taken for no rule", status, body)
			case got.Rule.IsNone():
			case status/100 != 2 || !strings.Contains(body, got.Rule.Algorithm):
				t.Errorf("%d %q is taken for %s", status, body, got.Rule)
			case got.Rule.Strength() == ossenc.Strength{}:
				t.Errorf("%s has no strength", got.Rule)
			}
		})
	})
}

// FuzzWritten checks what holds for any answer to PutBucketEncryption: it is a
// success only if the status is one.
func FuzzWritten(f *testing.F) {
	f.Add(uint16(0), "application/xml", "")
	f.Add(uint16(203), "application/json", "null")
	f.Add(uint16(303), "application/xml", "<Error><Code>MetaOperationQpsLimitExceeded</Code></Error>")
	f.Fuzz(func(t *testing.T, n uint16, contentType, body string) {
		status := possibleStatus(n)
		synctest.Test(t, func(t *testing.T) {
			_, err := fuzzed(status, contentType, body).Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.AES256})
			if err != nil {
				checkError(t, err)
			}
			if err == nil && status/100 != 2 {
				t.Errorf("%d %q is taken for a success", status, body)
			}
		})
	})
}

// FuzzList checks what holds for any answer to ListBuckets: it ends, and unless
// it ends in an error the names rise.
func FuzzList(f *testing.F) {
	f.Add(uint16(0), "<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets><Bucket><Name>b-1</Name><Region>cn-hangzhou</Region></Bucket></Buckets></ListAllMyBucketsResult>")
	f.Add(uint16(0), "<ListAllMyBucketsResult><IsTruncated>true</IsTruncated><NextMarker>b-1</NextMarker><Buckets><Bucket><Name>b-1</Name></Bucket></Buckets></ListAllMyBucketsResult>")
	f.Add(uint16(0), "<html></html>")
	f.Add(uint16(300), "null")
	f.Fuzz(func(t *testing.T, n uint16, body string) {
		synctest.Test(t, func(t *testing.T) {
			last, seen := "", 0
			for b, err := range fuzzed(possibleStatus(n), "application/xml", body).List(ctxOf(t), "", "") {
				if err != nil {
					checkError(t, err)
					return
				}
				if seen++; seen > 2*len(body)+2 {
					t.Fatalf("no end of %q", body)
				}
				last = b.Name
			}
			if possibleStatus(n)/100 != 2 || !bytes.Contains([]byte(body), []byte("ListAllMyBucketsResult")) {
				t.Errorf("%d %q is taken for a list that ends with %q", possibleStatus(n), body, last)
			}
		})
	})
}

// FuzzSettings checks what holds for the settings that are parsed: no endpoint is
// taken that has more than a scheme, a host and a port, and no rule that OSS
// would refuse or drop parts of.
func FuzzSettings(f *testing.F) {
	f.Add("https://oss.example.com", "KMS", "key-1", "SM4")
	f.Add("cn-hangzhou=http://127.0.0.1:1,cn-beijing=https://[::1]", "AES256", "", "")
	f.Add("http://u:p@h", "SM4", "alias/acs/oss", "AES256")
	f.Fuzz(func(t *testing.T, endpoints, algorithm, key, data string) {
		if e, err := alicloud.ParseEndpoints(endpoints); err == nil {
			for region := range e.ByRegion {
				if !ossenc.ValidRegion(region) {
					t.Errorf("region %q", region)
				}
			}
			if got, err := e.For("cn-hangzhou", ossenc.Bucket{}); err == nil && !strings.HasPrefix(strings.ToLower(got.URL), "http") {
				t.Errorf("endpoint %q", got.URL)
			}
		}
		r, err := ossenc.NewRule(algorithm, key, data)
		if err == nil && r.Algorithm != ossenc.KMS && (r.KMSKeyID != "" || r.KMSDataEncryption != "") {
			t.Errorf("%+v", r)
		}
		if err == nil && r.IsNone() {
			t.Error("no rule is a rule")
		}
	})
}
