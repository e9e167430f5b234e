package oss

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// failure is an OSS error before it knows the request it answers.
type failure struct {
	status            int
	code, message, ec string
	allow             string    // methods a 405 names
	details           []element // further elements, between HostId and EC
}

type element struct{ name, value string }

// known returns the documented error of a code. Codes with several documented
// messages get theirs through because.
func known(code string) *failure {
	for _, f := range documented() {
		if f.code == code {
			return &f
		}
	}
	return &failure{status: http.StatusInternalServerError, code: code, message: "We encountered an internal error. Please try again."}
}

func documented() []failure {
	return []failure{
		{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size."},
		{status: 400, code: "InvalidArgument", message: "Invalid argument."},
		{status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.", ec: "0015-00000001"},
		{status: 400, code: "InvalidDataEncryptionAlgorithmError", message: "The KMS Data Encryption request you specified is not valid. Supported value:SM4", ec: "0005-00000203"},
		{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified was invalid."},
		{status: 400, code: "InvalidEncryptionAlgorithmError", message: "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.", ec: "0005-00000003"},
		{status: 400, code: "MalformedXML", message: "The XML you provided was not well-formed or did not validate against our published schema."},
		{status: 403, code: "AccessDenied", message: "You have no right to access this object because of bucket acl.", ec: "0003-00000001"},
		{status: 403, code: "InvalidAccessKeyId", message: "The OSS Access Key Id you provided does not exist in our records.", ec: "0002-00000902"},
		{status: 403, code: "InvalidSecurityToken", message: "The security token you provided is invalid.", ec: "0002-00000006"},
		{status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the current time is too large.", ec: "0002-00000504"},
		{status: 403, code: "SecondLevelDomainForbidden", message: "The bucket you are attempting to access must be addressed using OSS third level domain."},
		{status: 403, code: "SecurityTokenExpired", message: "The security token you provided has expired.", ec: "0002-00000007"},
		{status: 403, code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", ec: "0002-00000040"},
		{status: 403, code: "UserDisable", message: "UserDisable", ec: "0003-00000801"},
		{status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist.", ec: "0015-00000101"},
		{status: 404, code: "NoSuchServerSideEncryptionRule", message: "The server side encryption configuration was not found.", ec: "0005-00000004"},
		{status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource."},
		{status: 409, code: "BucketAlreadyExists", message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", ec: "0015-00000104"},
		{status: 501, code: "NotImplemented", message: "A header you provided implies functionality that is not implemented."},
		{status: 503, code: "MetaOperationQpsLimitExceeded", message: "Qps limit for the meta operation is exceeded."},
		{status: 503, code: "ServiceUnavailable", message: "Please reduce your request rate.", ec: "0004-00000302"},
	}
}

// because replaces the message, unless empty, and the EC.
func (f *failure) because(message, ec string) *failure {
	if message != "" {
		f.message = message
	}
	f.ec = ec
	return f
}

func (f *failure) with(name, value string) *failure {
	f.details = append(f.details, element{name, value})
	return f
}

func (f *failure) keyID(id string) *failure {
	return f.with("OSSAccessKeyId", id)
}

func invalidArgument(message, ec string) *failure {
	return known("InvalidArgument").because(message, ec)
}

func accessDenied(message, ec string) *failure {
	return known("AccessDenied").because(message, ec)
}

func noSuchBucket(name string) *failure {
	return known("NoSuchBucket").with("BucketName", name)
}

func wrongEndpoint(b *bucketState) *failure {
	return accessDenied("The bucket you are attempting to access must be addressed using the specified endpoint. "+
		"Please send all future requests to this endpoint.", "").
		with("Bucket", b.Name).
		with("Endpoint", extranet(b.Region))
}

func tooSkewed(signed, now time.Time) *failure {
	return known("RequestTimeTooSkewed").
		with("MaxAllowedSkewMilliseconds", fmt.Sprint(maxSkew.Milliseconds())).
		with("RequestTime", signed.Format(timeXML)).
		with("ServerTime", now.UTC().Format(timeXML))
}

// mismatch shows what was signed, as the service does, but not the canonical
// request: it holds the security token.
func mismatch(a authorization, stringToSign string) *failure {
	return known("SignatureDoesNotMatch").
		keyID(a.keyID).
		with("SignatureProvided", a.signature).
		with("StringToSign", stringToSign).
		with("StringToSignBytes", strings.TrimSpace(fmt.Sprintf("% X", stringToSign)))
}
