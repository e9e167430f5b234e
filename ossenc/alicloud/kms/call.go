package kms

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"bucketwarden/ossenc/alicloud"

	openapi "github.com/alibabacloud-go/openapi-util/service"
	"github.com/alibabacloud-go/tea/tea"

	"bucketwarden/ossenc"
)

const (
	operation = "DescribeKey"
	version   = "2016-01-20"
	algorithm = "ACS3-HMAC-SHA256"
	noBody    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // its SHA-256
	maxAnswer = 1 << 20                                                            // far above any answer of DescribeKey
)

// failure is an answer that is not a key's metadata: an error of KMS, or, with an
// empty Code, something else.
type failure alicloud.RPCFailure

// Error returns the code only: the rest is for [ossenc.RPCFailure.Err] to make safe.
func (f failure) Error() string { return "KMS: " + f.Code }

// describeKey makes the call once.
func (c *Client) describeKey(ctx context.Context, endpoint *url.URL, cred ossenc.Credentials, keyID string) (metadata, error) {
	target := url.URL{Scheme: endpoint.Scheme, Host: endpoint.Host, Path: "/", RawQuery: url.Values{"KeyId": {keyID}}.Encode()}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return metadata{}, err
	}
	r.Header.Set("User-Agent", "AlibabaCloud "+ossenc.UserAgent)
	r.Header.Set("Accept", "application/json")
	sign(r, cred, keyID)
	// Not by a client that follows redirects: that would take signed headers, the
	// security token among them, elsewhere.
	answer, err := c.transport.RoundTrip(r)
	if err != nil {
		return metadata{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return metadata{}, err
	}
	return metadataIn(answer.StatusCode, body)
}

// sign leaves the signature to the vendor's own library. It is ACS3-HMAC-SHA256,
// which puts the security token into a header; the older one puts it into the
// address, where logs and errors repeat it.
func sign(r *http.Request, cred ossenc.Credentials, keyID string) {
	headers := map[string]string{
		"x-acs-action": operation, "x-acs-version": version, "x-acs-date": time.Now().UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": rand.Text(), "x-acs-content-sha256": noBody,
	}
	if cred.SecurityToken != "" {
		headers["x-acs-security-token"] = cred.SecurityToken
	}
	signed := map[string]*string{"host": &r.URL.Host}
	for name, value := range headers {
		r.Header.Set(name, value)
		signed[name] = &value
	}
	request := &tea.Request{Method: &r.Method, Pathname: &r.URL.Path, Query: map[string]*string{"KeyId": &keyID}, Headers: signed}
	r.Header.Set("Authorization", *openapi.GetAuthorization(request, new(algorithm), new(noBody), &cred.AccessKeyID, &cred.AccessKeySecret))
}

func metadataIn(status int, body []byte) (metadata, error) {
	var a struct {
		Code, Message, RequestID string
		KeyMetadata              struct{ KeyID, KeyState, KeyUsage, KeySpec, DeleteDate string }
	}
	if json.Unmarshal(body, &a) != nil {
		return metadata{}, failure{}
	}
	if status != http.StatusOK {
		return metadata{}, failure{Status: status, Code: a.Code, Message: a.Message, RequestID: a.RequestID}
	}
	k := a.KeyMetadata
	if k.KeyID == "" || k.KeyState == "" {
		return metadata{}, failure{}
	}
	return metadata{k.KeyID, k.KeyState, k.KeyUsage, k.KeySpec, k.DeleteDate}, nil
}
