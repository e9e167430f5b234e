package oss

import (
	"net/http"
	"strings"

	"bucketwarden/internal/local/wire"
)

const realSuffix = ".aliyuncs.com"

// target is what the host name and the path of a request stand for.
type target struct {
	host   string // without the port, as in HostId
	bucket string
	key    string
	region string // of a real host name, else empty
	// secondLevel marks path style on a real host name, which OSS refuses.
	secondLevel bool
}

func parseTarget(r *http.Request, domain string) target {
	host := wire.HostOnly(r.Host)
	t := target{host: host}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket, region, ok := realHost(host); ok {
		t.bucket, t.key, t.region = bucket, path, region
		t.secondLevel = bucket == "" && path != ""
		return t
	}
	if bucket, ok := bucketLabel(host, domain); ok {
		t.bucket, t.key = bucket, path
		return t
	}
	t.bucket, t.key, _ = strings.Cut(path, "/")
	return t
}

// realHost splits [<bucket>.]oss-<region>[-internal].aliyuncs.com, or the dual-stack
// name [<bucket>.]<region>.oss.aliyuncs.com, into bucket and region.
func realHost(host string) (string, string, bool) {
	endpoint, ok := strings.CutSuffix(host, realSuffix)
	if !ok {
		return "", "", false
	}
	bucket := ""
	if i := strings.LastIndexByte(endpoint, '.'); i >= 0 {
		bucket, endpoint = endpoint[:i], endpoint[i+1:]
	}
	if endpoint == "oss" && bucket != "" {
		i := strings.LastIndexByte(bucket, '.')
		return bucket[:max(i, 0)], bucket[i+1:], true
	}
	region, ok := strings.CutPrefix(endpoint, "oss-")
	return bucket, strings.TrimSuffix(region, "-internal"), ok
}

// bucketLabel finds the bucket of a virtual host under localhost or domain.
func bucketLabel(host, domain string) (string, bool) {
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok {
		return bucket, true
	}
	if domain == "" {
		return "", false
	}
	return strings.CutSuffix(host, "."+domain)
}

// path is the canonical URI: it starts with the bucket whatever the address style.
func (t target) path() string {
	if t.bucket == "" {
		return "/"
	}
	return "/" + t.bucket + "/" + t.key
}

func (t target) check() *failure {
	if t.secondLevel {
		return known("SecondLevelDomainForbidden")
	}
	if (t.bucket != "" || t.key != "") && !validBucketName(t.bucket) {
		return known("InvalidBucketName")
	}
	return nil
}

func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 {
		return false
	}
	if name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
