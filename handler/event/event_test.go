package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// Read reads records without an envelope too: what this file is about is what they
// say.
func Read(payload []byte, ownRole string) []Event {
	return Reader{OwnRole: ownRole, Raw: true}.Read(payload)
}

// created is a creation event with some attributes replaced or added.
func created(attributes, data string) string {
	if data == "" {
		data = `{"region":"cn-beijing","oss":{"bucket":{"name":"b-1"}}}`
	}
	return `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket"` + attributes + `,"data":` + data + `}`
}

func TestRepairTime_KeepsTheInstant(t *testing.T) {
	events := Read([]byte(created(`,"time":"2020-08-17T16:04:46.149Asia/Shanghai"`, "")), "")
	if want := time.Date(2020, 8, 17, 8, 4, 46, 149e6, time.UTC); !events[0].Head().Time.Equal(want) {
		t.Errorf("time = %v, want %v", events[0].Head().Time, want)
	}
}

// actionTrail is a record of a call, with fields added.
func actionTrail(eventName, fields string) string {
	return `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:ActionTrail:ApiCall","subject":"acs:oss:cn-shanghai:1:from-subject/","aliyunregionid":"cn-qingdao",` +
		`"data":{"serviceName":"Oss","eventName":"` + eventName + `"` + fields + `}}`
}

func TestRead_FindsTheBucketAndItsRegion(t *testing.T) {
	tests := []struct {
		name, payload string
		want          []ossenc.Bucket
	}{
		{"Native", created("", ""), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"NativeRegionInside", created("", `{"oss":{"region":"oss-cn-beijing","bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"NativeFromSubject", created(`,"subject":"acs:oss:cn-chengdu:1:b-2"`, `{}`), []ossenc.Bucket{{Name: "b-2", Region: "cn-chengdu"}}},
		{"NativeDataIsText", created(`,"subject":"acs:oss:cn-chengdu:1:b-2/"`, `"text"`), []ossenc.Bucket{{Name: "b-2", Region: "cn-chengdu"}}},
		{"RegionFromExtension", created(`,"aliyunregionid":"us-west-1"`, `{"oss":{"bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1", Region: "us-west-1"}}},
		{"RegionUnknown", created("", `{"region":"http://evil","oss":{"bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1"}}},
		{"References", actionTrail("PutBucket", `,"acsRegion":"cn-beijing","referencedResources":{"ACS::OSS::Bucket":["b-1"]}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"AllReferences", actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":["b-1","b-2","b-1"]}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}, {Name: "b-2", Region: "cn-shanghai"}}},
		{"ReferencesOfOddType", actionTrail("PutBucket", `,"referencedResources":["b-1"],"resourceType":"ACS::OSS::Bucket","resourceName":"b-2"`), []ossenc.Bucket{{Name: "b-2", Region: "cn-shanghai"}}},
		{"ResourceNames", actionTrail("PutBucket", `,"resourceType":"ACS::RAM::Role;ACS::OSS::Bucket","resourceName":"r-1;b-1,b-2"`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}, {Name: "b-2", Region: "cn-shanghai"}}},
		{"ResourceOfOtherType", actionTrail("PutBucket", `,"resourceType":"ACS::RAM::Role","resourceName":"r-1"`), []ossenc.Bucket{{Name: "from-subject", Region: "cn-shanghai"}}},
		{"RequestParameters", actionTrail("PutBucket", `,"requestParameters":{"n":1,"BucketName":"b-1"}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}}},
		{"InvalidReferenceIsSkipped", actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":["Bad_Name"]},"requestParameters":{"bucket":"b-1"}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}}},
		{"Subject", actionTrail("DeleteBucketEncryption", ``), []ossenc.Bucket{{Name: "from-subject", Region: "cn-shanghai"}}},
		{"EventSource", `{"eventName":"PutBucket","serviceName":"Oss","eventType":"ApiCall","eventSource":"b-1.oss-cn-hangzhou-cross.aliyuncs.com"}`, []ossenc.Bucket{{Name: "b-1"}}},
		{"QueueText", `[{"specversion":"1.0","id":"q","source":"my.mns","type":"mns:Queue:SendMessage","data":{"messageBody":` + quoted(created("", "")) + `}}]`, []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"KafkaText", `[` + quoted(`{"specversion":"1.0","id":"q","source":"k","type":"alikafka:Topic:Message","data":{"value":`+quoted(created("", ""))+`}}`) + `]`, []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := Read([]byte(tt.payload), "")
			if len(events) != len(tt.want) {
				t.Fatalf("events %+v, want %+v", events, tt.want)
			}
			for i, e := range events {
				if n, ok := e.(*Notice); !ok || n.Bucket != tt.want[i] {
					t.Errorf("event %d = %+v, want a notice about %+v", i, e, tt.want[i])
				}
			}
		})
	}
}

// The account is the one that the bucket is in: on a central bus that is a member's,
// and a record without an envelope names it too.
func TestRead_FindsTheAccount(t *testing.T) {
	const native = `{"oss":{"bucket":{"name":"b-1","ownerIdentity":"%s"}}}`
	raw := `{"eventName":"PutBucket","serviceName":"Oss","eventType":"ApiCall","referencedResources":{"ACS::OSS::Bucket":["b-1"]}`
	tests := []struct{ name, payload, want string }{
		{"NoneIsNamed", created("", ""), ""},
		{"Attribute", created(`,"aliyunaccountid":"11"`, ""), "11"},
		{"OriginalGoesFirst", created(`,"aliyunaccountid":"11","aliyunoriginalaccountid":"22"`, ""), "22"},
		{"OriginalBeforeOwner", created(`,"aliyunaccountid":"11","aliyunoriginalaccountid":"22"`, fmt.Sprintf(native, "33")), "22"},
		{"OwnerBeforeAttribute", created(`,"aliyunaccountid":"11"`, fmt.Sprintf(native, "33")), "33"},
		{"OwnerAlone", created("", fmt.Sprintf(native, "33")), "33"},
		{"OwnerThatIsNoAccount", created(`,"aliyunaccountid":"11"`, fmt.Sprintf(native, "root")), "11"},
		{"OriginalThatIsNoAccount", created(`,"aliyunaccountid":"11","aliyunoriginalaccountid":"0"`, ""), "11"},
		{"OriginalOfOtherType", created(`,"aliyunaccountid":"11","aliyunoriginalaccountid":22`, ""), "11"},
		{"OriginalIsEmpty", created(`,"aliyunaccountid":"11","aliyunoriginalaccountid":""`, ""), "11"},
		{"Recipient", strings.Replace(actionTrail("PutBucket", `,"recipientAccountId":"44"`), `"subject"`, `"aliyunaccountid":"11","subject"`, 1), "44"},
		{"OriginalBeforeRecipient", strings.Replace(actionTrail("PutBucket", `,"recipientAccountId":"44"`), `"subject"`, `"aliyunoriginalaccountid":"22","subject"`, 1), "22"},
		{"RecordWithoutEnvelope", raw + `,"recipientAccountId":"44","userIdentity":{"accountId":"55"}}`, "44"},
		{"TheCallerIsNotTheOwner", raw + `,"userIdentity":{"accountId":"55"}}`, ""},
		{"NativeWithoutEnvelope", `{"eventName":"BucketCreated:PutBucket","oss":{"bucket":{"name":"b-1","ownerIdentity":"33"}}}`, "33"},
		{"FailedCall", actionTrail("PutBucket", `,"errorCode":"BucketAlreadyExists","recipientAccountId":"44"`), "44"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := Read([]byte(tt.payload), "")
			if len(events) != 1 || events[0].Head().Bucket.Account != tt.want {
				t.Errorf("%+v, want the account %q", events[0].Head(), tt.want)
			}
		})
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// The publisher of a record without an envelope writes all of the payload, so it
// is read only where a setting says so, however deep it is.
func TestReader_RecordsWithoutEnvelopeNeedTheSetting(t *testing.T) {
	record := `{"eventName":"PutBucket","serviceName":"Oss","referencedResources":{"ACS::OSS::Bucket":["b-1"]}}`
	native := `{"eventName":"BucketCreated:PutBucket","oss":{"bucket":{"name":"b-1"}}}`
	for _, raw := range []string{record, native} {
		for name, payload := range map[string]string{
			"Alone": raw, "InABatch": "[" + raw + "]", "AsText": "[" + quoted(raw) + "]", "WithVersion": strings.Replace(raw, "{", `{"version":"v1","action":"sweep",`, 1),
			"InAQueue": `{"specversion":"1.0","id":"q","source":"my.mns","type":"mns:Queue:SendMessage","data":{"messageBody":` + quoted(raw) + `}}`,
		} {
			e := Reader{RawSetting: "THE_SETTING"}.Read([]byte(payload))
			if bad, ok := e[0].(*Invalid); len(e) != 1 || !ok || !strings.Contains(bad.Reason, "THE_SETTING=true") {
				t.Errorf("%s: %+v, want it invalid, with the name of the setting", name, e[0])
			}
			if n, ok := Read([]byte(payload), "")[0].(*Notice); !ok || n.Bucket.Name != "b-1" {
				t.Errorf("%s: with the setting it is not read", name)
			}
		}
	}
}

func TestRead_WhatAsksForNothingIsIgnored(t *testing.T) {
	tests := []struct{ name, payload, reason string }{
		{"OtherSource", strings.Replace(created("", ""), "acs.oss", "acs.ecs", 1), "does not come from OSS"},
		{"OtherType", strings.Replace(created("", ""), "oss:BucketCreated:PutBucket", "oss:BucketRemoved:DeleteBucket", 1), "events of this type"},
		{"SimilarType", strings.Replace(created("", ""), "oss:BucketCreated:PutBucket", "oss:BucketCreated:PutBucketX", 1), "events of this type"},
		{"FailedCall", actionTrail("PutBucket", `,"errorCode":"BucketAlreadyExists"`), "failed"},
		{"FailedCallWithOddCode", actionTrail("PutBucket", `,"errorCode":403`), "failed"},
		{"OtherCall", actionTrail("PutBucketAcl", ""), "recorded call does not"},
		{"OtherService", `{"eventName":"PutBucketEncryption","serviceName":"Ecs","referencedResources":{"ACS::OSS::Bucket":["b-1"]}}`, "not one to OSS"},
		{"RawObjectEvent", `{"eventName":"ObjectCreated:PutObject","oss":{"bucket":{"name":"b-1"}}}`, "events of this type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := Read([]byte(tt.payload), "")
			if len(events) != 1 {
				t.Fatalf("events %+v, want one", events)
			}
			if e, ok := events[0].(*Ignored); !ok || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("%+v, want it ignored with %q", events[0], tt.reason)
			}
		})
	}
}

func TestRead_EmptyErrorCodeIsNoFailure(t *testing.T) {
	for _, fields := range []string{`,"errorCode":""`, `,"errorCode":null`} {
		e := Read([]byte(actionTrail("PutBucket", fields)), "")
		if n, ok := e[0].(*Notice); !ok || !n.Created {
			t.Errorf("%s: %+v, want a creation", fields, e[0])
		}
	}
}

func TestRead_KnowsOurOwnWrites(t *testing.T) {
	self := `,"userIdentity":{"type":"assumed-role","userName":"OSS-Encryption-Guard:fc"}`
	tests := []struct {
		name, eventName, fields, role string
		want                          bool
	}{
		{"ByRole", "PutBucketEncryption", self, "oss-encryption-guard", true},
		{"RoleNotConfigured", "PutBucketEncryption", self, "", false},
		{"OtherRole", "PutBucketEncryption", self, "other", false},
		{"RAMUserOfThatName", "PutBucketEncryption", `,"userIdentity":{"type":"ram-user","userName":"oss-encryption-guard:fc"}`, "oss-encryption-guard", false},
		{"ByUserAgent", "PutBucketEncryption", `,"userAgent":"alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)/bucketwarden"`, "", true},
		{"NotByAPersonsCommand", "PutBucketEncryption", `,"userAgent":"alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)/bw-cli/v1.3.0"`, "", false},
		{"NotByALongerName", "PutBucketEncryption", `,"userAgent":"terraform (bucketwarden-like)/not-bucketwarden"`, "", false},
		{"OurRemovalIsNoWrite", "DeleteBucketEncryption", self, "oss-encryption-guard", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := Read([]byte(actionTrail(tt.eventName, tt.fields)), tt.role)
			if n, ok := e[0].(*Notice); len(e) != 1 || !ok || n.OwnWrite != tt.want {
				t.Fatalf("events %+v, want OwnWrite %t", e, tt.want)
			}
		})
	}
}

func TestRead_ABatchDeliversAnEventOnce(t *testing.T) {
	one, other := created("", ""), strings.Replace(created("", ""), `"id":"1"`, `"id":"2"`, 1)
	events := Read([]byte("["+one+","+other+","+one+"]"), "")
	if len(events) != 3 {
		t.Fatalf("%+v", events)
	}
	for i, want := range []bool{true, true, false} {
		if _, notice := events[i].(*Notice); notice != want {
			t.Errorf("event %d: %+v", i, events[i])
		}
	}
}

func TestRead_WhatAnEventSaysOfItselfIsCutShort(t *testing.T) {
	e := Read([]byte(strings.Replace(created("", ""), `"id":"1"`, `"id":"`+strings.Repeat("x", 1000)+`"`, 1)), "")
	if got := e[0].Head().ID; len(got) != maxText+3 {
		t.Errorf("an ID of %d characters", len(got))
	}
}

// TestRead_SaysByWhom: what of the caller may be shown, and nothing else of the record.
func TestRead_SaysByWhom(t *testing.T) {
	at := time.Date(2026, 3, 11, 5, 40, 45, 0, time.UTC)
	for _, tt := range []struct {
		name, fields string
		want         ossenc.Trigger
	}{
		{
			"Terraform", `,"requestId":"R1","eventTime":"2026-03-11T05:40:45Z","sourceIpAddress":"203.0.113.10","userAgent":"HashiCorp-Terraform/1.9.5 Terraform-Provider/1.289.0",` +
				`"userIdentity":{"type":"ram-user","userName":"ci","accountId":"1234567890123456","principalId":"2345","accessKeyId":"LTAIEXAMPLE"}`,
			ossenc.Trigger{Actor: ossenc.Actor{Kind: "ram-user", Name: "ci", Tool: ossenc.ToolTerraform}, At: at, ID: "R1"},
		},
		{"Hostile", `,"userAgent":"<script>","userIdentity":{"type":"assumed-role","userName":"r:\n<b>"}`, ossenc.Trigger{Actor: ossenc.Actor{Kind: "assumed-role", Name: "r:??b?", Tool: ossenc.ToolOther}}},
		{"NumberForAnAccount", `,"userIdentity":{"type":"ram-user","userName":"ci","accountId":1234567890123456}`, ossenc.Trigger{Actor: ossenc.Actor{Kind: "ram-user", Name: "ci"}}},
		{"OddTypes", `,"userAgent":7,"eventTime":0,"userIdentity":{"type":[],"userName":"ci","accountId":{}}`, ossenc.Trigger{Actor: ossenc.Actor{Name: "ci"}}},
		{"OtherAccount", `,"recipientAccountId":"1111111111111111","userIdentity":{"userName":"ci","accountId":"2222222222222222"}`, ossenc.Trigger{Actor: ossenc.Actor{Name: "ci", OtherAccount: true}}},
		{"Nobody", ``, ossenc.Trigger{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Read([]byte(actionTrail("DeleteBucketEncryption", tt.fields)), "")
			n, ok := e[0].(*Notice)
			if !ok || n.Trigger == nil {
				t.Fatalf("%+v", e[0])
			}
			got := *n.Trigger
			tt.want.Call = "DeleteBucketEncryption"
			if tt.want.At.IsZero() {
				got.At = time.Time{}
			}
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
	shown := `,"requestParameters":{"bucketName":"b-1","ServerSideEncryptionRule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"KMS","KMSMasterKeyID":"key-1"}}}`
	for call, want := range map[string]ossenc.Rule{"PutBucketEncryption": {Algorithm: "KMS", KMSKeyID: "key-1"}, "PutBucket": {}} {
		if n, ok := Read([]byte(actionTrail(call, shown)), "")[0].(*Notice); !ok || n.Trigger.Rule != want {
			t.Errorf("%s: %+v, want the rule %s", call, n, want)
		}
	}
	if n, ok := Read([]byte(`{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","data":{"oss":{"bucket":{"name":"b-1"}},"userIdentity":{"principalId":"1"}}}`), "")[0].(*Notice); !ok || n.Trigger != nil {
		t.Errorf("OSS's own event: %+v", n)
	}
}
