package buckets

import (
	"errors"

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
		return &app.Error{Exit: app.Incomplete, Err: err, Next: advice(e.Code)}
	}
	if e, ok := errors.AsType[*report.Error](err); ok {
		return &app.Error{Exit: app.Incomplete, Err: err, Next: advice(e.Code)}
	}
	return err
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
