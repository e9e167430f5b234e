package openapi

import (
	"context"
	"encoding/json"
	"net/http"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// failure reads an error answer. The gateways send Code, Message and RequestId as
// JSON, each once; what is not that is not the service's answer.
func failure(ctx context.Context, call Call, cred ossenc.Credentials, response *http.Response, body []byte) error {
	var a struct{ Code, Message, RequestID string }
	if response.StatusCode < http.StatusBadRequest || alicloud.IsAmbiguous(body) || json.Unmarshal(body, &a) != nil || a.Code == "" {
		return alicloud.NoAnswer(ctx, call.Action, call.Subject, nil)
	}
	if a.RequestID == "" {
		a.RequestID = response.Header.Get("x-acs-request-id")
	}
	// The fallback's credentials are not in ctx; what is shown must not repeat
	// them either.
	id := ossenc.IdentityFrom(ctx)
	id.Credentials = cred
	f := alicloud.RPCFailure{
		Op: call.Action, Subject: call.Subject, Status: response.StatusCode,
		Code: a.Code, Message: a.Message, RequestID: a.RequestID, Secrets: call.Secrets,
	}
	return f.Err(ossenc.WithIdentity(ctx, id))
}

// Show returns a text of a successful answer, such as a request ID, in a form that
// is safe to show: one line that repeats no secret of the call.
func (c Call) Show(ctx context.Context, s string) string {
	return alicloud.RPCFailure{RequestID: s, Secrets: c.Secrets}.Err(ctx).RequestID
}
