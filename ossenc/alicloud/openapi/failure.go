package openapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"bucketwarden/ossenc"
)

// failure reads an error answer. The gateways send Code, Message and RequestId as
// JSON; what is not that is not the service's answer.
func failure(ctx context.Context, call Call, cred ossenc.Credentials, response *http.Response, body []byte) error {
	var a struct{ Code, Message, RequestID string }
	if json.Unmarshal(body, &a) != nil || a.Code == "" {
		return ossenc.NoAnswer(ctx, call.Action, call.Subject, nil)
	}
	if a.RequestID == "" {
		a.RequestID = response.Header.Get("x-acs-request-id")
	}
	// The fallback's credentials are not in ctx; what is shown must not repeat
	// them either.
	id := ossenc.IdentityFrom(ctx)
	id.Credentials = cred
	f := ossenc.RPCFailure{
		Op: call.Action, Subject: call.Subject, Status: response.StatusCode,
		Code: call.hide(a.Code), Message: call.hide(a.Message), RequestID: call.hide(a.RequestID),
	}
	return f.Err(ossenc.WithIdentity(ctx, id))
}

// Show returns a text of a successful answer, such as a request ID, in a form that
// is safe to show; see [ossenc.RPCFailure].
func (c Call) Show(ctx context.Context, s string) string {
	return ossenc.RPCFailure{RequestID: c.hide(s)}.Err(ctx).RequestID
}

// hide returns what a server said, or a placeholder if it repeats a part of one of
// the call's secrets.
func (c Call) hide(s string) string {
	for _, secret := range c.Secrets {
		if repeats(s, secret) {
			return "[left out, because it repeats a part of the request]"
		}
	}
	return s
}

// repeats reports whether s holds 8 letters or digits that stand together in the
// secret: those stay as they are in every form of quoting.
func repeats(s, secret string) bool {
	const n = 8
	words := strings.FieldsFunc(secret, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	for _, w := range words {
		for i := 0; i+n <= len(w); i++ {
			if strings.Contains(s, w[i:i+n]) {
				return true
			}
		}
	}
	return false
}
