package kms

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"

	localrpc "bucketwarden/internal/local/rpc"
)

// Options configures a [Server]. The zero value is ready to use.
type Options struct {
	localrpc.Options
	// Region is where requests go whose host names none. Default cn-hangzhou.
	Region string
}

// Server is the service. It is safe for use by several goroutines.
type Server struct {
	*localrpc.Gateway
	region string

	mu         sync.Mutex // guards everything below
	keys       []Key
	notEnabled map[string]bool // accounts without KMS
}

// New returns a server without keys and access keys.
func New(opts Options) *Server {
	s := &Server{region: cmp.Or(opts.Region, "cn-hangzhou"), notEnabled: map[string]bool{}}
	s.Gateway = localrpc.New(opts.Options, "2016-01-20", map[string]localrpc.Action{"DescribeKey": s.describeKey})
	return s
}

type regionKey struct{}

// In returns the server's endpoint in a region, for hosts whose name does not
// tell it.
func (s *Server) In(region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), regionKey{}, region)))
	})
}

func (s *Server) regionOf(r *http.Request) string {
	host, _, _ := strings.Cut(r.Host, ":")
	if name, ok := strings.CutSuffix(host, ".aliyuncs.com"); ok {
		_, region, _ := strings.Cut(name, ".")
		return region
	}
	region, _ := r.Context().Value(regionKey{}).(string)
	return cmp.Or(region, s.region)
}

// Disable makes KMS look as if the account had never activated it.
func (s *Server) Disable(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notEnabled[accountID] = true
}
