package rpc

import (
	"encoding/json"
	"maps"
	"net/http"
)

// Failure is an error of the gateway or of a service.
type Failure struct {
	// Status is the HTTP status.
	Status int
	// Code and Message are as documented by the service.
	Code, Message string
}

// known returns the documented failure of a code.
func known(code string) *Failure {
	for _, f := range documented() {
		if f.Code == code {
			return &f
		}
	}
	return &Failure{http.StatusInternalServerError, code, "The request processing has failed due to some unknown error, exception or failure."}
}

func documented() []Failure {
	return []Failure{
		{400, "ContentSHA256NotMatched", "The x-acs-content-sha256 header is not the hash of the body."},
		{400, "IllegalTimestamp", `The input parameter "Timestamp" that is mandatory for processing this request is not supplied.`},
		{400, "IncompleteSignature", "The request signature does not conform to Alibaba Cloud standards."},
		{400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."},
		{400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."},
		{400, "InvalidSignatureMethod", "Specified signature method is not valid."},
		{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."},
		{400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."},
		{400, "InvalidVersion", "Specified parameter Version is not valid."},
		{400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action."},
		{400, "MissingSecurityToken", "SecurityToken is mandatory for this action."},
		{400, "ParseRequestParameterException", "Server parse parameters exception. Please check your input params."},
		{400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."},
		{400, "SignatureNonceUsed", "Specified signature nonce was used already."},
		{400, "Throttling", "Request was denied due to request throttling."},
		{400, "Throttling.User", "Request was denied due to user flow control."},
		{403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM."},
		{403, "UnsupportedHTTPMethod", "This http method is not supported."},
		{404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."},
		{404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."},
		{500, "InternalError", "The request processing has failed due to some unknown error."},
		{500, "InternalFailure", "Internal Failure."},
		{503, "ServiceUnavailableTemporary", "Service Unavailable Temporary."},
	}
}

func (f *Failure) because(message string) *Failure {
	f.Message = message
	return f
}

// answer is a complete response.
type answer struct {
	status int
	code   string // of an error
	body   []byte
}

func (c *Call) failed(f *Failure) answer {
	return answer{f.Status, f.Code, render(map[string]any{
		"HttpStatus": f.Status, "Code": f.Code, "Message": f.Message, "RequestId": c.request.RequestID, "HostId": c.host,
	})}
}

func (c *Call) succeeded(members map[string]any) answer {
	doc := map[string]any{"RequestId": c.request.RequestID}
	maps.Copy(doc, members)
	return answer{status: http.StatusOK, body: render(doc)}
}

func render(doc map[string]any) []byte {
	body, err := json.Marshal(doc)
	if err != nil {
		panic("localrpc: " + err.Error()) // impossible: strings, numbers and maps of them
	}
	return body
}
