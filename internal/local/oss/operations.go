package oss

import (
	"net/http"
	"strings"
	"sync"
)

// operation executes an admitted call.
type operation func(*Server, *call) (answer, *failure)

// onBucket makes an operation of one that works on an existing bucket of the
// caller. It runs under the lock.
type onBucket func(*Server, *call, *bucketState) (answer, *failure)

type route struct {
	name    string
	operate operation
}

// methods are the operations of one sub-resource, by HTTP method.
type methods map[string]route

// The tables of routes are made at the first call: the command holds this server too,
// and most of its verbs do not need it.

// bucketRoutes are the operations on a bucket, by sub-resource.
var bucketRoutes = sync.OnceValue(func() map[string]methods {
	return map[string]methods{
		"": {
			http.MethodPut:    {"PutBucket", putBucket},
			http.MethodDelete: {"DeleteBucket", local(deleteBucket)},
			http.MethodGet:    {"ListObjects", local(listObjects)},
		},
		"acl": {
			http.MethodGet: {"GetBucketAcl", local(getBucketACL)},
			http.MethodPut: {"PutBucketAcl", local(putBucketACL)},
		},
		"bucketInfo": {http.MethodGet: {"GetBucketInfo", anywhere(getInfo)}},
		"delete":     {http.MethodPost: {"DeleteMultipleObjects", local(deleteMultiple)}},
		"encryption": {
			http.MethodPut:    {"PutBucketEncryption", local(putEncryption)},
			http.MethodGet:    {"GetBucketEncryption", local(getEncryption)},
			http.MethodDelete: {"DeleteBucketEncryption", local(deleteEncryption)},
		},
		"location": {http.MethodGet: {"GetBucketLocation", local(getLocation)}},
		"stat":     {http.MethodGet: {"GetBucketStat", local(getStat)}},
		"tagging": {
			http.MethodPut:    {"PutBucketTags", local(putTags)},
			http.MethodGet:    {"GetBucketTags", local(getTags)},
			http.MethodDelete: {"DeleteBucketTags", local(deleteTags)},
		},
		"uploads":    {http.MethodGet: {"ListMultipartUploads", local(listUploads)}},
		"versioning": {http.MethodGet: {"GetBucketVersioning", local(getVersioning)}},
	}
})

// objectRoutes are the operations on an object, by sub-resource.
var objectRoutes = sync.OnceValue(func() map[string]methods {
	return map[string]methods{
		"": {
			http.MethodPut:    {"PutObject", local(putObject)},
			http.MethodGet:    {"GetObject", local(getObject)},
			http.MethodHead:   {"HeadObject", local(getObject)},
			http.MethodDelete: {"DeleteObject", local(deleteObject)},
		},
		"acl": {
			http.MethodGet: {"GetObjectAcl", local(getObjectACL)},
			http.MethodPut: {"PutObjectAcl", local(putObjectACL)},
		},
		"objectMeta": {http.MethodHead: {"GetObjectMeta", local(getObject)}},
		"uploads":    {http.MethodPost: {"InitiateMultipartUpload", local(initiateUpload)}},
		"uploadId": {
			http.MethodPut:    {"UploadPart", local(storePart)},
			http.MethodPost:   {"CompleteMultipartUpload", local(completeUpload)},
			http.MethodGet:    {"ListParts", local(listParts)},
			http.MethodDelete: {"AbortMultipartUpload", local(abortUpload)},
		},
	}
})

// serviceRoutes are the operations that need no bucket.
var serviceRoutes = sync.OnceValue(func() map[string]methods {
	return map[string]methods{
		"":        {http.MethodGet: {"ListBuckets", listBuckets}},
		"regions": {http.MethodGet: {"DescribeRegions", describeRegions}},
	}
})

// absent are the sub-resources that OSS has and this server does not: a call with
// one of them is not answered as if it had none.
var absent = sync.OnceValue(func() []string {
	return strings.Fields(`accessMonitor accessmonitor accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess
		accessPointPolicy accessPointPolicyForObjectProcess append archiveDirectRead asyncFetch
		asyncFetchTask bucketArchiveDirectRead callback cleanRestoredObject cloudboxes cname comp cors dataPipeline
		dataRedundancyTransition hierarchicalNamespace httpsConfig img inventory inventoryId legalHold lifecycle live
		logging metadataConfiguration metadataInventoryTable metadataJournalTable metaQuery objectWorm overwriteConfig
		policy policyStatus processConfiguration publicAccessBlock qos qosInfo redundancyTransition referer replication
		replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool responseHeader
		restore retention rtc seal style styleName symlink torrent transferAcceleration udf userDefinedLogFieldsConfig
		versionId versions vod website worm wormExtend wormId x-oss-append-extend x-oss-process x-oss-async-process
		x-oss-write-get-object-response`)
})

// local operations need the endpoint of the bucket's region.
func local(do onBucket) operation {
	return anywhere(func(s *Server, c *call, b *bucketState) (answer, *failure) {
		if b.Region != c.region {
			return answer{}, wrongEndpoint(b)
		}
		if b.Owner != c.account {
			return answer{}, notOwner(b)
		}
		return do(s, c, b)
	})
}

// anywhere operations work from every endpoint.
func anywhere(do onBucket) operation {
	return func(s *Server, c *call) (answer, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b, ok := s.buckets[c.target.bucket]
		if s.stillHidden(c.target.bucket) || !ok {
			return answer{}, noSuchBucket(c.target.bucket)
		}
		return do(s, c, b)
	}
}

func notOwner(b *bucketState) *failure {
	return accessDenied("The bucket you access does not belong to you.", "0003-00000001").with("BucketName", b.Name)
}

// stillHidden counts down the calls until a bucket appears. It needs the lock.
func (s *Server) stillHidden(bucket string) bool {
	if s.hidden[bucket] == 0 {
		return false
	}
	s.hidden[bucket]--
	return true
}
