package acs3

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// temporary are the credentials of the vectors, which were computed with the
// vendor's signer (openapi-util v0.1.1) from what its clients send.
var temporary = ossenc.Credentials{AccessKeyID: "STS.EXAMPLEAKID", AccessKeySecret: "EXAMPLESECRET", SecurityToken: "EXAMPLETOKEN"}

func request(t *testing.T, method, address, contentType string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// split returns the three parts of the Authorization header.
func split(t *testing.T, r *http.Request) (credential, headers, signature string) {
	t.Helper()
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "ACS3-HMAC-SHA256 ")
	parts := strings.Split(fields, ",")
	if !ok || len(parts) != 3 {
		t.Fatalf("Authorization is %q", r.Header.Get("Authorization"))
	}
	return strings.TrimPrefix(parts[0], "Credential="), strings.TrimPrefix(parts[1], "SignedHeaders="), strings.TrimPrefix(parts[2], "Signature=")
}

func TestSign_Vectors(t *testing.T) {
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.FixedZone("UTC+8", 8*3600))
	const headers = "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version"
	tests := []struct {
		op                         Operation
		address, contentType, body string
		digest, signature          string
	}{
		{
			Operation{"InvokeFunction", "2023-03-30"},
			"https://1234567890123456.cn-hangzhou.fc.aliyuncs.com/2023-03-30/functions/bucketwarden/invocations?qualifier=LATEST",
			"application/octet-stream", `{"action":"sweep","cursor":"c1"}`,
			"9023000b27ac2d0184672f8891a07aeb85ffdd55587763eea11fc3683b1bb9c3", "9bc1a9ffd43c8de876e8329deec2958ad2b766e318c97e7245599b6c81e76484",
		},
		{
			Operation{"PutEvaluations", "2020-09-07"},
			"https://config.cn-shanghai.aliyuncs.com/",
			"application/x-www-form-urlencoded", "Evaluations=%5B%7B%22complianceType%22%3A%22COMPLIANT%22%7D%5D&ResultToken=TOK%2B%2F%3D",
			"d424aef8935c4a4ab520ab3688d1c3e440cfd537b2b0685366db1f8606c50b7f", "e166e2cf9cb207d030a38bac660632489991765851b1cca30fa66e322771f321",
		},
		{
			Operation{"ListAccounts", "2022-04-19"},
			"https://resourcedirectory.aliyuncs.com/?MaxResults=100",
			"", "",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "8c4d4d45222837ba9548d88b91c66d46ef93ed60d358ec6ebcd904e244ea16fa",
		},
	}
	for _, tt := range tests {
		r := request(t, http.MethodPost, tt.address, tt.contentType)
		r.Header.Set("x-fc-invocation-type", "Async") // not covered
		sign(r, tt.op, []byte(tt.body), temporary, at, "00000000000000000000000000000001")
		credential, signed, signature := split(t, r)
		if r.Header.Get("x-acs-content-sha256") != tt.digest || credential != "STS.EXAMPLEAKID" || signature != tt.signature {
			t.Errorf("%s: digest %s, credential %s, signature %s", tt.op.Action, r.Header.Get("x-acs-content-sha256"), credential, signature)
		}
		want := headers
		if tt.contentType != "" {
			want = "content-type;" + headers
		}
		if signed != want {
			t.Errorf("%s signs %s, want %s", tt.op.Action, signed, want)
		}
	}
}

func TestSign_LongLivedKey(t *testing.T) {
	r := request(t, http.MethodPost, "https://kms.cn-hangzhou.aliyuncs.com/?KeyId=a", "")
	Sign(r, Operation{"DescribeKey", "2016-01-20"}, nil, ossenc.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"}, time.Now())
	if _, signed, _ := split(t, r); strings.Contains(signed, "token") || strings.Contains(signed, "accesskey-id") {
		t.Errorf("signs %s", signed)
	}
}

// TestSign_NonceIsNew holds because services accept a nonce once.
func TestSign_NonceIsNew(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		r := request(t, http.MethodPost, "https://kms.cn-hangzhou.aliyuncs.com/", "")
		Sign(r, Operation{"DescribeKey", "2016-01-20"}, nil, temporary, time.Now())
		seen[r.Header.Get("x-acs-signature-nonce")] = true
	}
	if len(seen) != 100 || seen[""] {
		t.Errorf("%d different nonces in 100 requests", len(seen))
	}
}

// TestSign_NoSecretInTheRequest holds for the secret everywhere, and for the token
// outside its own header.
func TestSign_NoSecretInTheRequest(t *testing.T) {
	for name, sign := range map[string]func(*http.Request){
		"Sign":        func(r *http.Request) { Sign(r, Operation{"A", "1"}, nil, temporary, time.Now()) },
		"SignTrigger": func(r *http.Request) { SignTrigger(r, temporary, time.Now()) },
	} {
		r := request(t, http.MethodGet, "https://x.example.com/a?b=c", "")
		sign(r)
		if got := r.Header.Get("x-acs-security-token"); got != temporary.SecurityToken {
			t.Errorf("%s: the token's header is %q", name, got)
		}
		r.Header.Del("x-acs-security-token")
		var text strings.Builder
		if err := r.Write(&text); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{temporary.AccessKeySecret, temporary.SecurityToken} {
			if strings.Contains(text.String(), secret) {
				t.Errorf("%s: %q is in the request", name, secret)
			}
		}
	}
}
