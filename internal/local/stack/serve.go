package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"bucketwarden/internal/local/cloud"
	"bucketwarden/internal/local/console"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
)

// Addresses are where a served stack listens: host and port. An empty one is any
// free port of the loopback.
type Addresses struct {
	// Function is the front of the local Function Compute: InvokeFunction and the
	// HTTP trigger.
	Function string
	// OSS is the local OSS.
	OSS string
	// Console is the page and its routes.
	Console string
}

// DefaultAddresses are those that the documentation names.
var DefaultAddresses = Addresses{Function: "127.0.0.1:8080", OSS: "127.0.0.1:8081", Console: "127.0.0.1:8082"}

// check refuses what is not on this machine alone, where anyone may change rules
// without a key, and one address for two servers.
func (at Addresses) check() error {
	used := map[string]string{}
	for _, a := range []struct{ name, addr string }{{"function", at.Function}, {"console", at.Console}, {"oss", at.OSS}} {
		host, port, err := net.SplitHostPort(cmp.Or(a.addr, "127.0.0.1:0"))
		if err != nil {
			return &AddressError{a.name, fmt.Errorf("%q is not host:port", a.addr)}
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return &AddressError{a.name, fmt.Errorf("%s is not an address of this machine alone", a.addr)}
		}
		if other := used[a.addr]; other != "" && port != "0" {
			return &AddressError{a.name, fmt.Errorf("%s is --%s-address already", a.addr, other)}
		}
		if port != "0" {
			used[a.addr] = a.name
		}
	}
	return nil
}

// AddressError reports an address that cannot be listened at.
type AddressError struct {
	// Name is function, oss or console; the flag is that and -address.
	Name string
	// Err is the cause, often a [*wire.TakenError].
	Err error
}

// Error says which flag chooses another address.
func (e *AddressError) Error() string {
	return fmt.Sprintf("%v; choose another address with --%s-address 127.0.0.1:PORT", e.Err, e.Name)
}

// Unwrap returns the cause.
func (e *AddressError) Unwrap() error { return e.Err }

// Served is a stack that people reach, until Close.
type Served struct {
	*Stack
	// At is where it listens.
	At Addresses
	// Feed has what happens, and the verdicts.
	Feed *console.Feed
	// EnvFile exports what a shell needs for bucketwarden to use this cloud. It ends with
	// Close.
	EnvFile string

	fronts []*wire.Listener

	mu     sync.Mutex // guards open, and events against Close
	open   bool       // between the start and Close, what happens has events
	events sync.WaitGroup
}

// Serve starts a stack in which what happens in the local OSS, from the console or
// any OSS client, reaches the function as events. It has the samples' buckets. Each
// change is printed to out as one line.
func Serve(ctx context.Context, o Options, at Addresses, out io.Writer) (*Served, error) {
	if err := at.check(); err != nil {
		return nil, err
	}
	s := &Served{Feed: &console.Feed{Print: func(c console.Change) { fmt.Fprintln(out, c.Line()) }}}
	bridge := &EventBridge{Failed: func(err error) { s.undelivered(out, err) }}
	happened := func(r localoss.Request) { s.happened(r, bridge) }
	front, page := new(later), new(later)
	if err := s.listen(ctx, &at, front, page); err != nil {
		return nil, errors.Join(err, s.closeFronts())
	}
	o.OSSAddr, o.Front = at.OSS, welcome(ossWelcome)
	o.OSS.OnCall = happened
	o.OnResult = s.Feed.Result
	var err error
	if s.Stack, err = Start(ctx, o); err != nil {
		if taken, ok := errors.AsType[*cloud.OSSAddressError](err); ok {
			err = &AddressError{"oss", taken.Unwrap()}
		}
		return nil, errors.Join(err, s.closeFronts())
	}
	s.At.OSS = s.ossAddr
	bridge.OSS, bridge.Trail, bridge.URL = s.OSS, s.Trail, "http://"+s.At.Function+Invocations
	byConsole := func(r localoss.Request) { s.Trail.Add(r); happened(r) }
	c := &console.Console{OSS: s.OSS, KMS: s.KMS, Happened: byConsole, Feed: s.Feed, Region: Region}
	page.set(c.Handler())
	front.set(welcome(functionWelcome)(s.Function.Handler()))
	s.setOpen(true)
	return s, errors.Join(s.writeEnv(), SampleBuckets(s.OSS, Region))
}

func (s *Served) setOpen(open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = open
}

// happened enters a call into the feed and sends its events on their way.
func (s *Served) happened(r localoss.Request, bridge *EventBridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open && s.note(r) {
		s.events.Go(func() { bridge.Call(r) })
	}
}

// undelivered prints why an event was lost, unless everything ends.
func (s *Served) undelivered(out io.Writer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		fmt.Fprintln(out, "an event was not delivered:", err)
	}
}

// Invocations is the path of InvokeFunction.
const Invocations = "/2023-03-30/functions/bucketwarden/invocations"

// listen opens the addresses of people before anything else starts, so that a taken
// one is reported at once. What comes too early waits.
func (s *Served) listen(ctx context.Context, at *Addresses, front, page http.Handler) error {
	for _, l := range []struct {
		name    string
		addr    string
		handler http.Handler
		chosen  *string
	}{{"function", at.Function, front, &s.At.Function}, {"console", at.Console, page, &s.At.Console}} {
		listener, err := wire.Listen(ctx, l.addr, l.handler, nil)
		if err != nil {
			return &AddressError{l.name, err}
		}
		s.fronts = append(s.fronts, listener)
		*l.chosen = listener.Addr
	}
	return nil
}

// note enters a call into the feed and reports whether it is one that has events.
func (s *Served) note(r localoss.Request) bool {
	what, events := changeOf(r)
	if what == "" || r.Status/100 != 2 {
		return false
	}
	if isOwn(r) {
		s.Feed.Mute(r.RequestID)
		return events > 0
	}
	region := r.Region
	if b, ok := s.OSS.Bucket(r.Bucket); ok {
		region = b.Region
	}
	s.Feed.Begin(r.RequestID, console.Change{
		Time: r.Time, What: what, By: console.Client(r.UserAgent), Bucket: r.Bucket, Region: region,
	}, events)
	return events > 0
}

// changeOf says what an operation changes, and how many events of it the rules in
// s.yaml let through.
func changeOf(r localoss.Request) (what string, events int) {
	switch r.Operation {
	case "PutBucket":
		return "bucket created", 2
	case "PutBucketEncryption":
		return "rule set", 1
	case "DeleteBucketEncryption":
		return "rule removed", 1
	case "DeleteBucket":
		return "bucket deleted", 0
	}
	return "", 0
}

// Close stops everything, also events that are on their way.
func (s *Served) Close(ctx context.Context) error {
	s.setOpen(false)
	err := errors.Join(s.closeFronts(), s.Stack.Close(ctx))
	s.events.Wait()
	return err
}

func (s *Served) closeFronts() error {
	var errs []error
	for _, l := range s.fronts {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// later is a handler that is known later; requests wait for it.
type later struct {
	once  sync.Once
	ready chan struct{}
	h     http.Handler
}

func (l *later) wait() chan struct{} {
	l.once.Do(func() { l.ready = make(chan struct{}) })
	return l.ready
}

func (l *later) set(h http.Handler) {
	l.h = h
	close(l.wait())
}

// ServeHTTP answers once there is a handler.
func (l *later) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-l.wait():
		l.h.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

// observed passes every result on, beside what the configuration asks for.
func observed(cfg *localfc.Config, on func([]byte, localfc.Result)) {
	if on == nil {
		return
	}
	before := cfg.OnResult
	cfg.OnResult = func(event []byte, r localfc.Result) {
		if before != nil {
			before(event, r)
		}
		on(event, r)
	}
}
