package buckets

import (
	"errors"
	"slices"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// failed is a call without which there is nothing to show.
func failed(a *app.App, err error) error {
	if a.Stopping() {
		return app.End(app.Interrupted)
	}
	if _, ours := errors.AsType[*app.Error](err); ours {
		return err
	}
	if e, ok := errors.AsType[*ossenc.Error](err); ok {
		return nothingRead(err, e.Code, e.OSSCode)
	}
	if e, ok := errors.AsType[*report.Error](err); ok {
		return nothingRead(err, e.Code, e.OSSCode)
	}
	return err
}

// nothingRead is the error of a first call that failed. A key that OSS does not take is
// a mistake of the credentials, as one that STS does not take is.
func nothingRead(err error, code ossenc.Code, ossCode string) error {
	if slices.Contains(keyCodes, ossCode) {
		return &app.Error{Exit: app.Usage, Err: err, Next: "check the key, its secret and its token; --verbose says where they were found"}
	}
	return &app.Error{Exit: app.Incomplete, Err: err, Next: advice(code)}
}

// keyCodes are those of OSS for a key, a secret or a token that it does not take.
var keyCodes = []string{
	"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurityToken", "SecurityTokenExpired", "AccessKeyIdAndSecurityTokenNotMatch", "SecurityTokenNotSupported",
}

// advice is the next step after a failure of this kind.
func advice(c ossenc.Code) string {
	switch c {
	case ossenc.Denied:
		return "check the key and its rights: oss:ListBuckets, oss:GetBucketEncryption, and for changes oss:PutBucketEncryption (docs/ram)"
	case ossenc.Deadline:
		return "give it more time with --timeout, or fewer buckets with --region or --prefix"
	case ossenc.Unavailable, ossenc.Throttled:
		return "try again; behind a proxy set HTTPS_PROXY, in a closed network --endpoint or --internal"
	case ossenc.NotFound:
		return "bucketwarden report lists the buckets that there are"
	}
	return ""
}
