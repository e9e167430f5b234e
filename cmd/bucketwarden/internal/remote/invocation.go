package remote

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/fc"
)

// invocation reaches the function by its name, with the event that its HTTP trigger
// would send. It needs no trigger, and only the right fc:InvokeFunction.
type invocation struct {
	client   *fc.Client
	function fc.Function
	identity ossenc.Identity // region and account
	agent    string
	// token is for a function that asks for one itself; empty for none.
	token string
}

// httpEvent is the event of an HTTP trigger, version v1.
type httpEvent struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  requestContext    `json:"requestContext"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	Time         string      `json:"time"`
	TimeEpoch    string      `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// event is the request as the trigger would send it. The body is in base64, so that
// any body passes.
func (v *invocation) event(q request, now time.Time) httpEvent {
	e := httpEvent{
		Version: "v1", RawPath: q.path, Body: base64.StdEncoding.EncodeToString(q.body), IsBase64Encoded: true,
		Headers: map[string]string{"User-Agent": v.agent}, QueryParameters: map[string]string{},
		RequestContext: requestContext{
			AccountID: v.identity.AccountID, DomainName: "invoke.local", DomainPrefix: "invoke",
			HTTP: httpContext{Method: q.method, Path: q.path, Protocol: "HTTP/1.1", SourceIP: "127.0.0.1", UserAgent: v.agent},
			Time: now.UTC().Format(time.RFC3339), TimeEpoch: fmt.Sprint(now.UnixMilli()),
		},
	}
	for name := range q.header {
		e.Headers[name] = q.header.Get(name)
	}
	if v.token != "" {
		e.Headers["Authorization"] = "Bearer " + v.token
	}
	for name := range q.query {
		e.QueryParameters[name] = q.query.Get(name)
	}
	return e
}

// send invokes the function and makes its answer an HTTP answer.
func (v *invocation) send(ctx context.Context, q request) (*answer, error) {
	payload, err := json.Marshal(v.event(q, time.Now()))
	if err != nil {
		return nil, err
	}
	got, err := v.client.Invoke(ossenc.WithIdentity(ctx, v.identity), v.function, payload)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case got.FunctionError != "":
		return nil, functionError(got)
	}
	return readAnswer(got.Payload)
}

// functionError says how the function failed. Its message is the function's own.
func functionError(got fc.Answer) error {
	var f struct{ ErrorMessage, ErrorType string }
	if json.Unmarshal(got.Payload, &f) != nil || f.ErrorMessage == "" {
		f.ErrorMessage = "it gives no reason"
	}
	text := "the function failed"
	if f.ErrorType != "" {
		text += " (" + term.Clean(f.ErrorType) + ")"
	}
	return fmt.Errorf("%s: %s (request %s)", text, term.Clean(term.End(f.ErrorMessage, 300)), got.RequestID)
}

// readAnswer reads what the function answers to the event of an HTTP trigger.
func readAnswer(payload []byte) (*answer, error) {
	var a struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
		Body            string            `json:"body"`
	}
	if json.Unmarshal(payload, &a) != nil || a.StatusCode < 200 || a.StatusCode > 599 {
		return nil, errors.New("the function answers, but not with an HTTP answer; is it Bucketwarden, and may HTTP be invoked (" + settings.Invoke + ")?")
	}
	if a.StatusCode/100 == 3 {
		return nil, fmt.Errorf("the function answers with a redirect (%d), which is not followed", a.StatusCode)
	}
	header := http.Header{}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	if !a.IsBase64Encoded {
		return &answer{a.StatusCode, header, io.NopCloser(strings.NewReader(a.Body))}, nil
	}
	body, err := base64.StdEncoding.DecodeString(a.Body)
	if err != nil {
		return nil, errors.New("the body of the function's answer is not base64, as it says")
	}
	return &answer{a.StatusCode, header, io.NopCloser(strings.NewReader(string(body)))}, nil
}
