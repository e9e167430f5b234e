package oss_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	localoss "bucketwarden/internal/local/oss"
)

func TestSDKPaging(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	var want []string
	for i := range 250 {
		name := fmt.Sprintf("bucket-%03d", i)
		want = append(want, name)
		server.PutBucket(localoss.Bucket{Name: name, Region: []string{"cn-hangzhou", "cn-beijing"}[i%2]})
		server.PutBucket(localoss.Bucket{Name: fmt.Sprintf("foreign-%03d", i), Owner: "999"})
	}
	for name, style := range styles() {
		t.Run(name, func(t *testing.T) {
			server.ResetRequests()
			var got []string
			pages := oss.NewClient(style(listener)).NewListBucketsPaginator(&oss.ListBucketsRequest{MaxKeys: 100})
			for pages.HasNext() {
				page, err := pages.NextPage(t.Context())
				check(t, err, "")
				for _, b := range page.Buckets {
					got = append(got, *b.Name)
				}
			}
			equal(t, got, want)
			equal(t, server.Count("ListBuckets"), 3)
		})
	}
}

func TestListDocuments(t *testing.T) {
	const owner = `  <Owner>
    <ID>1234567890123456</ID>
    <DisplayName>1234567890123456</DisplayName>
  </Owner>
`
	bucket := func(name, region string) string {
		return `    <Bucket>
      <CreationDate>2026-05-08T12:00:00.000Z</CreationDate>
      <ExtranetEndpoint>oss-` + region + `.aliyuncs.com</ExtranetEndpoint>
      <IntranetEndpoint>oss-` + region + `-internal.aliyuncs.com</IntranetEndpoint>
      <Location>oss-` + region + `</Location>
      <Name>` + name + `</Name>
      <Region>` + region + `</Region>
      <StorageClass>Standard</StorageClass>
    </Bucket>
`
	}
	page := func(prefix, marker, keys, truncated, next string) string {
		return "  <Prefix>" + prefix + "</Prefix>\n  <Marker>" + marker + "</Marker>\n  <MaxKeys>" + keys +
			"</MaxKeys>\n  <IsTruncated>" + truncated + "</IsTruncated>\n  <NextMarker>" + next + "</NextMarker>\n"
	}
	full := func(page, buckets string) string {
		return head + "<ListAllMyBucketsResult>\n" + page + owner + buckets + "</ListAllMyBucketsResult>\n"
	}
	for query, want := range map[string]string{
		"":                             full("", "  <Buckets>\n"+bucket("beijing", "cn-beijing")+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
		"max-keys=1":                   full(page("", "", "1", "true", "beijing"), "  <Buckets>\n"+bucket("beijing", "cn-beijing")+"  </Buckets>\n"),
		"max-keys=1&marker=beijing":    full(page("", "beijing", "1", "false", ""), "  <Buckets>\n"+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
		"prefix=ex":                    full("", "  <Buckets>\n"+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
		"prefix=f":                     full("", "  <Buckets></Buckets>\n"),
		"marker=f&prefix=e":            full(page("e", "f", "100", "false", ""), "  <Buckets></Buckets>\n"),
		"tag-key=env":                  full("", "  <Buckets>\n"+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
		"tag-key=env&tag-value=prod":   full("", "  <Buckets>\n"+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
		"tag-key=env&tag-value=test":   full("", "  <Buckets></Buckets>\n"),
		"max-keys=1000&marker=zzz":     full(page("", "zzz", "1000", "false", ""), "  <Buckets></Buckets>\n"),
		"marker=&max-keys=&prefix=exa": full("", "  <Buckets>\n"+bucket("example", "cn-hangzhou")+"  </Buckets>\n"),
	} {
		t.Run(query, func(t *testing.T) {
			server := quiet()
			server.PutBucket(localoss.Bucket{Name: "example", Tags: map[string]string{"env": "prod"}})
			w := get("http://oss-cn-shanghai.aliyuncs.com/?"+query, "").in("cn-shanghai").send(t, server)
			if w.Code != 200 || w.Body.String() != want {
				t.Errorf("%d\n%s\nwant\n%s", w.Code, w.Body, want)
			}
		})
	}
}

func (q raw) in(region string) raw {
	q.region = region
	return q
}

func TestSuccessDocuments(t *testing.T) {
	rules := map[string]localoss.Rule{
		"aes": {Algorithm: "AES256"}, "kms": {Algorithm: "KMS"}, "key": {Algorithm: "KMS", KMSKeyID: "k&1", KMSDataEncryption: "SM4"}, "none": {},
	}
	const info = `<BucketInfo>
  <Bucket>
    <CreationDate>2026-05-08T12:00:00.000Z</CreationDate>
    <ExtranetEndpoint>oss-cn-hangzhou.aliyuncs.com</ExtranetEndpoint>
    <IntranetEndpoint>oss-cn-hangzhou-internal.aliyuncs.com</IntranetEndpoint>
    <Location>oss-cn-hangzhou</Location>
    <StorageClass>Standard</StorageClass>
    <DataRedundancyType>LRS</DataRedundancyType>
    <TransferAcceleration>Disabled</TransferAcceleration>
    <CrossRegionReplication>Disabled</CrossRegionReplication>
    <AccessMonitor>Disabled</AccessMonitor>
    <ResourceGroupId>rg-default-id</ResourceGroupId>
    <BlockPublicAccess>false</BlockPublicAccess>
    <Comment></Comment>
    <Name>%s</Name>
    <Owner>
      <ID>1234567890123456</ID>
      <DisplayName>1234567890123456</DisplayName>
    </Owner>
    <AccessControlList>
      <Grant>private</Grant>
    </AccessControlList>
    <ServerSideEncryptionRule>
%s    </ServerSideEncryptionRule>
    <BucketPolicy>
      <LogBucket></LogBucket>
      <LogPrefix></LogPrefix>
    </BucketPolicy>
  </Bucket>
</BucketInfo>
`
	const encrypted = `<ServerSideEncryptionRule>
  <ApplyServerSideEncryptionByDefault>
%s  </ApplyServerSideEncryptionByDefault>
</ServerSideEncryptionRule>
`
	for _, v := range []struct{ bucket, sub, want string }{
		{"aes", "encryption", fmt.Sprintf(encrypted, "    <SSEAlgorithm>AES256</SSEAlgorithm>\n")},
		{"kms", "encryption", fmt.Sprintf(encrypted, "    <SSEAlgorithm>KMS</SSEAlgorithm>\n")},
		{"key", "encryption", fmt.Sprintf(encrypted, "    <SSEAlgorithm>KMS</SSEAlgorithm>\n    <KMSDataEncryption>SM4</KMSDataEncryption>\n    <KMSMasterKeyID>k&amp;1</KMSMasterKeyID>\n")},
		{"none", "bucketInfo", fmt.Sprintf(info, "none", "      <SSEAlgorithm>None</SSEAlgorithm>\n")},
		{"aes", "bucketInfo", fmt.Sprintf(info, "aes", "      <SSEAlgorithm>AES256</SSEAlgorithm>\n")},
		{"kms", "bucketInfo", fmt.Sprintf(info, "kms", "      <SSEAlgorithm>KMS</SSEAlgorithm>\n      <KMSMasterKeyID></KMSMasterKeyID>\n")},
		{"key", "bucketInfo", fmt.Sprintf(info, "key", "      <SSEAlgorithm>KMS</SSEAlgorithm>\n      <KMSMasterKeyID>k&amp;1</KMSMasterKeyID>\n      <KMSDataEncryption>SM4</KMSDataEncryption>\n")},
		{"aes", "location", "<LocationConstraint>oss-cn-hangzhou</LocationConstraint>\n"},
		{"aes", "tagging", "<Tagging></Tagging>\n"},
	} {
		t.Run(v.bucket+" "+v.sub, func(t *testing.T) {
			server := quiet()
			server.PutBucket(localoss.Bucket{Name: v.bucket, Rule: rules[v.bucket]})
			w := get("http://"+v.bucket+".localhost/?"+v.sub, v.bucket).send(t, server)
			if w.Code != 200 || w.Body.String() != head+v.want {
				t.Errorf("%d\n%s\nwant\n%s", w.Code, w.Body, head+v.want)
			}
		})
	}
}

func TestBucketsAreCopies(t *testing.T) {
	server := localoss.New(localoss.Options{Now: noon})
	tags := map[string]string{"a": "1"}
	server.PutBucket(localoss.Bucket{Name: "example", Tags: tags})
	tags["a"] = "2"
	b, _ := server.Bucket("example")
	b.Tags["a"] = "3"
	b, _ = server.Bucket("example")
	equal(t, b, localoss.Bucket{
		Name: "example", Region: "cn-hangzhou", Owner: account, Created: noon(),
		Tags: map[string]string{"a": "1"}, StorageClass: "Standard", ACL: "private", Redundancy: "LRS", ResourceGroup: "rg-default-id",
	})
	server.DeleteBucket("example")
	server.SetRule("example", localoss.Rule{Algorithm: "AES256"})
	if _, ok := server.Bucket("example"); ok {
		t.Error("the bucket is still there")
	}
}

func TestLogIsBounded(t *testing.T) {
	server := localoss.New(localoss.Options{Now: noon, MaxLog: 3})
	server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret})
	for i := range 5 {
		get(fmt.Sprintf("http://b-%d.localhost/?encryption", i), fmt.Sprintf("b-%d", i)).send(t, server)
	}
	var got []string
	for _, r := range server.Requests() {
		got = append(got, r.Bucket)
	}
	if !slices.Equal(got, []string{"b-2", "b-3", "b-4"}) || server.Count("GetBucketEncryption") != 5 {
		t.Errorf("%q, %d calls", got, server.Count("GetBucketEncryption"))
	}
	server.ResetRequests()
	if len(server.Requests()) != 0 || server.Count("GetBucketEncryption") != 0 {
		t.Error("the log is not empty")
	}
}
