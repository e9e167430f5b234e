package stack

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	localtrail "bucketwarden/internal/local/actiontrail"
	localoss "bucketwarden/internal/local/oss"
)

// EventBridge delivers what happens in the local OSS to the function, as the
// rules in s.yaml do: OSS's own event for a new bucket, and ActionTrail's for
// each successful call that the rules name.
type EventBridge struct {
	// URL is the function's InvokeFunction address.
	URL string
	// OSS knows the region of a bucket.
	OSS *localoss.Server
	// Trail is ActionTrail, whose records these are.
	Trail *localtrail.Server
	// Failed receives the reason why an event could not be delivered.
	Failed func(error)
}

// Call takes one entry of the audit trail. Delivery is asynchronous, as the
// platform's is: retried there if the function fails.
func (e *EventBridge) Call(r localoss.Request) {
	if _, events := changeOf(r); events == 0 || r.Status/100 != 2 {
		return
	}
	region := r.Region
	if b, ok := e.OSS.Bucket(r.Bucket); ok {
		region = b.Region
	}
	if r.Operation == "PutBucket" {
		e.deliver(BucketCreated(r.RequestID, r.Bucket, region))
	}
	e.deliver(e.recorded(r, region))
}

// isOwn reports whether the function made the call: only it has temporary keys.
func isOwn(r localoss.Request) bool { return strings.HasPrefix(r.AccessKeyID, "STS.") }

// recorded is the call's ActionTrail event: the same record that LookupEvents answers
// with later.
func (e *EventBridge) recorded(r localoss.Request, region string) Event {
	ev := Call(r.RequestID, r.Operation, r.Bucket, region, r.UserAgent)
	if record := e.Trail.Record(r.RequestID); record != nil {
		ev["data"] = record
	}
	return ev
}

func (e *EventBridge) deliver(ev Event) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, e.URL, bytes.NewReader(ev.JSON()))
	if err == nil {
		req.Header.Set("X-Fc-Invocation-Type", "Async")
		var resp *http.Response
		if resp, err = http.DefaultClient.Do(req); err == nil {
			err = resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				err = fmt.Errorf("event %s: the function's front door answered %s", ev["id"], resp.Status)
			}
		}
	}
	if err != nil {
		e.Failed(err)
	}
}
