package alicloud

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/redact"
)

// RPCFailure is an error answer of one of Alibaba Cloud's RPC-style services,
// such as KMS and STS.
type RPCFailure struct {
	Op        string // operation, such as DescribeKey
	Subject   string // what it was about, for people
	Status    int    // HTTP status; 0 if it is not known
	Code      string // the service's own code, such as Forbidden.NoPermission
	Message   string
	RequestID string
	// Secrets are texts of the request that the error must not repeat, beside the
	// credentials in the context.
	Secrets []string
}

// Err returns the failure as an *[Error] that is safe to show: without any part of
// the credentials in ctx.
func (f RPCFailure) Err(ctx context.Context) *ossenc.Error {
	remember(ossenc.IdentityFrom(ctx).Credentials)
	return &ossenc.Error{
		Op:        f.Op,
		Code:      rpcCode(f.Status, f.Code),
		OSSCode:   f.field(shownCode(f.Code)),
		RequestID: f.field(shownID(f.RequestID)),
		Message:   f.Subject + ": " + f.safeMessage(ctx),
	}
}

// field returns a field of the answer if it holds no secret of the request.
func (f RPCFailure) field(s string) string {
	var others redact.Secrets
	for _, secret := range f.Secrets {
		others.Add("", secret, "")
	}
	if others.Holds(s) {
		return ""
	}
	return s
}

// safeMessage returns the service's message. The one for a wrong signature is
// left out: it repeats what was signed, the security token in it.
func (f RPCFailure) safeMessage(ctx context.Context) string {
	if f.Code == "SignatureDoesNotMatch" || strings.Contains(f.Message, "string to sign") {
		return "the signature was not accepted; is the secret the one of the access key?"
	}
	return shown(ctx, f.Message, f.Secrets...)
}

// rpcCode maps a service's code. They come in families: what stands before the
// first dot says what it is about, and the rest is detail. A server's error is one,
// whatever it says of the request.
func rpcCode(status int, code string) ossenc.Code {
	family, _, _ := strings.Cut(code, ".")
	if status >= 500 && !strings.Contains(code, "Throttling") {
		return ossenc.Unavailable
	}
	switch family {
	case "Forbidden", "NoPermission", "EntityNotExist",
		"InvalidAccessKeyId", "MissingAccessKeyId", "InvalidSecurityToken", "MissingSecurityToken",
		"SignatureDoesNotMatch", "IncompleteSignature", "InvalidTimeStamp", "IllegalTimestamp":
		return ossenc.Denied
	case "InvalidParameter", "MissingParameter", "UnsupportedOperation":
		return ossenc.Invalid
	case "InternalError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableTemporary",
		"SignatureNonceUsed": // the next try has another nonce
		return ossenc.Unavailable
	}
	switch {
	case strings.Contains(code, "Throttling"), status == http.StatusTooManyRequests:
		return ossenc.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ossenc.Denied
	}
	return ossenc.Internal
}

// NoAnswer returns the *[Error] for a call that ended without an answer, or, if
// err is nil, with one that is not the service's. It wraps the context's error only:
// those of the network may hold the request, or what a server said.
func NoAnswer(ctx context.Context, op, subject string, err error) *ossenc.Error {
	e := &ossenc.Error{Op: op, Code: ossenc.Unavailable, Message: subject + ": an answer that is not the service's"}
	switch {
	case ctx.Err() != nil:
		e.Code, e.Message, e.Err = ossenc.Deadline, subject+": no answer before the invocation's time ran out", ctx.Err()
	case err != nil:
		e.Message = subject + ": no answer: " + networkReason(err)
	}
	return e
}

func innermost(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}
