package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"bucketwarden/ossenc/alicloud"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

// plain makes the calls of a sweep and nothing else, at once as many as a sweep
// makes at the most: what they cost, every sweep costs. It returns how many
// buckets have a rule.
func plain(ctx context.Context, at alicloud.Endpoint, transport *http.Transport) (int, error) {
	client := oss.NewClient(oss.LoadDefaultConfig().WithRegion("cn-hangzhou").WithEndpoint(at.URL).WithUsePathStyle(at.PathStyle).
		WithHttpClient(&http.Client{Transport: transport}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider("LTAIbench", "bench-secret")))
	var ruled atomic.Int64
	errs := make([]error, 65)
	var workers sync.WaitGroup
	names := make(chan string, 1000) // a page: the next one is on its way while this one is worked on
	for i := range errs[1:] {
		workers.Go(func() {
			for name := range names {
				out, err := client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: &name})
				if err == nil && out.ServerSideEncryptionRule != nil {
					ruled.Add(1)
				}
				errs[1+i] = errors.Join(errs[1+i], err)
			}
		})
	}
	pages := client.NewListBucketsPaginator(&oss.ListBucketsRequest{MaxKeys: 1000})
	for pages.HasNext() && errs[0] == nil {
		var page *oss.ListBucketsResult
		if page, errs[0] = pages.NextPage(ctx); errs[0] == nil {
			for _, b := range page.Buckets {
				names <- *b.Name
			}
		}
	}
	close(names)
	workers.Wait()
	return int(ruled.Load()), errors.Join(errs...)
}
