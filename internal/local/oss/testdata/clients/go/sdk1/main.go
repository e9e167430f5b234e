// Command sdk1 does every row with the Go SDK v1, unchanged but for the endpoint.
package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"

	"clients/rows"
)

var (
	client = connect(rows.Endpoint, oss.AuthVersion(oss.AuthV4), oss.Region(rows.Region))
	name   = rows.Bucket + "-main"
)

func connect(endpoint string, options ...oss.ClientOption) *oss.Client {
	c, err := oss.New(endpoint, rows.KeyID, rows.Secret, options...)
	if err != nil {
		panic(err)
	}
	return c
}

func main() {
	rows.Run("create a bucket", func() error { return client.CreateBucket(name) })
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
	rows.Run("upload without a rule", func() error { return upload(name, "plain", "", "") })
	rows.Run("upload takes the rule", uploadTakesRule)
	rows.Run("upload with encryption of its own", ownEncryption)
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

func bucket(name string) *oss.Bucket {
	b, err := client.Bucket(name)
	if err != nil {
		panic(err)
	}
	return b
}

func rule(algorithm, key, data string) oss.ServerEncryptionRule {
	return oss.ServerEncryptionRule{SSEDefault: oss.SSEDefaultRule{SSEAlgorithm: algorithm, KMSMasterKeyID: key, KMSDataEncryption: data}}
}

func sameRule(got oss.GetBucketEncryptionResult, want oss.ServerEncryptionRule) error {
	want.SSEDefault.XMLName = got.SSEDefault.XMLName
	return rows.Want("the rule", got.SSEDefault, want.SSEDefault)
}

// refused checks the code of an error of OSS.
func refused(err error, code string) error {
	var service oss.ServiceError
	if !errors.As(err, &service) {
		return rows.Want("the error", err, code)
	}
	return rows.Want("the code", service.Code, code)
}

func createWithRule() error {
	err := client.CreateBucket(name+"-rule", oss.ServerSideEncryption("KMS"), oss.ServerSideDataEncryption("SM4"), oss.ServerSideEncryptionKeyID("key-1"))
	if err != nil {
		return err
	}
	got, err := client.GetBucketEncryption(name + "-rule")
	return rows.First(err, sameRule(got, rule("KMS", "key-1", "SM4")))
}

func createZRS() error {
	err := client.CreateBucket(name+"-zrs", oss.ACL(oss.ACLPublicRead), oss.RedundancyType(oss.RedundancyZRS), oss.StorageClass(oss.StorageIA))
	if err != nil {
		return err
	}
	got, err := client.GetBucketInfo(name + "-zrs")
	return rows.First(err, rows.Want("redundancy", got.BucketInfo.RedundancyType, "ZRS"),
		rows.Want("ACL", got.BucketInfo.ACL, "public-read"), rows.Want("class", got.BucketInfo.StorageClass, "IA"),
		refused(client.CreateBucket(name+"-no", oss.ACL("foo")), "InvalidArgument"))
}

func everyRule() error {
	for _, want := range []oss.ServerEncryptionRule{
		rule("AES256", "", ""), rule("KMS", "", ""), rule("KMS", "key-1", ""), rule("KMS", "key-1", "SM4"), rule("SM4", "", ""),
	} {
		if err := client.SetBucketEncryption(name, want); err != nil {
			return err
		}
		got, err := client.GetBucketEncryption(name)
		if err := rows.First(err, sameRule(got, want)); err != nil {
			return err
		}
	}
	return nil
}

func wrongRules() error {
	return rows.First(
		refused(client.SetBucketEncryption(name, rule("AES256", "key-1", "")), "InvalidArgument"),
		refused(client.SetBucketEncryption(name, rule("DES", "", "")), "InvalidEncryptionAlgorithmError"),
		refused(client.SetBucketEncryption(name, rule("KMS", "", "abc")), "InvalidDataEncryptionAlgorithmError"),
	)
}

func removeRule() error {
	if err := client.DeleteBucketEncryption(name); err != nil {
		return err
	}
	_, err := client.GetBucketEncryption(name)
	return rows.First(client.DeleteBucketEncryption(name), refused(err, "NoSuchServerSideEncryptionRule"))
}

func info() error {
	got, err := client.GetBucketInfo(name)
	b := got.BucketInfo
	return rows.First(err, rows.Want("the name", b.Name, name), rows.Want("the location", b.Location, "oss-"+rows.Region),
		rows.Want("the rule", b.SseRule.SSEAlgorithm, ""))
}

func listBuckets() error {
	var found []string
	marker := ""
	for {
		page, err := client.ListBuckets(oss.Prefix(name), oss.MaxKeys(1), oss.Marker(marker))
		if err != nil {
			return err
		}
		for _, b := range page.Buckets {
			found = append(found, b.Name+b.Region)
		}
		if !page.IsTruncated {
			break
		}
		marker = page.NextMarker
	}
	return rows.Want("the list", found, []string{name + rows.Region, name + "-rule" + rows.Region, name + "-zrs" + rows.Region})
}

func listByTag() error {
	if err := client.SetBucketTagging(name, oss.Tagging{Tags: []oss.Tag{{Key: "team", Value: "v1"}}}); err != nil {
		return err
	}
	page, err := client.ListBuckets(oss.TagKey("team"), oss.TagValue("v1"))
	return rows.First(err, rows.Want("found", len(page.Buckets), 1), rows.Want("the bucket", page.Buckets[0].Name, name))
}

func location() error {
	got, err := client.GetBucketLocation(name)
	return rows.First(err, rows.Want("the location", got, "oss-"+rows.Region))
}

func tags() error {
	want := []oss.Tag{{Key: "env", Value: "prod"}, {Key: "team", Value: "a & b"}}
	if err := client.SetBucketTagging(name, oss.Tagging{Tags: want}); err != nil {
		return err
	}
	got, err := client.GetBucketTagging(name)
	for i := range got.Tags {
		got.Tags[i].XMLName = want[0].XMLName
	}
	if err := rows.First(err, rows.Want("the tags", got.Tags, want), client.DeleteBucketTagging(name)); err != nil {
		return err
	}
	got, err = client.GetBucketTagging(name)
	return rows.First(err, rows.Want("tags left", len(got.Tags), 0))
}

func exists() error {
	yes, err := client.IsBucketExist(name)
	no, err2 := client.IsBucketExist(name + "-never")
	return rows.First(err, err2, rows.Want("there", yes, true), rows.Want("absent", no, false))
}

func acl() error {
	if err := client.SetBucketACL(name, oss.ACLPublicRead); err != nil {
		return err
	}
	got, err := client.GetBucketACL(name)
	return rows.First(err, rows.Want("the ACL", got.ACL, "public-read"), client.SetBucketACL(name, oss.ACLPrivate))
}

func stat() error {
	got, err := client.GetBucketStat(name)
	return rows.First(err, rows.Want("objects", got.ObjectCount, 0))
}

func versioning() error {
	got, err := client.GetBucketVersioning(name)
	return rows.First(err, rows.Want("the status", got.Status, ""))
}

func regions() error {
	got, err := client.DescribeRegions(oss.AddParam("regions", "oss-"+rows.Region))
	return rows.First(err, rows.Want("regions", len(got.Regions), 1), rows.Want("the endpoint", got.Regions[0].InternetEndpoint, "oss-cn-hangzhou.aliyuncs.com"))
}

// upload puts an object and checks how it says it is encrypted.
func upload(bucketName, key, algorithm, kmsKey string, options ...oss.Option) error {
	var answered http.Header
	b := bucket(bucketName)
	if err := b.PutObject(key, strings.NewReader("text of "+key), append(options, oss.GetResponseHeader(&answered))...); err != nil {
		return err
	}
	head, err := b.GetObjectDetailedMeta(key)
	return rows.First(err,
		rows.Want("answered", answered.Get("x-oss-server-side-encryption"), algorithm),
		rows.Want("encryption", head.Get("x-oss-server-side-encryption"), algorithm),
		rows.Want("the key", head.Get("x-oss-server-side-encryption-key-id"), kmsKey))
}

func uploadTakesRule() error {
	for _, c := range []struct{ algorithm, key, answered string }{
		{"AES256", "", ""}, {"SM4", "", ""}, {"KMS", "key-1", "key-1"}, {"KMS", "", "key-made-by-oss-cn-hangzhou"},
	} {
		if err := rows.First(client.SetBucketEncryption(name, rule(c.algorithm, c.key, "")), upload(name, "by-rule", c.algorithm, c.answered)); err != nil {
			return err
		}
	}
	head, err := bucket(name).GetObjectDetailedMeta("plain")
	return rows.First(err, rows.Want("an older object's encryption", head.Get("x-oss-server-side-encryption"), ""))
}

func ownEncryption() error { return upload(name, "own", "SM4", "", oss.ServerSideEncryption("SM4")) }

func badKeys() error {
	for key, code := range map[string]string{"test_wrong": "KeyNotFound", "key-disabled": "KeyDisabled", "key-deleting": "KeyPendingDeletion"} {
		if err := client.SetBucketEncryption(name, rule("KMS", key, "")); err != nil {
			return err
		}
		if err := refused(bucket(name).PutObject("refused", strings.NewReader("x")), code); err != nil {
			return err
		}
	}
	return client.DeleteBucketEncryption(name)
}

func read(r io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func download() error {
	whole, err := read(bucket(name).GetObject("plain"))
	some, err2 := read(bucket(name).GetObject("plain", oss.Range(5, 6)))
	_, err3 := bucket(name).GetObject("nothing")
	return rows.First(err, err2, rows.Want("whole", whole, "text of plain"), rows.Want("a part", some, "of"), refused(err3, "NoSuchKey"))
}

func listObjects() error {
	b := bucket(name)
	for _, key := range []string{"list/a", "list/b & c", "list/d/e"} {
		if err := b.PutObject(key, strings.NewReader("x")); err != nil {
			return err
		}
	}
	var found []string
	for marker := ""; ; {
		page, err := b.ListObjects(oss.Prefix("list/"), oss.Delimiter("/"), oss.MaxKeys(1), oss.Marker(marker))
		if err != nil {
			return err
		}
		for _, o := range page.Objects {
			found = append(found, o.Key)
		}
		found = append(found, page.CommonPrefixes...)
		if !page.IsTruncated {
			break
		}
		marker = page.NextMarker
	}
	var second []string
	for token := ""; ; {
		page, err := b.ListObjectsV2(oss.Prefix("list/"), oss.MaxKeys(2), oss.ContinuationToken(token))
		if err != nil {
			return err
		}
		for _, o := range page.Objects {
			second = append(second, o.Key)
		}
		if !page.IsTruncated {
			break
		}
		token = page.NextContinuationToken
	}
	return rows.First(rows.Want("version 1", found, []string{"list/a", "list/b & c", "list/d/"}),
		rows.Want("version 2", second, []string{"list/a", "list/b & c", "list/d/e"}))
}

func copyObject() error {
	b := bucket(name)
	if err := client.SetBucketEncryption(name, rule("AES256", "", "")); err != nil {
		return err
	}
	if _, err := b.CopyObject("plain", "plain"); err != nil {
		return err
	}
	head, err := b.GetObjectDetailedMeta("plain")
	text, err2 := read(b.GetObject("plain"))
	return rows.First(err, err2, rows.Want("encryption", head.Get("x-oss-server-side-encryption"), "AES256"),
		rows.Want("the text", text, "text of plain"), client.DeleteBucketEncryption(name))
}

func multipart() error {
	b := bucket(name)
	upload, err := b.InitiateMultipartUpload("large", oss.ServerSideEncryption("AES256"))
	if err != nil {
		return err
	}
	var parts []oss.UploadPart
	for i, body := range [][]byte{rows.Part, []byte("end")} {
		part, err := b.UploadPart(upload, bytes.NewReader(body), int64(len(body)), i+1)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	listed, err := b.ListUploadedParts(upload)
	if err := rows.First(err, rows.Want("parts", len(listed.UploadedParts), 2)); err != nil {
		return err
	}
	if _, err := b.CompleteMultipartUpload(upload, parts); err != nil {
		return err
	}
	text, err := read(b.GetObject("large"))
	head, err2 := b.GetObjectDetailedMeta("large")
	return rows.First(err, err2, rows.Want("length", len(text), len(rows.Part)+3), rows.Want("encryption", head.Get("x-oss-server-side-encryption"), "AES256"))
}

func signedURL() error {
	b := bucket(name)
	url, err := b.SignURL("plain", oss.HTTPGet, 60)
	if err != nil {
		return err
	}
	text, err := read(b.GetObjectWithURL(url))
	put, err2 := b.SignURL("by-url", oss.HTTPPut, 60)
	return rows.First(err, err2, rows.Want("the text", text, "text of plain"), b.PutObjectWithURL(put, strings.NewReader("x")))
}

func deleteObjects() error {
	b := bucket(name)
	if err := rows.First(b.DeleteObject("plain"), b.DeleteObject("nothing")); err != nil {
		return err
	}
	page, err := b.ListObjects(oss.MaxKeys(1000))
	if err != nil {
		return err
	}
	var keys []string
	for _, o := range page.Objects {
		keys = append(keys, o.Key)
	}
	done, err := b.DeleteObjects(keys)
	return rows.First(err, rows.Want("deleted", done.DeletedObjects, keys))
}

func deleteBucket() error {
	if err := bucket(name).PutObject("last", strings.NewReader("x")); err != nil {
		return err
	}
	return rows.First(
		refused(client.DeleteBucket(name), "BucketNotEmpty"),
		bucket(name).DeleteObject("last"),
		client.DeleteBucket(name), client.DeleteBucket(name+"-rule"), client.DeleteBucket(name+"-zrs"),
		refused(client.DeleteBucket(name), "NoSuchBucket"))
}

func v1Refused() error {
	_, err := connect(rows.Endpoint).ListBuckets()
	var service oss.ServiceError
	if !errors.As(err, &service) || !strings.Contains(service.Message, "oss.AuthVersion(oss.AuthV4)") {
		return rows.Want("the error", err, "one with the line to change")
	}
	return nil
}

func wrongRegion() error {
	_, err := client.GetBucketEncryption("beijing-bucket")
	return refused(err, "AccessDenied")
}

func absent() error {
	_, err := client.GetBucketLifecycle("demo-bucket")
	_, err2 := client.GetBucketLifecycle("never-created")
	return rows.First(refused(err, "NotImplemented"), refused(err2, "NoSuchBucket"))
}

func secure() error {
	_, err := connect(rows.Secure, oss.AuthVersion(oss.AuthV4), oss.Region(rows.Region)).ListBuckets()
	return err
}
