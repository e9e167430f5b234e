package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/region"
)

// problem is what came of a call to OSS that did not succeed: an error answer, no
// answer, or none that could be understood.
type problem struct {
	err error

	answered                    bool
	status                      int
	code, message, ec, endpoint string // as OSS sent them: not safe to show
	requestID                   string // safe to show

	noHost      bool // there is no host of that name
	badName     bool // the bucket's name is not valid
	undecodable bool
}

// ossCodes maps OSS's error codes. What is missing is decided by the status.
var ossCodes = map[string]ossenc.Code{
	"NoSuchBucket":                        ossenc.NotFound,
	"AccessDenied":                        ossenc.Denied,
	"InvalidAccessKeyId":                  ossenc.Denied,
	"SignatureDoesNotMatch":               ossenc.Denied,
	"InvalidSecurityToken":                ossenc.Denied,
	"SecurityTokenExpired":                ossenc.Denied,
	"AccessKeyIdAndSecurityTokenNotMatch": ossenc.Denied,
	"SecurityTokenNotSupported":           ossenc.Denied,
	"RequestTimeTooSkewed":                ossenc.Denied,
	"UserDisable":                         ossenc.Denied,
	"BucketDisable":                       ossenc.Denied,
	"AbnormalBucketOwnerStatus":           ossenc.Denied,
	"PublicEndpointForbidden":             ossenc.Denied,
	"InvalidEncryptionAlgorithmError":     ossenc.Refused,
	"InvalidDataEncryptionAlgorithmError": ossenc.Refused,
	"InvalidArgument":                     ossenc.Refused,
	"InvalidParameter":                    ossenc.Refused,
	"MalformedXML":                        ossenc.Refused,
	"KmsServiceNotEnabled":                ossenc.Refused,
	"KeyNotFound":                         ossenc.Refused,
	"AliasNotFound":                       ossenc.Refused,
	"KeyDisabled":                         ossenc.Refused,
	"KeyPendingDeletion":                  ossenc.Refused,
	"KeyPendingImport":                    ossenc.Refused,
	"KmsInDebt":                           ossenc.Refused,
	"KmsInDebtOverdue":                    ossenc.Refused,
	"InvalidBucketName":                   ossenc.Invalid,
	"MetaOperationQpsLimitExceeded":       ossenc.Throttled,
	"TotalQpsLimitExceeded":               ossenc.Throttled,
	"ActiveRequestLimitExceeded":          ossenc.Throttled,
}

// isElsewhere reports whether the place was wrong, so that another may answer: there
// is no such host, no endpoint is set for the region, or OSS refused the region in
// the signature, which differs from the host's (EC 0002-00000226), or is unknown or
// not the bucket's (EC 0002-00000228).
func (p problem) isElsewhere() bool {
	return p.noHost || p.ec == "0002-00000226" || p.ec == "0002-00000228" || p.isUnset()
}

// isUnset reports whether no host was asked, because no endpoint is set for the region.
func (p problem) isUnset() bool {
	ours, isOurs := errors.AsType[*ossenc.Error](p.err)
	return isOurs && ours.Code == ossenc.Invalid
}

// isAboutIdentity reports whether OSS refused who asks, whatever the code says: ECs
// that begin with 0002 are about signatures and credentials, and some come with the
// code InvalidArgument. Gateways that do not know the signature send no EC at all.
func (p problem) isAboutIdentity() bool {
	if p.status >= http.StatusInternalServerError {
		return false
	}
	for _, part := range []string{"Signature", "AccessKey", "SecurityToken", "Credential", "Authorization"} {
		if strings.Contains(p.code, part) {
			return true
		}
	}
	if strings.HasPrefix(p.ec, "0002-") {
		return true
	}
	if p.code != "InvalidArgument" && p.code != "InvalidRequest" && p.code != "BadRequest" {
		return false
	}
	message := strings.ToLower(p.message)
	for _, part := range []string{"authorization", "signature", "signing", "credential", "security token", "access key", "accesskey"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// kind returns our code for an error answer.
func (p problem) kind() ossenc.Code {
	known := ossCodes[p.code]
	switch {
	case known == ossenc.Throttled, p.status == http.StatusTooManyRequests, strings.Contains(p.code, "QpsLimit"):
		return ossenc.Throttled
	case p.isAboutIdentity():
		return ossenc.Denied
	case known != "":
		return known
	case p.status == http.StatusUnauthorized, p.status == http.StatusForbidden:
		return ossenc.Denied
	case p.status >= http.StatusInternalServerError:
		return ossenc.Unavailable
	}
	return ossenc.Internal
}

// translate turns an error of the SDK into ours. The SDK's own texts are left behind:
// they are several lines long, and name the request and what the server sent.
func (c *Client) translate(ctx context.Context, op string, at ossenc.Bucket, err error) error {
	e := &ossenc.Error{Op: op, Bucket: at.Name, Err: ctx.Err()}
	if ours, ok := errors.AsType[*ossenc.Error](err); ok {
		e.Code, e.Message, e.RequestID, e.Err = ours.Code, ours.Message, ours.RequestID, ours.Err
		return e
	}
	p := problemIn(err)
	switch {
	case ctx.Err() != nil: // first: the SDK loses it when the time runs out between two tries
		e.Code, e.Message = ossenc.Deadline, "no answer before the invocation's time ran out"
	case p.answered:
		e.Code, e.Message = p.kind(), shown(ctx, p.text())
		e.OSSCode, e.EC, e.RequestID = shownCode(p.code), shownEC(p.ec), p.requestID
	case p.badName:
		e.Code, e.Message = ossenc.Invalid, "not a valid bucket name"
	case p.undecodable:
		e.Code, e.Message = ossenc.Unavailable, "an answer that is not OSS's XML"
	default:
		e.Code, e.Message = ossenc.Unavailable, "no answer: "+networkReason(err)+c.hostAdvice(at, p)
	}
	return e
}

// hostAdvice says which setting to set where a region's host is not there: that does
// not pass by itself.
func (c *Client) hostAdvice(at ossenc.Bucket, p problem) string {
	if base, err := c.Endpoints.Base(at.Region); !p.noHost || base != "" || err != nil {
		return ""
	}
	advice := fmt.Sprintf("set %s=%s=https://<host>)", cmp.Or(c.Endpoints.Setting, "the endpoint"), at.Region)
	if region.IsKnown(at.Region) {
		return " (if OSS has another host in " + at.Region + ", " + advice
	}
	return " (" + at.Region + " is not a region that this version knows; if OSS has a host there, " + advice
}

// networkReason names what went wrong without the URL that url.Error repeats.
func networkReason(err error) string {
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return "time-out"
	}
	return inUse.Line(innermost(err).Error())
}

// text returns what OSS said. The SDK's own words for an answer that is not OSS's
// repeat a part of it, so they are replaced.
func (p problem) text() string {
	if p.code == "BadErrorResponse" {
		return http.StatusText(p.status) + ": an answer that is not OSS's XML"
	}
	return cmp.Or(p.message, http.StatusText(p.status))
}
