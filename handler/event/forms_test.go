package event

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// queue is a queue's CloudEvent around a message; body is a JSON value.
func queue(kind, member, body string) string {
	return `{"specversion":"1.0","id":"q","source":"a.queue","type":"` + kind + `","datacontenttype":"application/json","data":{"` + member + `":` + body + `}}`
}

// Every form in which EventBridge's sources deliver a message ends with the bucket
// that it is about.
func TestRead_QueueMessagesInEveryForm(t *testing.T) {
	one := created("", "")
	encoded := base64.StdEncoding.EncodeToString([]byte(one))
	forms := map[string]string{
		"Text": quoted(one), "Object": one, "Array": "[" + one + "]", "TextWithMark": quoted("\ufeff" + one), "TextWithBlanks": quoted("\n " + one + " "),
		"Base64": quoted(encoded), "Base64WithoutPadding": quoted(strings.TrimRight(encoded, "=")), "Base64ForURLs": quoted(base64.URLEncoding.EncodeToString([]byte(one))),
		"Base64InLines": quoted(encoded[:76] + "\r\n" + encoded[76:]), "Base64WithMark": quoted(base64.StdEncoding.EncodeToString([]byte("\ufeff" + one))),
	}
	sources := []struct{ kind, member string }{
		{"mq:Topic:SendMessage", "body"},
		{"mns:Queue:SendMessage", "messageBody"},
		{"mns:Queue:SendMessage", "body"},
		{"mns:Topic:SendMessage", "messageBody"},
		{"alikafka:Topic:Message", "value"},
		{"amqp:Queue:SendMessage", "body"},
		{"rabbitmq:Queue:SendMessage", "body"},
		{"mqtt:Topic:SendMessage", "payload"},
	}
	for _, s := range sources {
		for name, body := range forms {
			payload := queue(s.kind, s.member, body)
			for _, p := range []string{payload, "[" + payload + "]", "[" + quoted(payload) + "]"} {
				e := Read([]byte(p), "")
				if n, ok := e[0].(*Notice); len(e) != 1 || !ok || n.Bucket.Name != "b-1" {
					t.Errorf("%s %s: %+v, want the bucket b-1", s.kind, name, e)
				}
			}
		}
	}
}

// What arrives in a form that is not read is invalid and says why: a success would
// lose it.
func TestRead_NoFormIsASilentSuccess(t *testing.T) {
	const kind = "mns:Queue:SendMessage"
	one := created("", "")
	twice := strings.Replace(one, `"type":`, `"type":"oss:BucketRemoved:DeleteBucket","type":`, 1)
	tests := []struct{ name, payload, reason string }{
		{"QueueOfText", queue(kind, "body", `"hello"`), "neither JSON nor Base64"},
		{"QueueOfBase64OfText", queue(kind, "body", `"aGVsbG8="`), "neither JSON nor Base64"},
		{"QueueOfPythonBytes", queue(kind, "body", quoted("b'"+one+"'")), "neither JSON nor Base64"},
		{"QueueOfNumber", queue(kind, "body", "5"), "is a JSON number"},
		{"QueueOfBoolean", queue(kind, "body", "true"), "is a JSON boolean"},
		{"QueueOfNull", queue(kind, "body", "null"), "without a message"},
		{"QueueOfNothing", queue(kind, "body", `""`), "without a message"},
		{"QueueOfOtherMember", queue(kind, "other", quoted(one)), "without a message"},
		{"QueueOfEmptyArray", queue(kind, "body", "[]"), "empty array"},
		{"QueueOfEmptyBatch", queue(kind, "body", `"[]"`), "empty array"},
		{"ElementIsAnEmptyArray", "[[]]", "empty array"},
		{"ElementIsAnEmptyArrayInText", `["[]"]`, "empty array"},
		{"ElementIsEmptyText", `[""]`, "is empty"},
		{"UTF16", "\xff\xfe{\x00}\x00", "UTF-16"},
		{"UTF16BigEndian", "\xfe\xff\x00{\x00}", "UTF-16"},
		{"TypeTwice", twice, `attribute "type" is given twice`},
		{"TypeTwiceInCapitals", strings.Replace(one, `"type":`, `"TYPE":"x","type":`, 1), "is given twice"},
		{"TypeTwiceEscaped", strings.Replace(one, `"type":`, `"\u0074ype":"x","type":`, 1), "is given twice"},
		{"DataTwice", strings.Replace(one, `"data":`, `"data_base64":"e30=","data":`, 1), "exclude each other"},
		{"OtherVersion", strings.Replace(one, `"1.0"`, `"0.3"`, 1), "another version"},
		{"UTF16Data", created(`,"datacontenttype":"application/json;charset=UTF-16"`, ""), "charset"},
		{"UTF16DataQuoted", created(`,"datacontenttype":"application/json; charset=\"utf-16\""`, ""), "charset"},
		{"GBKData", created(`,"datacontenttype":"application/json;charset=gbk"`, ""), "charset"},
		{"ManyAttributes", created(strings.Repeat(`,"a":1`, 200), ""), "more than 100 attributes"},
		{"EventsIsEmpty", `{"events":[]}`, "events holds no event"},
		{"EventsIsNoArray", `{"events":{}}`, "events holds no event"},
		{"EventsOfOther", `{"events":[{"a":1}]}`, "not an event that this function knows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := Read([]byte(tt.payload), "")
			if bad, ok := e[0].(*Invalid); len(e) != 1 || !ok || !strings.Contains(bad.Reason, tt.reason) {
				t.Errorf("%+v, want it invalid with %q", e[0], tt.reason)
			}
		})
	}
}

func TestRead_OddButRightEvents(t *testing.T) {
	one := created("", "")
	tests := []struct {
		name, payload string
		want          int
		repaired      string
	}{
		{"ByteOrderMark", "\ufeff" + one, 1, ""},
		{"MarkBehindBlanks", "\n\ufeff\n" + one, 1, ""},
		{"ElementWithMark", `[` + quoted("\ufeff"+one) + `]`, 1, ""},
		{"SuffixJSON", created(`,"datacontenttype":"application/vnd.x+json"`, ""), 1, "datacontenttype"},
		{"SuffixJSONWithCharset", created(`,"datacontenttype":"application/vnd.x+json; charset=utf-8"`, ""), 1, "datacontenttype"},
		{"JSONInCapitals", created(`,"datacontenttype":"Application/JSON; Charset=UTF-8"`, ""), 1, "datacontenttype"},
		{"RelativeSchema", created(`,"dataschema":"schema.json"`, ""), 1, "dataschema"},
		{"Base64Data", strings.Replace(one, `"data":{"region":"cn-beijing","oss":{"bucket":{"name":"b-1"}}}`, `"data_base64":"`+base64.StdEncoding.EncodeToString([]byte(`{"oss":{"bucket":{"name":"b-1"}}}`))+`"`, 1), 1, ""},
		{"ListOfRecords", `{"events":[{"eventName":"DeleteBucketEncryption","serviceName":"Oss","requestParameters":{"bucketName":"b-1"}}]}`, 1, ""},
		{"ListOfRecordsOfBuckets", `{"events":[{"eventName":"BucketCreated:PutBucket","eventSource":"acs:oss","oss":{"bucket":{"name":"b-1"}}}]}`, 1, ""},
		{"ListOfEvents", `{"events":[` + one + `,` + strings.Replace(one, `"id":"1"`, `"id":"2"`, 1) + `]}`, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := Read([]byte(tt.payload), "")
			for _, e := range events {
				if n, ok := e.(*Notice); !ok || n.Bucket.Name != "b-1" || strings.Join(n.Repaired, ",") != tt.repaired {
					t.Errorf("%+v, want the bucket b-1, repaired %q", e, tt.repaired)
				}
			}
			if len(events) != tt.want {
				t.Errorf("%d events, want %d", len(events), tt.want)
			}
		})
	}
}

func TestRead_BucketsOfOtherKindsAreOutside(t *testing.T) {
	for _, call := range []string{"CreateTableBucket", "PutTableBucketEncryption", "DeleteTableBucketEncryption", "PutVectorBucket", "DeleteVectorBucketEncryption", "CreateAgenticBucket"} {
		for _, service := range []string{"Oss", "OssTables"} {
			e := Read([]byte(`{"eventName":"`+call+`","serviceName":"`+service+`","referencedResources":{"ACS::OSS::Bucket":["b-1"]}}`), "")
			if i, ok := e[0].(*Ignored); len(e) != 1 || !ok || !strings.Contains(i.Reason, "outside of this function") {
				t.Errorf("%s of %s: %+v", call, service, e[0])
			}
		}
	}
}

// What is nested deeper than the deepest form that any source has is refused, in every way
// to nest it, and at once: a payload must not choose how deep the reader goes.
func TestRead_NestedTooDeep(t *testing.T) {
	event := actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":["b-1"]}`)
	for name, nest := range map[string]func(string) string{
		"arrays": func(s string) string { return "[" + s + "]" },
		"texts":  func(s string) string { return "[" + quoted(s) + "]" },
		"queues": func(s string) string { return queue("mq:Topic:SendMessage", "body", quoted(s)) },
		"lists":  func(s string) string { return `{"events":[` + s + `]}` },
	} {
		payload, deepest := event, 0
		for n := 1; n <= maxDepth+2; n++ {
			if payload = nest(payload); len(payload) > 1<<20 {
				t.Fatalf("%s: %d bytes", name, len(payload))
			}
			events := Read([]byte(payload), "")
			if len(events) != 1 {
				t.Fatalf("%s, %d deep: %d events", name, n, len(events))
			}
			switch e := events[0].(type) {
			case *Notice:
				deepest = n
			case *Invalid:
				if !strings.Contains(e.Reason, "nested more than") {
					t.Errorf("%s, %d deep: %s", name, n, e.Reason)
				}
			default:
				t.Errorf("%s, %d deep: %+v", name, n, e)
			}
		}
		if deepest == 0 || deepest > maxDepth {
			t.Errorf("%s: read when %d deep", name, deepest)
		}
	}
}

// However elements are nested, a payload has one bound, and beyond it nothing is done.
func TestRead_OneBoundForAWholePayload(t *testing.T) {
	zeros := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]" }
	inner := zeros(maxEvents / 2)
	var names []string
	for i := range maxEvents/maxNames + 1 {
		var of []string
		for j := range maxNames {
			of = append(of, fmt.Sprintf(`"b-%d-%d"`, i, j))
		}
		names = append(names, strings.Replace(actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":[`+strings.Join(of, ",")+`]}`), `"id":"1"`, `"id":"`+strconv.Itoa(i)+`"`, 1))
	}
	tests := []struct {
		name, payload string
		over          bool
	}{
		{"AtTheBound", zeros(maxEvents), false},
		{"Flat", zeros(maxEvents + 1), true},
		{"NestedAtTheBound", "[" + inner + "," + inner + "]", false},
		{"Nested", "[" + inner + "," + inner + ",0]", true},
		{"Deep", "[[[" + inner + "," + inner + ",0]]]", true},
		{"InText", "[" + quoted(inner) + "," + quoted(inner) + ",0]", true},
		{"InAQueue", "[" + queue("mq:Topic:SendMessage", "body", quoted(inner)) + "," + queue("mq:Topic:SendMessage", "body", inner) + ",0]", true},
		{"InAList", `{"events":` + zeros(maxEvents+1) + `}`, true},
		{"Buckets", "[" + strings.Join(names, ",") + "]", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := Read([]byte(tt.payload), "")
			over := len(events) == 1 && events[0].(*Invalid).Reason == tooMany
			if over != tt.over || !over && len(events) != maxEvents {
				t.Errorf("%d events, the first %+v", len(events), events[0])
			}
		})
	}
	if e := Read([]byte(strings.ReplaceAll(names[0], `"b-0-0"`, `"b-0-0","one-more"`)), ""); len(e) != 1 || !strings.Contains(fmt.Sprint(e[0]), "more than 1000 buckets") {
		t.Errorf("%d events of one that names 1,001 buckets", len(e))
	}
}

// What an answer and the log repeat of a payload is bounded too.
func TestRead_RepeatsLittle(t *testing.T) {
	var all []string
	for i := range 5000 {
		all = append(all, fmt.Sprintf(`{"specversion":"1.0","source":"x","type":"%s","id":"%d"}`, strings.Repeat("<", 190), i))
	}
	total := 0
	for _, e := range Read([]byte("["+strings.Join(all, ",")+"]"), "") {
		total += len(e.Head().ID) + len(e.Head().Type)
	}
	if total > maxEcho+5000*6 {
		t.Errorf("%d bytes of IDs and types", total)
	}
	var odd []string
	for i := range 90 {
		odd = append(odd, fmt.Sprintf(`"x-%d":1`, i))
	}
	h := Read([]byte(strings.Replace(created("", ""), `"id"`, strings.Join(odd, ",")+`,"id"`, 1)), "")[0].Head()
	if len(h.Repaired) != maxRepaired+1 || h.Repaired[maxRepaired] != "and 80 more" {
		t.Errorf("%q", h.Repaired)
	}
}

// eachName finds what encoding/json finds.
func FuzzEachName(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":[{"d":"e"}]},"\u0066":"g:\"","h" :null}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		var want map[string]json.RawMessage
		if json.Unmarshal(p, &want) != nil {
			return
		}
		got := map[string]bool{}
		eachName(p, func(name []byte) bool { got[string([]rune(string(name)))] = true; return true })
		for name := range want {
			if !got[name] {
				t.Errorf("%q is not found in %q", name, p)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d names, want %d, in %q", len(got), len(want), p)
		}
	})
}
