package remote

import (
	"regexp"
	"strings"
	"sync"

	"bucketwarden/ossenc"
)

// failedCall is how the reason of a row ends where a call failed, as [ossenc.Error] says
// it: the call, the bucket, the code, the message, and in brackets the service's own
// codes.
var failedCall = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)(?:^|: )([A-Z][A-Za-z]+)(?: [^ :]+)?: ([a-z_]+): (.*?)(?: \(([^()]*)\))?$`)
})

// causeOf returns the call that failed for a row, as far as its reason says it, so that a
// page in another language names it. A refusal whose reason does not say by whom has a
// cause without a call: then no service is named.
func causeOf(res ossenc.Result) *ossenc.Error {
	if !res.Verdict.Failed() {
		return nil
	}
	m := failedCall().FindStringSubmatch(res.Reason)
	if m == nil || m[2] != string(res.Code) {
		if res.Code == ossenc.Refused || res.Code == ossenc.ForeignKey {
			return &ossenc.Error{Code: res.Code}
		}
		return nil
	}
	e := &ossenc.Error{Op: m[1], Code: res.Code, Message: m[3], OSSCode: res.OSSCode, RequestID: res.OSSRequestID}
	for _, detail := range strings.Split(m[4], ", ") {
		if ec, ok := strings.CutPrefix(detail, "EC "); ok {
			e.EC = ec
		}
	}
	return e
}
