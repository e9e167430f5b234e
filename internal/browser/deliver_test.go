package browser

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/client"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/protocol"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// bucketCreated is OSS's event, made with the SDK.
func bucketCreated(t *testing.T, id, bucket string) event.Event {
	t.Helper()
	e := event.New()
	e.SetID(id)
	e.SetSource("acs.oss")
	e.SetType("oss:BucketCreated:PutBucket")
	e.SetSubject("acs:oss:cn-hangzhou:1234567890123456:" + bucket)
	e.SetExtension("aliyunregionid", "cn-hangzhou")
	data := map[string]any{"region": "cn-hangzhou", "oss": map[string]any{"bucket": map[string]any{"name": bucket}}}
	if err := e.SetData(event.ApplicationJSON, data); err != nil {
		t.Fatal(err)
	}
	return e
}

// The SDK's own client delivers in every mode, through the HTTP trigger and
// directly, and each delivery encrypts its bucket.
func TestEvents_TheSDKsClientDelivers(t *testing.T) {
	for _, way := range []string{"Trigger", "Direct"} {
		t.Run(way, func(t *testing.T) {
			at := start(t)
			address := at.Trigger
			if way == "Direct" {
				address = at.Direct
			}
			sends := map[string]func(*testing.T, event.Event){
				"legacy-exports":      func(t *testing.T, e event.Event) { send(t, binding.WithForceBinary(t.Context()), address, e) },
				"marketing-images":    func(t *testing.T, e event.Event) { send(t, binding.WithForceStructured(t.Context()), address, e) },
				"temp-migration-2024": func(t *testing.T, e event.Event) { sendBatch(t, address, e, bucketCreated(t, "other", "app-assets")) },
			}
			for bucket, deliver := range sends {
				if got := verdict(t, address, bucket); got != "would_fix" {
					t.Fatalf("%s is %s at first", bucket, got)
				}
				deliver(t, bucketCreated(t, "id-"+bucket, bucket))
				if got := verdict(t, address, bucket); got != "compliant" {
					t.Errorf("%s is %s after the delivery", bucket, got)
				}
			}
		})
	}
}

func send(t *testing.T, ctx context.Context, address string, e event.Event) {
	t.Helper()
	c, err := client.NewHTTP(cehttp.WithTarget(address + "/events"))
	if err != nil {
		t.Fatal(err)
	}
	if result := c.Send(ctx, e); !protocol.IsACK(result) {
		t.Errorf("the client was told %v", result)
	}
}

func sendBatch(t *testing.T, address string, events ...event.Event) {
	t.Helper()
	req, err := cehttp.NewHTTPRequestFromEvents(t.Context(), address+"/events", events)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var answer struct{ Results []json.RawMessage }
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || len(answer.Results) != len(events) {
		t.Errorf("%d %s: %v", resp.StatusCode, body, err)
	}
}

// verdict asks for the rule of a bucket.
func verdict(t *testing.T, address, bucket string) string {
	t.Helper()
	var answer struct{ Verdict string }
	if err := json.Unmarshal([]byte(fetch(t, address+"/buckets/"+bucket+"/encryption")), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Verdict
}
