package oss

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"bucketwarden/internal/local/wire"
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
		{status: 304, code: "NotModified", message: "Not Modified"},
		{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size."},
		{status: 400, code: "EntityTooSmall", message: "Your proposed upload smaller than the minimum allowed size."},
		{status: 400, code: "InvalidArgument", message: "Invalid argument."},
		{status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.", ec: "0015-00000001"},
		{status: 400, code: "InvalidDataEncryptionAlgorithmError", message: "The KMS Data Encryption request you specified is not valid. Supported value:SM4", ec: "0005-00000203"},
		{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified was invalid."},
		{status: 400, code: "InvalidEncryptionAlgorithmError", message: "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.", ec: "0005-00000003"},
		{status: 400, code: "InvalidObjectName", message: "The specified object is not valid."},
		{status: 400, code: "InvalidParameter", message: "The specified parameter KMS keyId is not valid."},
		{status: 400, code: "InvalidPart", message: "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag."},
		{status: 400, code: "InvalidPartOrder", message: "The list of parts was not in ascending order. Parts list must specified in order by part number."},
		{status: 400, code: "MalformedXML", message: "The XML you provided was not well-formed or did not validate against our published schema.", ec: "0016-00000608"},
		{status: 400, code: "MissingArgument", message: "Missing Some Required Arguments."},
		{status: 400, code: "NotImplemented", message: "The local OSS does not have this operation."},
		{status: 400, code: "TooManyBuckets", message: "You have attempted to create more buckets than allowed."},
		{status: 403, code: "AccessDenied", message: "You have no right to access this object because of bucket acl.", ec: "0003-00000001"},
		{status: 403, code: "InvalidAccessKeyId", message: "The OSS Access Key Id you provided does not exist in our records.", ec: "0002-00000902"},
		{status: 403, code: "InvalidSecurityToken", message: "The security token you provided is invalid.", ec: "0002-00000006"},
		{status: 403, code: "KmsServiceNotEnabled", message: "KMS is not enabled for your account."},
		{status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the current time is too large.", ec: "0002-00000504"},
		{status: 403, code: "SecondLevelDomainForbidden", message: "The bucket you are attempting to access must be addressed using OSS third level domain."},
		{status: 403, code: "SecurityTokenExpired", message: "The security token you provided has expired.", ec: "0002-00000007"},
		{status: 403, code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", ec: "0002-00000040"},
		{status: 403, code: "UserDisable", message: "UserDisable", ec: "0003-00000801"},
		{status: 404, code: "AliasNotFound", message: "The specified KMS alias is not found."},
		{status: 404, code: "KeyNotFound", message: "The specified KMS key is not found."},
		{status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist.", ec: "0015-00000101"},
		{status: 404, code: "NoSuchKey", message: "The specified key does not exist.", ec: "0026-00000001"},
		{status: 404, code: "NoSuchRegion", message: "The specified region does not exist."},
		{status: 404, code: "NoSuchServerSideEncryptionRule", message: "The server side encryption configuration was not found.", ec: "0005-00000004"},
		{status: 404, code: "NoSuchUpload", message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
		{status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource."},
		{status: 409, code: "BucketAlreadyExists", message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", ec: "0015-00000104"},
		{status: 409, code: "BucketNotEmpty", message: "The bucket has objects. Please delete them first.", ec: "0015-00000301"},
		{status: 409, code: "FileAlreadyExists", message: "The object you specified already exists and can not be overwritten."},
		{status: 409, code: "KeyDisabled", message: "The specified KMS key is disabled."},
		{status: 409, code: "KeyPendingDeletion", message: "The specified KMS key is pending deletion."},
		{status: 409, code: "KeyPendingImport", message: "The specified KMS key is pending import."},
		{status: 412, code: "PreconditionFailed", message: "At least one of the pre-conditions you specified did not hold."},
		{status: 416, code: "InvalidRange", message: "The requested range cannot be satisfied."},
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

// full refuses an upload that the memory has no room for, with a status that no
// client tries again.
func full(limit int64) *failure {
	return known("EntityTooLarge").because(fmt.Sprintf("The local OSS keeps objects in memory, at most %d MiB in total, and has no room for this one. Delete some.", limit>>20), "")
}

func unreadable() *failure { return invalidArgument("The request body could not be read.", "") }

// notHere refuses an operation of OSS that this server does not have. The real
// code's status, 501, would make clients try again for half a minute.
func notHere(what string) *failure {
	return known("NotImplemented").because("The local OSS does not have "+what+". docs/local.md lists what it has.", "")
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
		with("MaxAllowedSkewMilliseconds", fmt.Sprint(wire.MaxSkew.Milliseconds())).
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
