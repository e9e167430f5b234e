package stack

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is a CloudEvent as EventBridge delivers it.
type Event map[string]any

// envelope fills what all of them have in common.
func envelope(kind, id, bucket, region string, data map[string]any) Event {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	return Event{
		"specversion":             "1.0",
		"id":                      id,
		"source":                  "acs.oss",
		"type":                    kind,
		"subject":                 fmt.Sprintf("acs:oss:%s:%s:%s", region, Account, bucket),
		"time":                    now,
		"datacontenttype":         "application/json;charset=utf-8",
		"aliyunaccountid":         Account,
		"aliyunoriginalaccountid": Account,
		"aliyunregionid":          region,
		"aliyuneventbusname":      "default",
		"aliyunpublishtime":       now,
		"data":                    data,
	}
}

const bucketCreated = "oss:BucketCreated:PutBucket"

// BucketCreated is OSS's own event for a new bucket.
func BucketCreated(id, bucket, region string) Event {
	return envelope(bucketCreated, id, bucket, region, map[string]any{
		"eventVersion":     "1.0",
		"eventSource":      "acs:oss",
		"eventName":        "BucketCreated:PutBucket",
		"region":           region,
		"responseElements": map[string]any{"requestId": id},
		"oss": map[string]any{
			"ossSchemaVersion": "1.0",
			"bucket": map[string]any{
				"name":          bucket,
				"arn":           fmt.Sprintf("acs:oss:%s:%s:%s", region, Account, bucket),
				"ownerIdentity": Account,
			},
		},
	})
}

// isCreation reports whether a bucket was created.
func (e Event) isCreation() bool { return e["type"] == bucketCreated }

// Call is ActionTrail's event for an API call on a bucket, such as
// DeleteBucketEncryption.
func Call(id, eventName, bucket, region, userAgent string) Event {
	return envelope("oss:ActionTrail:ApiCall", "at-"+strings.ToLower(id), bucket, region, map[string]any{
		"eventId":             id,
		"eventVersion":        1,
		"eventType":           "ApiCall",
		"eventName":           eventName,
		"serviceName":         "Oss",
		"acsRegion":           region,
		"requestId":           id,
		"userAgent":           userAgent,
		"userIdentity":        map[string]any{"type": "ram-user", "userName": "alice", "accountId": Account},
		"referencedResources": map[string]any{"ACS::OSS::Bucket": []string{bucket}},
	})
}

// JSON returns the event as it goes over the wire.
func (e Event) JSON() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return b
}
