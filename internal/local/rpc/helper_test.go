package rpc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	localrpc "bucketwarden/internal/local/rpc"
)

const (
	keyID  = "local-id"
	secret = "local-secret"
	token  = "local-token"
)

func noon() time.Time { return time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC) }

// quiet is a service with one action, at noon.
func quiet() *localrpc.Gateway {
	g := localrpc.New(localrpc.Options{Now: noon}, "2016-01-20", map[string]localrpc.Action{
		"Echo": func(c *localrpc.Call) (map[string]any, *localrpc.Failure) {
			return map[string]any{"Said": c.Params.Get("Say"), "Account": c.AccountID}, nil
		},
	})
	g.AddAccessKey(localrpc.AccessKey{AccessKeyID: keyID, AccessKeySecret: secret})
	g.AddAccessKey(localrpc.AccessKey{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: token, Expires: noon().Add(time.Minute), AccountID: "22"})
	g.AddAccessKey(localrpc.AccessKey{AccessKeyID: "STS.old", AccessKeySecret: secret, SecurityToken: token, Expires: noon()})
	g.AddAccessKey(localrpc.AccessKey{AccessKeyID: "powerless", AccessKeySecret: secret, Denied: true})
	return g
}

// raw is a request signed by the vendor's own signer.
type raw struct {
	key, token    string
	query, header map[string]string // over the usual ones; an empty value removes
	body          string
	late          func(*http.Request) // after signing
}

func pointers(m map[string]string) map[string]*string {
	p := map[string]*string{}
	for name, value := range m {
		if value != "" {
			p[name] = &value
		}
	}
	return p
}

func strs(m map[string]*string) url.Values {
	v := url.Values{}
	for name, value := range m {
		v.Set(name, *value)
	}
	return v
}

// v3 signs with ACS3-HMAC-SHA256.
func (q raw) v3(t testing.TB) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(q.body))
	digest := hex.EncodeToString(sum[:])
	headers := map[string]string{
		"host": "kms.example.com", "x-acs-action": "Echo", "x-acs-version": "2016-01-20",
		"x-acs-date": "2026-05-08T12:00:00Z", "x-acs-signature-nonce": "n1", "x-acs-content-sha256": digest,
		"x-acs-security-token": q.token,
	}
	maps.Copy(headers, q.header)
	signed := &dara.Request{Method: new("POST"), Pathname: new("/"), Headers: pointers(headers), Query: pointers(q.query)}
	auth := utils.GetAuthorization(signed, new("ACS3-HMAC-SHA256"), &digest, &q.key, new(secret))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://kms.example.com/?"+strs(signed.Query).Encode(), strings.NewReader(q.body))
	for name, value := range headers {
		if value != "" && name != "host" {
			r.Header.Set(name, value)
		}
	}
	r.Header.Set("Authorization", *auth)
	if q.late != nil {
		q.late(r)
	}
	return r
}

// v1 signs with HMAC-SHA1 in the parameters.
func (q raw) v1(t testing.TB) *http.Request {
	t.Helper()
	params := map[string]string{
		"Action": "Echo", "Version": "2016-01-20", "Format": "JSON", "Timestamp": "2026-05-08T12:00:00Z",
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": "n1",
		"AccessKeyId": q.key, "SecurityToken": q.token,
	}
	maps.Copy(params, q.query)
	query := pointers(params)
	query["Signature"] = utils.GetRPCSignature(query, new("POST"), new(secret))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://kms.example.com/?"+strs(query).Encode(), nil)
	if q.late != nil {
		q.late(r)
	}
	return r
}

func send(g http.Handler, r *http.Request) (int, map[string]any) {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		doc = map[string]any{"Body": w.Body.String()}
	}
	return w.Code, doc
}

func both(t *testing.T, q raw) map[string]*http.Request {
	return map[string]*http.Request{"version 1": q.v1(t), "version 3": q.v3(t)}
}
