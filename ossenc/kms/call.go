package kms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	alicred "github.com/aliyun/credentials-go/credentials"

	"bucketwarden/ossenc"
)

const (
	operation = "DescribeKey"
	version   = "2016-01-20"
	maxAnswer = 1 << 20 // far above any answer of DescribeKey
)

// failure is an answer that is not a key's metadata: an error of KMS, or, with an
// empty Code, something else.
type failure ossenc.RPCFailure

// Error returns the code only: the rest is for [ossenc.RPCFailure.Err] to make safe.
func (f failure) Error() string { return "KMS: " + f.Code }

// describeKey makes the call once. Nothing of the SDK's client is kept: it has
// fields that it changes without a lock, and credentials change with every
// invocation.
func (c *Client) describeKey(ctx context.Context, endpoint *url.URL, cred ossenc.Credentials, keyID string) (metadata, error) {
	credential, err := signWith(cred)
	if err != nil {
		return metadata{}, err
	}
	sdk := &openapi.Client{
		Credential:      credential,
		HttpClient:      sender{c.transport},
		Protocol:        &endpoint.Scheme,
		Endpoint:        &endpoint.Host,
		UserAgent:       new(ossenc.UserAgent),
		DisableSDKError: new(true), // its own error type loses the request ID
	}
	params := &openapi.Params{
		Action:      new(operation),
		Version:     new(version),
		Style:       new("RPC"),
		Method:      new(http.MethodPost),
		Pathname:    new("/"),
		AuthType:    new("AK"),
		ReqBodyType: new("formData"),
		BodyType:    new("json"),
	}
	request := &openapi.OpenApiRequest{Query: map[string]*string{"KeyId": &keyID}}
	// ACS3-HMAC-SHA256, which puts the security token into a header. The older
	// signature puts it into the address, where logs and errors repeat it.
	answer, err := sdk.DoRequestWithCtx(ctx, params, request, &dara.RuntimeOptions{})
	if err != nil {
		return metadata{}, answerIn(err)
	}
	return metadataIn(answer)
}

func signWith(c ossenc.Credentials) (alicred.Credential, error) {
	config := &alicred.Config{Type: new("access_key"), AccessKeyId: &c.AccessKeyID, AccessKeySecret: &c.AccessKeySecret}
	if c.SecurityToken != "" {
		config.Type, config.SecurityToken = new("sts"), &c.SecurityToken
	}
	return alicred.NewCredential(config)
}

// sender sends over our transport. It takes redirects for answers: following one
// would take signed headers, the security token among them, elsewhere.
type sender struct{ transport http.RoundTripper }

// Call sends the request. The transport that the SDK has made is not used. The
// answer is read whole here, because the SDK does not always close it.
func (s sender) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	answer, err := s.transport.RoundTrip(r)
	if err != nil {
		return nil, noAnswer{err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, noAnswer{err}
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// noAnswer marks what went wrong on the way, as against in an answer.
type noAnswer struct{ error }

// Unwrap returns the cause.
func (e noAnswer) Unwrap() error { return e.error }

// answerIn returns KMS's error answer if err holds one.
func answerIn(err error) error {
	if _, ok := errors.AsType[noAnswer](err); ok {
		return err
	}
	e, ok := errors.AsType[dara.ResponseError](err)
	if !ok {
		return failure{} // not JSON
	}
	// The SDK's own Code and RequestId are "<nil>" where the answer has none.
	said := e.GetData()
	return failure{Status: dara.IntValue(e.GetStatusCode()), Code: text(said, "Code"), Message: text(said, "Message"), RequestID: text(said, "RequestId")}
}

func metadataIn(answer map[string]any) (metadata, error) {
	body, _ := answer["body"].(map[string]any)
	found, _ := body["KeyMetadata"].(map[string]any)
	m := metadata{text(found, "KeyId"), text(found, "KeyState"), text(found, "KeyUsage"), text(found, "KeySpec"), text(found, "DeleteDate")}
	if m.id == "" || m.state == "" {
		return metadata{}, failure{}
	}
	return m, nil
}

// text returns the member if it is a string.
func text(members map[string]any, name string) string {
	s, _ := members[name].(string)
	return s
}
