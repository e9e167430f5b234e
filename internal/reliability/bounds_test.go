package reliability_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/internal/local/stack"
)

// worstSize is how large each of the worst payloads is, and worstPeak what the process
// may have resident after all of them, in KB: half of what the function has.
const (
	worstSize = 1 << 20
	worstPeak = 64 << 10
)

// fill repeats s, with commas between, up to worstSize.
func fill(s string) string {
	return strings.TrimSuffix(strings.Repeat(s+",", worstSize/(len(s)+1)), ",")
}

func inText(s string) string {
	b, _ := json.Marshal(s) // strings always encode
	return string(b)
}

// each calls element with a number until worstSize is reached, with commas between.
func each(element func(int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < worstSize; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(element(i))
	}
	return b.String()
}

// worstPayloads are those of which much could come: elements, buckets, attributes,
// texts that grow where they are escaped.
func worstPayloads() map[string]string {
	event := func(kind, id, data string) string {
		return `{"specversion":"1.0","source":"acs.oss","type":"` + kind + `","id":"` + id + `","data":` + data + `}`
	}
	groups := func(size int) string {
		group := "[" + strings.TrimSuffix(strings.Repeat("0,", size), ",") + "]"
		return "[" + fill(group) + "]"
	}
	record := func(call string, i, names int) string {
		var all []string
		for j := range names {
			all = append(all, fmt.Sprintf(`"b-%d-%d"`, i, j))
		}
		return event("oss:ActionTrail:ApiCall", fmt.Sprint(i), `{"serviceName":"Oss","eventName":"`+call+`","referencedResources":{"ACS::OSS::Bucket":[`+strings.Join(all, ",")+`]}}`)
	}
	return map[string]string{
		"Zeros":          "[" + fill("0") + "]",
		"NestedZeros":    groups(9999),
		"NestedDeeply":   "[[" + groups(9999) + "]]",
		"PairsOfZeros":   groups(2),
		"EmptyArrays":    "[" + fill("[]") + "]",
		"EmptyObjects":   "[" + fill("{}") + "]",
		"EmptyTexts":     "[" + fill(`""`) + "]",
		"NestedInText":   "[" + inText(groups(500)) + "]",
		"QueueText":      event("mq:Topic:SendMessage", "q", `{"body":`+inText(groups(9999))+`}`),
		"QueueObject":    event("mq:Topic:SendMessage", "q", `{"body":`+groups(9999)+`}`),
		"QueueBase64":    event("mq:Topic:SendMessage", "q", `{"body":"`+base64.StdEncoding.EncodeToString([]byte(groups(9999)[:worstSize*3/4-9999]))+`"}`),
		"EventsList":     `{"events":[` + fill("{}") + `]}`,
		"Attributes":     `{"specversion":"1.0",` + each(func(i int) string { return fmt.Sprintf(`"a%d":1`, i) }) + `}`,
		"OddAttributes":  `{"specversion":"1.0",` + each(func(i int) string { return fmt.Sprintf(`"-%d":{}`, i) }) + `}`,
		"LongID":         event("x", strings.Repeat("<", worstSize), "{}"),
		"LongIDs":        "[" + each(func(i int) string { return event(strings.Repeat("<", 200), strings.Repeat("&", 200), "1") }) + "]",
		"BucketsOfOne":   record("PutBucketEncryption", 0, worstSize/10),
		"BucketsOfMany":  "[" + each(func(i int) string { return record("PutBucketAcl", i, 900) }) + "]",
		"DeepData":       event("oss:BucketCreated:PutBucket", "1", strings.Repeat("[", worstSize/2)+strings.Repeat("]", worstSize/2)),
		"AtTheBound":     "[" + strings.Repeat("0,", 9999) + "0]",
		"Checks":         "[" + record("PutBucketEncryption", 1, 900) + "," + record("PutBucketEncryption", 2, 900) + "]",
		"SmallEvents":    "[" + fill(event("oss:BucketRemoved:DeleteBucket", "1", "1")) + "]",
		"ConfigRule":     `{"resultToken":"` + strings.Repeat("x", worstSize) + `","invokingEvent":{}}`,
		"Action":         `{"action":"` + strings.Repeat("<", worstSize) + `"}`,
		"TimerOfMembers": `{"triggerName":"t","triggerTime":"t","payload":` + inText(`{`+each(func(i int) string { return fmt.Sprintf(`"%d":1`, i) })[:worstSize/2]+`"x":1}`) + `}`,
		"HTTPEvents":     `{"version":"v1","rawPath":"/events","requestContext":{"http":{"method":"POST"}},"body":` + inText(groups(9999)) + `}`,
	}
}

// However a payload of 1 MB is made, the process stays below half of the function's
// memory, and answers. One process gets all of them, because what counts is its peak.
func TestTheWorstPayloadFitsIntoTheMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of memory is read from /proc")
	}
	plain, err := stack.Build(t.Context(), "../..", t.TempDir()) // the race detector's memory is its own
	if err != nil {
		t.Fatal(err)
	}
	payloads := worstPayloads()
	for _, rt := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run(rt, func(t *testing.T) {
			m := start(t, plain, rt)
			last := 0
			for _, name := range slices.Sorted(maps.Keys(payloads)) {
				res, err := m.Function.Invoke(t.Context(), []byte(payloads[name]))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				peak := sampleOf(t, m.Function.PID()).peak
				if peak > worstPeak {
					t.Errorf("%s: a peak of %d KB, more than %d; before it %d", name, peak, worstPeak, last)
				}
				if len(res.Payload) > 8<<20 || len(res.Log) > 8<<20 {
					t.Errorf("%s: an answer of %d bytes and %d of log", name, len(res.Payload), len(res.Log))
				}
				t.Logf("%-15s payload %7d, answer %7d, log %7d, peak %6d KB", name, len(payloads[name]), len(res.Payload), len(res.Log), peak)
				last = peak
			}
		})
	}
}
