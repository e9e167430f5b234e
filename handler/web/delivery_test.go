package web

import (
	"net/http"
	"strings"
	"testing"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

const bucketCreatedData = `{"region":"cn-beijing","oss":{"bucket":{"name":"b-1"}}}`

func TestWeb_ReceivesEventsInEveryMode(t *testing.T) {
	event := created(`,"subject":"acs:oss:cn-beijing:1:b-1"`, "")
	queued := `{"specversion":"1.0","id":"q","source":"my.mns","type":"mns:Queue:SendMessage","data":{"messageBody":` + quoted(event) + `}}`
	binary := []string{"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "acs.oss", "Ce-Type", typeBucketCreated}
	tests := []struct {
		name, body string
		headers    []string
	}{
		{"Structured", event, []string{"Content-Type", "application/cloudevents+json"}},
		{"StructuredWithCharset", event, []string{"Content-Type", "Application/CloudEvents+JSON; charset=UTF-8"}},
		{"StructuredWithoutFormat", event, []string{"Content-Type", "application/cloudevents"}},
		{"Batched", "[" + event + "]", []string{"Content-Type", "application/cloudevents-batch+json; charset=UTF-8"}},
		{"Binary", bucketCreatedData, append(binary, "Content-Type", "application/json")},
		{"BinaryWithoutContentType", bucketCreatedData, binary},
		{"BinarySubjectInPercents", `{}`, append(binary, "Ce-Subject", "acs%3Aoss:cn-beijing:1:b%2D1")},
		{"BinaryQuotedSubject", `{}`, append(binary, "Ce-Subject", `"acs:oss:cn-beijing:1:b\-1"`)},
		{"BinaryWithoutData", ``, append(binary, "Ce-Subject", `acs:oss:cn-beijing:1:b-1`)},
		{"BinaryTextData", `hello`, append(binary, "Ce-Subject", `acs:oss:cn-beijing:1:b-1`, "Content-Type", "text/plain")},
		{"PlainJSON", event, []string{"Content-Type", "application/json"}},
		{"PlainBatch", "[" + event + "]", []string{"Content-Type", "application/json"}},
		{"NoContentType", event, nil},
		{"Queue", queued, []string{"Content-Type", "application/json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			m.Rules["b-1"] = ossenc.Rule{}
			m.Regions["b-1"] = "cn-beijing"
			web, _ := newWeb(m, everything)
			rec := ask(t, web, "POST", "/events", tt.body, tt.headers...)
			answered(t, rec, 200, "", "")
			got := decoded[service.Results](t, rec).Results
			if len(got) != 1 || got[0].Bucket != "b-1" || got[0].Verdict != ossenc.Fixed || got[0].EventType != typeBucketCreated || m.Rules["b-1"] != aes256 {
				t.Errorf("%s", rec.Body)
			}
		})
	}
}

func TestWeb_RefusesWhatIsNoDelivery(t *testing.T) {
	binary := func(headers ...string) []string {
		return append([]string{"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "acs.oss", "Ce-Type", typeBucketCreated}, headers...)
	}
	tests := []struct {
		name, body string
		headers    []string
		status     int
		code       ossenc.Code
		detail     string
	}{
		{"Empty", "", nil, 400, ossenc.Invalid, "failed"},
		{"Text", "hello", nil, 400, ossenc.Invalid, "failed"},
		{"ContentType", created("", ""), []string{"Content-Type", "application/"}, 415, codeMediaType, "not well-formed"},
		{"XML", "<event/>", []string{"Content-Type", "application/cloudevents+xml"}, 415, codeMediaType, "send application/cloudevents+json"},
		{"BatchInXML", "<events/>", []string{"Content-Type", "application/cloudevents-batch+xml"}, 415, codeMediaType, "send application/cloudevents-batch+json"},
		{"BatchIsNoArray", created("", ""), []string{"Content-Type", "application/cloudevents-batch+json"}, 400, ossenc.Invalid, `"["`},
		{"EventIsAnArray", "[" + created("", "") + "]", []string{"Content-Type", "application/cloudevents+json"}, 400, ossenc.Invalid, `"{"`},
		{"BinaryBrokenData", `{"region"`, binary(), 400, ossenc.Invalid, "data is not JSON"},
		{"BinaryPercent", `{}`, binary("Ce-Subject", "%zz"), 400, ossenc.Invalid, "Ce-Subject"},
		{"BinaryNotUTF8", `{}`, binary("Ce-Subject", "%ff"), 400, ossenc.Invalid, "Ce-Subject"},
		{"BinaryData", `{}`, binary("Ce-Data", "x"), 400, ossenc.Invalid, "Ce-Data"},
		{"BinaryWithoutID", bucketCreatedData, []string{"Ce-Specversion", "1.0", "Ce-Source", "acs.oss", "Ce-Type", typeBucketCreated}, 400, ossenc.Invalid, "failed"},
		{"HTTPTriggerInside", `{"version":"v1","requestContext":{"http":{"method":"DELETE","path":"/buckets/app-aes/encryption"}}}`, nil, 400, ossenc.Invalid, "failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			web, _ := newWeb(m, everything)
			answered(t, ask(t, web, "POST", "/events", tt.body, tt.headers...), tt.status, tt.code, tt.detail)
			if m.Writes != 0 {
				t.Errorf("%d writes", m.Writes)
			}
		})
	}
}

func TestWeb_ABatchHasTheStatusOfItsMostUrgentCode(t *testing.T) {
	m := account()
	m.Rules["b-1"] = ossenc.Rule{}
	web, _ := newWeb(m, everything)
	good := created("", "")
	broken := `{"foo":1}`
	secret := strings.Replace(created(`,"subject":"acs:oss:cn-hangzhou:1:zz-secret"`, `{}`), `"id":"1"`, `"id":"2"`, 1)
	rec := ask(t, web, "POST", "/events", "["+strings.Join([]string{good, broken, secret}, ",")+"]")
	answered(t, rec, http.StatusForbidden, ossenc.Denied, "failed")
	var verdicts []string
	for _, r := range decoded[problem](t, rec).Results {
		verdicts = append(verdicts, string(r.Verdict))
	}
	if got := strings.Join(verdicts, " "); got != "fixed invalid unknown" {
		t.Errorf("verdicts %s", got)
	}
}
