// Command sdk2 does every row with the Go SDK v2, unchanged but for the endpoint.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"clients/rows"
)

var (
	ctx    = context.Background()
	client = oss.NewClient(config(rows.Endpoint))
	name   = rows.Bucket + "-main"
)

func config(endpoint string) *oss.Config {
	return oss.LoadDefaultConfig().WithEndpoint(endpoint).WithRegion(rows.Region).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(rows.KeyID, rows.Secret))
}

func main() {
	rows.Run("create a bucket", func() error { return create(name, nil) })
	rows.Run("create with a rule", createWithRule)
	rows.Run("create with ACL and redundancy", createZRS)
	rows.Run("set and read every rule", everyRule)
	rows.Run("wrong rules are refused", wrongRules)
	rows.Run("remove the rule", removeRule)
	rows.Run("bucket info", info)
	rows.Run("list buckets, page by page", listBuckets)
	rows.Run("list buckets by tag", listByTag)
	rows.Run("location", location)
	rows.Run("bucket tags", tags)
	rows.Run("does a bucket exist", exists)
	rows.Run("bucket ACL", acl)
	rows.Run("statistics", stat)
	rows.Run("versioning status", versioning)
	rows.Run("regions", regions)
	rows.Run("upload without a rule", func() error { return upload(&oss.PutObjectRequest{Key: oss.Ptr("plain")}, "", "") })
	rows.Run("upload takes the rule", uploadTakesRule)
	rows.Run("upload with encryption of its own", func() error {
		return upload(&oss.PutObjectRequest{Key: oss.Ptr("own"), ServerSideEncryption: oss.Ptr("SM4")}, "SM4", "")
	})
	rows.Run("upload fails with a key that is unknown or disabled", badKeys)
	rows.Run("download, whole and in part", download)
	rows.Run("list objects, page by page", listObjects)
	rows.Run("copy encrypts an old object", copyObject)
	rows.Run("multipart upload", multipart)
	rows.Run("signed URL", signedURL)
	rows.Run("delete objects, one and many", deleteObjects)
	rows.Run("delete a bucket", deleteBucket)
	rows.Run("V1 signature is refused with the line to change", v1Refused)
	rows.Run("another region's bucket", wrongRegion)
	rows.Run("absent operations fail at once", absent)
	rows.Run("HTTPS with the local authority", secure)
}

func create(bucket string, headers map[string]string) error {
	return second(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: &bucket, RequestCommon: oss.RequestCommon{Headers: headers}}))
}

func second[T any](_ T, err error) error { return err }

// refused checks the code of an error of OSS.
func refused(err error, code string) error {
	var service *oss.ServiceError
	if !errors.As(err, &service) {
		return rows.Want("the error", err, code)
	}
	return rows.Want("the code", service.Code, code)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func setRule(algorithm, key, data string) error {
	return second(client.PutBucketEncryption(ctx, &oss.PutBucketEncryptionRequest{Bucket: &name, ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{
		ApplyServerSideEncryptionByDefault: &oss.ApplyServerSideEncryptionByDefault{
			SSEAlgorithm: &algorithm, KMSMasterKeyID: optional(key), KMSDataEncryption: optional(data),
		},
	}}))
}

func deleteRule() error {
	return second(client.DeleteBucketEncryption(ctx, &oss.DeleteBucketEncryptionRequest{Bucket: &name}))
}

// ruleIs reads the rule of a bucket: algorithm, key, data algorithm.
func ruleIs(bucket string, want ...string) error {
	got, err := client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: &bucket})
	if err != nil {
		return err
	}
	r := got.ServerSideEncryptionRule.ApplyServerSideEncryptionByDefault
	return rows.Want("the rule", []string{oss.ToString(r.SSEAlgorithm), oss.ToString(r.KMSMasterKeyID), oss.ToString(r.KMSDataEncryption)}, want)
}

func createWithRule() error {
	err := create(name+"-rule", map[string]string{
		"x-oss-server-side-encryption": "KMS", "x-oss-server-side-data-encryption": "SM4", "x-oss-server-side-encryption-key-id": "key-1",
	})
	return rows.First(err, ruleIs(name+"-rule", "KMS", "key-1", "SM4"))
}

func createZRS() error {
	err := second(client.PutBucket(ctx, &oss.PutBucketRequest{
		Bucket: oss.Ptr(name + "-zrs"), Acl: oss.BucketACLPublicRead,
		CreateBucketConfiguration: &oss.CreateBucketConfiguration{StorageClass: oss.StorageClassIA, DataRedundancyType: oss.DataRedundancyZRS},
	}))
	if err != nil {
		return err
	}
	got, err := client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: oss.Ptr(name + "-zrs")})
	if err != nil {
		return err
	}
	b := got.BucketInfo
	return rows.First(rows.Want("redundancy", *b.DataRedundancyType, "ZRS"), rows.Want("ACL", *b.ACL, "public-read"), rows.Want("class", *b.StorageClass, "IA"),
		refused(create(name+"-no", map[string]string{"x-oss-acl": "foo"}), "InvalidArgument"))
}

func everyRule() error {
	for _, r := range [][]string{{"AES256", "", ""}, {"KMS", "", ""}, {"KMS", "key-1", ""}, {"KMS", "key-1", "SM4"}, {"SM4", "", ""}} {
		if err := rows.First(setRule(r[0], r[1], r[2]), ruleIs(name, r...)); err != nil {
			return err
		}
	}
	return nil
}

func wrongRules() error {
	return rows.First(
		refused(setRule("AES256", "key-1", ""), "InvalidArgument"),
		refused(setRule("DES", "", ""), "InvalidEncryptionAlgorithmError"),
		refused(setRule("KMS", "", "abc"), "InvalidDataEncryptionAlgorithmError"))
}

func removeRule() error {
	return rows.First(deleteRule(), deleteRule(), refused(ruleIs(name), "NoSuchServerSideEncryptionRule"))
}

// info dereferences every member, as the vendor's own test does.
func info() error {
	got, err := client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: &name})
	if err != nil {
		return err
	}
	b := got.BucketInfo
	all := fmt.Sprint(*b.Name, *b.AccessMonitor, *b.Location, *b.CreationDate, *b.ExtranetEndpoint, *b.IntranetEndpoint, *b.ACL,
		*b.DataRedundancyType, *b.Owner.ID, *b.Owner.DisplayName, *b.StorageClass, *b.ResourceGroupId, *b.SseRule.SSEAlgorithm,
		*b.CrossRegionReplication, *b.TransferAcceleration, *b.BlockPublicAccess, *b.BucketPolicy.LogBucket, *b.BucketPolicy.LogPrefix, *b.Comment)
	return rows.First(rows.Want("the name", *b.Name, name), rows.Want("rule", *b.SseRule.SSEAlgorithm, ""), rows.Want("all", len(all) > 100, true))
}

func listBuckets() error {
	var found []string
	pages := client.NewListBucketsPaginator(&oss.ListBucketsRequest{Prefix: &name, MaxKeys: 1})
	for pages.HasNext() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, b := range page.Buckets {
			found = append(found, *b.Name+*b.Region)
		}
	}
	return rows.Want("the list", found, []string{name + rows.Region, name + "-rule" + rows.Region, name + "-zrs" + rows.Region})
}

func setTags(tags ...oss.Tag) error {
	return second(client.PutBucketTags(ctx, &oss.PutBucketTagsRequest{Bucket: &name, Tagging: &oss.Tagging{TagSet: &oss.TagSet{Tags: tags}}}))
}

func tag(key, value string) oss.Tag { return oss.Tag{Key: &key, Value: &value} }

func listByTag() error {
	if err := setTags(tag("team", "v2"), tag("env", "test")); err != nil {
		return err
	}
	for _, request := range []*oss.ListBucketsRequest{
		{TagKey: oss.Ptr("team"), TagValue: oss.Ptr("v2")}, {TagKey: oss.Ptr("team")}, {Tagging: oss.Ptr(`"team":"v2","env":"test"`)},
	} {
		page, err := client.ListBuckets(ctx, request)
		if err != nil {
			return err
		}
		if err := rows.First(rows.Want("found", len(page.Buckets), 1), rows.Want("the bucket", *page.Buckets[0].Name, name)); err != nil {
			return err
		}
	}
	page, err := client.ListBuckets(ctx, &oss.ListBucketsRequest{Tagging: oss.Ptr(`"team":"v2","env":"other"`), RequestCommon: oss.RequestCommon{Parameters: map[string]string{"regionList": ""}}})
	return rows.First(err, rows.Want("found", len(page.Buckets), 0))
}

func location() error {
	got, err := client.GetBucketLocation(ctx, &oss.GetBucketLocationRequest{Bucket: &name})
	if err != nil {
		return err
	}
	return rows.Want("the location", *got.LocationConstraint, "oss-"+rows.Region)
}

func tags() error {
	if err := setTags(tag("env", "prod"), tag("team", "a & b")); err != nil {
		return err
	}
	got, err := client.GetBucketTags(ctx, &oss.GetBucketTagsRequest{Bucket: &name})
	if err != nil {
		return err
	}
	set := got.Tagging.TagSet.Tags
	return rows.First(rows.Want("tags", len(set), 2), rows.Want("the value", *set[1].Value, "a & b"),
		second(client.DeleteBucketTags(ctx, &oss.DeleteBucketTagsRequest{Bucket: &name})))
}

func exists() error {
	yes, err := client.IsBucketExist(ctx, name)
	no, err2 := client.IsBucketExist(ctx, name+"-never")
	return rows.First(err, err2, rows.Want("there", yes, true), rows.Want("absent", no, false))
}

func acl() error {
	put := func(acl oss.BucketACLType) error {
		return second(client.PutBucketAcl(ctx, &oss.PutBucketAclRequest{Bucket: &name, Acl: acl}))
	}
	if err := put(oss.BucketACLPublicRead); err != nil {
		return err
	}
	got, err := client.GetBucketAcl(ctx, &oss.GetBucketAclRequest{Bucket: &name})
	if err != nil {
		return err
	}
	return rows.First(rows.Want("the ACL", *got.ACL, "public-read"), put(oss.BucketACLPrivate))
}

func stat() error {
	got, err := client.GetBucketStat(ctx, &oss.GetBucketStatRequest{Bucket: &name})
	if err != nil {
		return err
	}
	return rows.Want("objects", got.ObjectCount, 0)
}

func versioning() error {
	got, err := client.GetBucketVersioning(ctx, &oss.GetBucketVersioningRequest{Bucket: &name})
	if err != nil {
		return err
	}
	return rows.Want("the status", oss.ToString(got.VersionStatus), "")
}

func regions() error {
	got, err := client.DescribeRegions(ctx, &oss.DescribeRegionsRequest{Regions: oss.Ptr("oss-" + rows.Region)})
	if err != nil {
		return err
	}
	return rows.First(rows.Want("regions", len(got.RegionInfoList.RegionInfos), 1),
		rows.Want("the endpoint", *got.RegionInfoList.RegionInfos[0].InternetEndpoint, "oss-cn-hangzhou.aliyuncs.com"))
}

func head(key string) (*oss.HeadObjectResult, error) {
	return client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: &name, Key: &key})
}

// encrypted checks what a HEAD says.
func encrypted(key, algorithm, kmsKey string) error {
	got, err := head(key)
	if err != nil {
		return err
	}
	return rows.First(rows.Want("encryption", oss.ToString(got.ServerSideEncryption), algorithm),
		rows.Want("the key", oss.ToString(got.ServerSideEncryptionKeyId), kmsKey))
}

func upload(r *oss.PutObjectRequest, algorithm, kmsKey string) error {
	r.Bucket, r.Body = &name, strings.NewReader("text of "+*r.Key)
	done, err := client.PutObject(ctx, r)
	if err != nil {
		return err
	}
	return rows.First(rows.Want("answered", done.Headers.Get("x-oss-server-side-encryption"), algorithm), encrypted(*r.Key, algorithm, kmsKey))
}

func uploadTakesRule() error {
	for _, c := range []struct{ algorithm, key, answered string }{
		{"AES256", "", ""}, {"SM4", "", ""}, {"KMS", "key-1", "key-1"}, {"KMS", "", "key-made-by-oss-cn-hangzhou"},
	} {
		if err := rows.First(setRule(c.algorithm, c.key, ""), upload(&oss.PutObjectRequest{Key: oss.Ptr("by-rule")}, c.algorithm, c.answered)); err != nil {
			return err
		}
	}
	return encrypted("plain", "", "")
}

func badKeys() error {
	for key, code := range map[string]string{"test_wrong": "KeyNotFound", "key-disabled": "KeyDisabled", "key-deleting": "KeyPendingDeletion"} {
		if err := rows.First(setRule("KMS", key, ""), refused(upload(&oss.PutObjectRequest{Key: oss.Ptr("refused")}, "", ""), code)); err != nil {
			return err
		}
	}
	return deleteRule()
}

func read(r *oss.GetObjectRequest) (string, error) {
	r.Bucket = &name
	got, err := client.GetObject(ctx, r)
	if err != nil {
		return "", err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	return string(b), err
}

func download() error {
	whole, err := read(&oss.GetObjectRequest{Key: oss.Ptr("plain")})
	some, err2 := read(&oss.GetObjectRequest{Key: oss.Ptr("plain"), Range: oss.Ptr("bytes=5-6")})
	_, err3 := read(&oss.GetObjectRequest{Key: oss.Ptr("nothing")})
	_, err4 := head("nothing") // the code comes in a header
	yes, err5 := client.IsObjectExist(ctx, name, "plain")
	return rows.First(err, err2, err5, rows.Want("whole", whole, "text of plain"), rows.Want("a part", some, "of"),
		refused(err3, "NoSuchKey"), refused(err4, "NoSuchKey"), rows.Want("exists", yes, true))
}

func listObjects() error {
	for _, key := range []string{"list/a", "list/b & c", "list/d/e"} {
		if err := upload(&oss.PutObjectRequest{Key: &key}, "", ""); err != nil {
			return err
		}
	}
	var first, second []string
	pages := client.NewListObjectsPaginator(&oss.ListObjectsRequest{Bucket: &name, Prefix: oss.Ptr("list/"), Delimiter: oss.Ptr("/"), MaxKeys: 1})
	for pages.HasNext() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			first = append(first, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			first = append(first, *p.Prefix)
		}
	}
	more := client.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{Bucket: &name, Prefix: oss.Ptr("list/"), MaxKeys: 2})
	for more.HasNext() {
		page, err := more.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			second = append(second, *o.Key)
		}
	}
	return rows.First(rows.Want("version 1", first, []string{"list/a", "list/b & c", "list/d/"}),
		rows.Want("version 2", second, []string{"list/a", "list/b & c", "list/d/e"}))
}

func copyObject() error {
	if err := setRule("AES256", "", ""); err != nil {
		return err
	}
	if err := second(client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: &name, Key: oss.Ptr("plain"), SourceKey: oss.Ptr("plain")})); err != nil {
		return err
	}
	text, err := read(&oss.GetObjectRequest{Key: oss.Ptr("plain")})
	return rows.First(err, encrypted("plain", "AES256", ""), rows.Want("the text", text, "text of plain"), deleteRule())
}

func multipart() error {
	begun, err := client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{Bucket: &name, Key: oss.Ptr("large"), ServerSideEncryption: oss.Ptr("AES256")})
	if err != nil {
		return err
	}
	var parts []oss.UploadPart
	for i, body := range [][]byte{rows.Part, []byte("end")} {
		part, err := client.UploadPart(ctx, &oss.UploadPartRequest{Bucket: &name, Key: oss.Ptr("large"), UploadId: begun.UploadId, PartNumber: int32(i + 1), Body: bytes.NewReader(body)})
		if err != nil {
			return err
		}
		parts = append(parts, oss.UploadPart{PartNumber: int32(i + 1), ETag: part.ETag})
	}
	under, err := client.ListMultipartUploads(ctx, &oss.ListMultipartUploadsRequest{Bucket: &name})
	if err := rows.First(err, rows.Want("uploads", len(under.Uploads), 1)); err != nil {
		return err
	}
	if err := second(client.CompleteMultipartUpload(ctx, &oss.CompleteMultipartUploadRequest{
		Bucket: &name, Key: oss.Ptr("large"), UploadId: begun.UploadId, CompleteMultipartUpload: &oss.CompleteMultipartUpload{Parts: parts},
	})); err != nil {
		return err
	}
	text, err := read(&oss.GetObjectRequest{Key: oss.Ptr("large")})
	return rows.First(err, encrypted("large", "AES256", ""), rows.Want("length", len(text), len(rows.Part)+3))
}

func signedURL() error {
	signed, err := client.Presign(ctx, &oss.GetObjectRequest{Bucket: &name, Key: oss.Ptr("plain")}, oss.PresignExpires(time.Minute))
	if err != nil {
		return err
	}
	answer, err := http.Get(signed.URL)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return rows.First(err, rows.Want("the text", string(text), "text of plain"))
}

func deleteObjects() error {
	if err := second(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: &name, Key: oss.Ptr("plain")})); err != nil {
		return err
	}
	page, err := client.ListObjectsV2(ctx, &oss.ListObjectsV2Request{Bucket: &name, MaxKeys: 1000})
	if err != nil {
		return err
	}
	var objects []oss.DeleteObject
	for _, o := range page.Contents {
		objects = append(objects, oss.DeleteObject{Key: o.Key})
	}
	done, err := client.DeleteMultipleObjects(ctx, &oss.DeleteMultipleObjectsRequest{Bucket: &name, Objects: objects})
	if err != nil {
		return err
	}
	return rows.Want("deleted", len(done.DeletedObjects), len(objects))
}

func deleteBucket() error {
	drop := func(bucket string) error {
		return second(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: &bucket}))
	}
	if err := upload(&oss.PutObjectRequest{Key: oss.Ptr("last")}, "", ""); err != nil {
		return err
	}
	return rows.First(refused(drop(name), "BucketNotEmpty"),
		second(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: &name, Key: oss.Ptr("last")})),
		drop(name), drop(name+"-rule"), drop(name+"-zrs"), refused(drop(name), "NoSuchBucket"))
}

func v1Refused() error {
	_, err := oss.NewClient(config(rows.Endpoint).WithSignatureVersion(oss.SignatureVersionV1)).ListBuckets(ctx, nil)
	var service *oss.ServiceError
	if !errors.As(err, &service) || !strings.Contains(service.Message, "WithSignatureVersion") {
		return rows.Want("the error", err, "one with the line to change")
	}
	return nil
}

func wrongRegion() error { return refused(ruleIs("beijing-bucket"), "AccessDenied") }

func absent() error {
	lifecycle := func(bucket string) error {
		return second(client.GetBucketLifecycle(ctx, &oss.GetBucketLifecycleRequest{Bucket: &bucket}))
	}
	return rows.First(refused(lifecycle("demo-bucket"), "NotImplemented"), refused(lifecycle("never-created"), "NoSuchBucket"))
}

func secure() error {
	return second(oss.NewClient(config(rows.Secure)).ListBuckets(ctx, nil))
}
