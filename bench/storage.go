package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// key is what every invocation brings. A token of STS has about 700 bytes.
var key = localoss.Key{AccessKeyID: "STS.bench", AccessKeySecret: "bench-secret", SecurityToken: strings.Repeat("t", 700)}

// storage is the local OSS, with a latency that can be changed and a count of
// what reached it.
type storage struct {
	*localoss.Server
	url     string
	latency atomic.Int64 // ns
	calls   atomic.Int64
	conns   atomic.Int64 // opened so far
	web     *http.Server
}

func newStorage(ctx context.Context) (*storage, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &storage{Server: localoss.New(localoss.Options{MaxLog: 1}), url: "http://" + l.Addr().String()}
	s.AddKey(key)
	s.web = &http.Server{
		Handler: http.HandlerFunc(s.serve),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.conns.Add(1)
			}
		},
	}
	go func() { _ = s.web.Serve(l) }() // ends with ErrServerClosed
	return s, nil
}

func (s *storage) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	time.Sleep(time.Duration(s.latency.Load()))
	s.ServeHTTP(w, r)
}

// env tells a program where this OSS is.
func (s *storage) env() []string {
	return []string{"WARDEN_OSS_ENDPOINT=" + s.url, "OSS_ENDPOINT=" + s.url}
}

func (s *storage) close() error { return s.web.Close() }

const bucketFormat = "bench-%06d"

// bucketName is the bucket with this number.
func bucketName(n int) string { return fmt.Sprintf(bucketFormat, n) }

// fill creates n buckets with a rule.
func (s *storage) fill(n int) {
	for i := range n {
		s.PutBucket(localoss.Bucket{Name: bucketName(i), Rule: localoss.Rule{Algorithm: "AES256"}})
	}
}

// created is the event of a bucket's creation.
func created(bucket string) []byte {
	return stack.BucketCreated("69B1000000000000000000FF", bucket, stack.Region).JSON()
}
