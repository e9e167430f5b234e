// Package job is the job done the plain way, with the OSS SDK as its samples use
// it: what the baseline put does for one event, and the benchmark beside ours.
package job

import (
	"context"
	"errors"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// Event is oss:BucketCreated:PutBucket, as far as it is needed.
type Event struct {
	Data struct {
		OSS struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
		} `json:"oss"`
	} `json:"data"`
}

// Do reads the bucket's rule and, where there is none, writes AES256 and reads it
// back. Errors are the SDK's.
func Do(ctx context.Context, client *oss.Client, e Event) error {
	bucket := &e.Data.OSS.Bucket.Name
	_, err := client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})
	if err == nil {
		return nil
	}
	if serr, ok := errors.AsType[*oss.ServiceError](err); !ok || serr.Code != "NoSuchServerSideEncryptionRule" {
		return err
	}
	_, err = client.PutBucketEncryption(ctx, &oss.PutBucketEncryptionRequest{
		Bucket: bucket,
		ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &oss.ApplyServerSideEncryptionByDefault{SSEAlgorithm: new("AES256")},
		},
	})
	if err != nil {
		return err
	}
	_, err = client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})
	return err
}
