// Command delete is how one removes the default encryption rule of a bucket with OSS's SDK
// for Go: what docs/command.md shows beside "bucketwarden rule". Keys come from
// OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, requests are signed with V4.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

func main() {
	region := flag.String("region", "", "region")
	endpoint := flag.String("endpoint", "", "endpoint")
	bucket := flag.String("bucket", "", "bucket")
	flag.Parse()
	cfg := oss.LoadDefaultConfig().WithRegion(*region).WithEndpoint(*endpoint).WithUsePathStyle(true).
		WithCredentialsProvider(credentials.NewEnvironmentVariableCredentialsProvider())
	client := oss.NewClient(cfg)
	_, err := client.DeleteBucketEncryption(context.TODO(), &oss.DeleteBucketEncryptionRequest{Bucket: bucket})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("removed")
}
