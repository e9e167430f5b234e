package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bucketwarden/ossenc"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// Get reads the bucket's rule (GetBucketEncryption). A bucket without one gives
// the zero Rule: OSS says so with 404 NoSuchServerSideEncryptionRule, and no
// other answer means it.
func (c *Client) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return c.follow(ctx, "GetBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: &b.Name})
		if err != nil {
			if serr, ok := errors.AsType[*oss.ServiceError](err); ok && serr.StatusCode == http.StatusNotFound && serr.Code == "NoSuchServerSideEncryptionRule" {
				return ossenc.Observation{RequestID: shownID(serr.RequestID)}, nil
			}
			return ossenc.Observation{}, err
		}
		a := ossenc.Observation{RequestID: ossRequestID(out.Headers)}
		a.Rule, err = ruleFrom(out.ServerSideEncryptionRule)
		if err != nil {
			return a, &ossenc.Error{Code: ossenc.Unrecognized, RequestID: a.RequestID, Message: err.Error()}
		}
		return a, nil
	})
}

// ruleFrom returns the rule that an answer holds. Each value is checked for its form
// first, because it becomes part of results and messages.
func ruleFrom(sse *oss.ServerSideEncryptionRule) (ossenc.Rule, error) {
	if sse == nil || sse.ApplyServerSideEncryptionByDefault == nil {
		return ossenc.Rule{}, errors.New("OSS answered without a rule and without saying that there is none")
	}
	d := sse.ApplyServerSideEncryptionByDefault
	algorithm, keyID, data := deref(d.SSEAlgorithm), deref(d.KMSMasterKeyID), deref(d.KMSDataEncryption)
	for name, value := range map[string]string{"SSEAlgorithm": algorithm, "KMSDataEncryption": data} {
		if value != field(value, 40, "/_-+.:") {
			return ossenc.Rule{}, fmt.Errorf("OSS reports a value of %s that is none of its values (%d bytes)", name, len(value))
		}
	}
	if keyID != field(keyID, 255, "/_:.-") {
		return ossenc.Rule{}, fmt.Errorf("OSS reports a KMS key ID with characters that no key ID has (%d bytes)", len(keyID))
	}
	return ossenc.ObservedRule(algorithm, keyID, data)
}

// Put replaces the bucket's rule (PutBucketEncryption).
func (c *Client) Put(ctx context.Context, b ossenc.Bucket, r ossenc.Rule) (ossenc.Observation, error) {
	req := &oss.PutBucketEncryptionRequest{
		Bucket: &b.Name,
		ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &oss.ApplyServerSideEncryptionByDefault{
				SSEAlgorithm:      &r.Algorithm,
				KMSMasterKeyID:    ref(r.KMSKeyID),
				KMSDataEncryption: ref(r.KMSDataEncryption),
			},
		},
	}
	return c.callHere(ctx, "PutBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.PutBucketEncryption(ctx, req, noRetry)
		if err != nil {
			return ossenc.Observation{}, err
		}
		return ossenc.Observation{Rule: r, RequestID: ossRequestID(out.Headers)}, nil
	})
}

// Delete removes the bucket's rule (DeleteBucketEncryption). It succeeds where
// there is none.
func (c *Client) Delete(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return c.callHere(ctx, "DeleteBucketEncryption", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.DeleteBucketEncryption(ctx, &oss.DeleteBucketEncryptionRequest{Bucket: &b.Name}, noRetry)
		if err != nil {
			return ossenc.Observation{}, err
		}
		return ossenc.Observation{RequestID: ossRequestID(out.Headers)}, nil
	})
}

// Tags reads the bucket's tags (GetBucketTags; the RAM action is
// oss:GetBucketTagging). A bucket without tags gives an empty map.
func (c *Client) Tags(ctx context.Context, b ossenc.Bucket) (map[string]string, error) {
	tags := map[string]string{}
	_, err := c.follow(ctx, "GetBucketTags", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.GetBucketTags(ctx, &oss.GetBucketTagsRequest{Bucket: &b.Name})
		if err != nil {
			return ossenc.Observation{}, err
		}
		if out.Tagging == nil { // no tags are an empty Tagging; without one it is not an answer
			return ossenc.Observation{}, &ossenc.Error{Code: ossenc.Unavailable, Message: "an answer that is not OSS's tags", RequestID: ossRequestID(out.Headers)}
		}
		if out.Tagging.TagSet != nil {
			for _, t := range out.Tagging.TagSet.Tags {
				if inUse.Holds(deref(t.Key)) || inUse.Holds(deref(t.Value)) {
					return ossenc.Observation{}, &ossenc.Error{Code: ossenc.Unavailable, Message: "tags that repeat a part of the request"}
				}
				tags[deref(t.Key)] = deref(t.Value)
			}
		}
		return ossenc.Observation{}, nil
	})
	if err != nil {
		return nil, err
	}
	return tags, nil
}

// Stat is how much a bucket holds, as OSS counts it about once an hour.
type Stat struct {
	// Objects are the current objects, of all storage classes; Bytes their size.
	Objects, Bytes int64
	// Counted is when OSS counted.
	Counted time.Time
}

// Stat returns what OSS counted last (GetBucketStat).
func (c *Client) Stat(ctx context.Context, b ossenc.Bucket) (Stat, error) {
	var s Stat
	_, err := c.follow(ctx, "GetBucketStat", b, func(cl *oss.Client) (ossenc.Observation, error) {
		out, err := cl.GetBucketStat(ctx, &oss.GetBucketStatRequest{Bucket: &b.Name})
		if err == nil {
			s = Stat{Objects: out.ObjectCount, Bytes: out.Storage, Counted: time.Unix(out.LastModifiedTime, 0).UTC()}
		}
		return ossenc.Observation{}, err
	})
	return s, err
}
