package actiontrail

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/wire"
)

// Version is that of the API.
const Version = "2020-07-06"

const (
	// Delay is how long after it happened an event can be asked for.
	Delay = 10 * time.Minute
	// Rate is how many calls an account has in a second.
	Rate = 2
	// Kept is how far back events can be asked for, and the longest time of a query.
	Kept = 90 * 24 * time.Hour
	// PageSize is the most events in one answer.
	PageSize = 50

	maxRecords = 100_000
)

// Options configures a [Server]. The zero value is ready to use.
type Options struct {
	rpc.Options
	// Region is where requests go whose host names none. Default cn-hangzhou.
	Region string
	// BucketOf returns the region and the account of a bucket; false if there is none of
	// that name. Nil knows no bucket: its events are where and whose the call was.
	BucketOf func(name string) (region, account string, ok bool)
}

// Shape is what the records look like where no source says it.
type Shape struct {
	// Rule lets a record of PutBucketEncryption have the rule.
	Rule bool
	// Nameless leaves the bucket out of the record's resources, so that it is not found
	// by the bucket's name.
	Nameless bool
}

// Server is the service. It is safe for use by several goroutines.
type Server struct {
	*rpc.Gateway
	opts Options
	keys *wire.Keys
	now  func() time.Time

	mu      sync.Mutex // guards everything below
	records []entry    // in the order in which they came
	last    int        // number of the last one
	delay   time.Duration
	rate    int
	shape   Shape
	refused func(wire.AccessKey) bool
	calls   map[string][]time.Time // of the last second, by account
}

// entry is one record.
type entry struct {
	number  int
	account string // whose bucket it is
	region  string
	time    time.Time // whole seconds
	bucket  string
	members map[string]any
}

// New returns a trail without events.
func New(o Options) *Server {
	if o.Region == "" {
		o.Region = "cn-hangzhou"
	}
	if o.AccountID == "" {
		o.AccountID = wire.DefaultAccount
	}
	if o.Keys == nil {
		o.Keys = wire.NewKeys(o.AccountID)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{opts: o, keys: o.Keys, now: o.Now, delay: Delay, rate: Rate, calls: map[string][]time.Time{}}
	s.Gateway = rpc.New(o.Options, Version, map[string]rpc.Action{"LookupEvents": s.lookupEvents})
	return s
}

type regionKey struct{}

// In returns the server's endpoint in a region, for hosts whose name does not say it.
func (s *Server) In(region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), regionKey{}, region)))
	})
}

func (s *Server) regionOf(r *http.Request) string {
	if name, ok := strings.CutSuffix(wire.HostOnly(r.Host), ".aliyuncs.com"); ok {
		_, region, _ := strings.Cut(name, ".")
		return region
	}
	if region, ok := r.Context().Value(regionKey{}).(string); ok {
		return region
	}
	return s.opts.Region
}

// SetDelay sets how long after it happened an event can be asked for; 0 is at once.
func (s *Server) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// SetRate sets how many calls an account has in a second; 0 is any number.
func (s *Server) SetRate(perSecond int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = perSecond
}

// SetShape sets what records look like that come from now on.
func (s *Server) SetShape(shape Shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shape = shape
}

// SetRefused sets which access keys have no permission to ask, as a RAM policy without
// actiontrail:LookupEvents; nil refuses none.
func (s *Server) SetRefused(refused func(wire.AccessKey) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refused
}
