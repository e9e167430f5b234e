// Package fc invokes functions of Function Compute 3.0 and asks for its
// asynchronous tasks, so that a sweep can hand over to its next invocation.
//
// The payload and the action are signed; the x-fc-* headers, which say that an
// invocation is asynchronous and what its task ID is, are not: the signature of
// Alibaba Cloud's APIs does not cover them.
package fc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// MaxAsyncPayload is the longest payload of an asynchronous invocation, in bytes.
// (Function Compute, limits: 128 KB, cannot be raised.)
const MaxAsyncPayload = 128 << 10

const version = "2023-03-30"

// Client speaks to Function Compute with the credentials of the context's
// [ossenc.Identity], in its account. It is safe for concurrent use.
type Client struct {
	// Endpoints say where Function Compute answers in each region.
	Endpoints alicloud.Endpoints

	api openapi.Client
}

// New returns a client that sends over the given transport.
func New(transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	// The answer of a synchronous invocation may have 32 MB; no caller here needs
	// more than a sweep's, which is far smaller.
	return &Client{api: openapi.Client{Version: version, Transport: transport, Fallback: fallback, MaxAnswer: 8 << 20}}
}

// Function names what to invoke.
type Function struct {
	Name      string // such as bucketwarden
	Qualifier string // version or alias; LATEST if empty
	Region    string // where it is; the region of the context's identity if empty
}

// InvokeAsync hands payload to the function and returns once Function Compute has
// stored it. A task ID makes a repeated call harmless: where the function keeps
// the states of its tasks, a second invocation with the same ID does not start, and
// known is true. taskID may be empty.
//
// It makes one try: whether a call without an answer was stored is not known, and
// only the caller can find out ([Client.Task]) before it asks again.
func (c *Client) InvokeAsync(ctx context.Context, f Function, taskID string, payload []byte) (known bool, err error) {
	if taskID != "" && !ValidTaskID(taskID) {
		return false, &ossenc.Error{Op: opInvoke, Code: ossenc.Invalid, Message: fmt.Sprintf("%.40q is not a task ID", taskID)}
	}
	if len(payload) > MaxAsyncPayload {
		return false, &ossenc.Error{Op: opInvoke, Code: ossenc.Invalid, Message: fmt.Sprintf("a payload of %d bytes; at most %d fit", len(payload), MaxAsyncPayload)}
	}
	call, err := c.invocation(ctx, f, payload)
	if err != nil {
		return false, err
	}
	call.Once = true
	call.Header.Set("X-Fc-Invocation-Type", "Async")
	if taskID != "" {
		call.Header.Set("X-Fc-Async-Task-Id", taskID)
	}
	answer, err := c.api.Do(ctx, call)
	switch {
	case alreadyExists(err):
		return true, nil
	case err != nil:
		return false, err
	case answer.Status != http.StatusAccepted:
		return false, openapi.Unreadable(ctx, call)
	}
	return false, nil
}

// alreadyExists reports whether the task ID is in use. FC 2.0 answers
// StatefulAsyncInvocationAlreadyExists; the code of FC 3.0 is not published, so
// every code of that family counts.
func alreadyExists(err error) bool {
	e, ok := errors.AsType[*ossenc.Error](err)
	return ok && strings.Contains(e.OSSCode, "AlreadyExists")
}

// Answer is what a synchronous invocation returned.
type Answer struct {
	RequestID string
	// Payload is the function's answer, or its error as JSON.
	Payload []byte
	// FunctionError is empty for a success, else Function Compute's name of the
	// failure, such as UnhandledInvocationError.
	FunctionError string
}

// Invoke invokes the function and waits for its answer. A function that fails is
// an Answer, not an error.
func (c *Client) Invoke(ctx context.Context, f Function, payload []byte) (Answer, error) {
	call, err := c.invocation(ctx, f, payload)
	if err != nil {
		return Answer{}, err
	}
	call.Once = true
	call.Header.Set("X-Fc-Invocation-Type", "Sync")
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	return Answer{
		RequestID:     call.Show(ctx, answer.Header.Get("X-Fc-Request-Id")),
		Payload:       answer.Body,
		FunctionError: call.Show(ctx, answer.Header.Get("X-Fc-Error-Type")),
	}, nil
}

func (c *Client) invocation(ctx context.Context, f Function, payload []byte) (openapi.Call, error) {
	endpoint, err := c.at(ctx, opInvoke, f)
	if err != nil {
		return openapi.Call{}, err
	}
	return openapi.Call{
		Endpoint: endpoint, Action: opInvoke, Subject: "function " + f.Name,
		Path:  "/" + version + "/functions/" + f.Name + "/invocations",
		Query: url.Values{"qualifier": {cmp.Or(f.Qualifier, "LATEST")}},
		Body:  payload, Header: http.Header{},
	}, nil
}

const (
	opInvoke = "InvokeFunction"
	opTasks  = "ListAsyncTasks"
)

// at returns where the region of f answers. The host is that of the account, as the
// vendor's deployment tool invokes functions.
func (c *Client) at(ctx context.Context, op string, f Function) (*url.URL, error) {
	id := ossenc.IdentityFrom(ctx)
	region := cmp.Or(f.Region, id.Region)
	base, err := c.Endpoints.Base(region)
	if err != nil {
		return nil, err
	}
	if base != "" {
		return alicloud.ParseURL(base)
	}
	if !ossenc.ValidRegion(region) || id.AccountID == "" || strings.Trim(id.AccountID, "0123456789") != "" {
		return nil, &ossenc.Error{Op: op, Code: ossenc.Invalid, Message: "the invocation does not say which account and region the function is in"}
	}
	host := id.AccountID + "." + region
	if c.Endpoints.IsInternal(region) {
		host += "-internal"
	}
	return &url.URL{Scheme: "https", Host: host + ".fc.aliyuncs.com"}, nil
}
