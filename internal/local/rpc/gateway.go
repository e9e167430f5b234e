package rpc

import (
	"cmp"
	"net/http"
	"net/url"
	"sync"
	"time"

	"bucketwarden/internal/local/wire"
)

// Options configures a [Gateway]. The zero value is ready to use.
type Options struct {
	// AccountID is the account of access keys that name none. Default 1234567890123456.
	AccountID string
	// Keys are the access keys that may sign, if several services know the same
	// ones. Nil begins with none.
	Keys *wire.Keys
	// Now is the clock of the server. Default time.Now.
	Now func() time.Time
	// Latency is added to every answer; a caller that goes away ends the wait.
	Latency time.Duration
}

// Action executes one operation for an authenticated caller. It returns what is
// rendered beside RequestId, or a failure.
type Action func(*Call) (map[string]any, *Failure)

// Call is one authenticated request.
type Call struct {
	// HTTP is the request; its body has been read.
	HTTP *http.Request
	// Params are the parameters of the query and the body together.
	Params url.Values
	// AccountID is the account that the access key acts for.
	AccountID string
	// Key is the access key that signed.
	Key AccessKey
	// Now is the server's clock.
	Now time.Time

	body    []byte
	host    string
	request Request
}

// Gateway is the front of one service. It is safe for use by several goroutines,
// and its hooks may call its methods.
type Gateway struct {
	opts    Options
	version string
	actions map[string]Action

	keys   *wire.Keys
	log    *wire.Log[Request]
	faults wire.Hook[Request, Fault]

	mu     sync.Mutex // guards nonces
	nonces map[string]bool
}

// New returns the gateway of the service with this API version and these
// actions, by name.
func New(opts Options, version string, actions map[string]Action) *Gateway {
	opts.AccountID = cmp.Or(opts.AccountID, wire.DefaultAccount)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Keys == nil {
		opts.Keys = wire.NewKeys(opts.AccountID)
	}
	return &Gateway{
		opts:    opts,
		version: version,
		actions: actions,
		keys:    opts.Keys,
		log:     wire.NewLog[Request](maxLog),
		nonces:  map[string]bool{},
	}
}

// AccountID returns the account of access keys that name none.
func (g *Gateway) AccountID() string { return g.opts.AccountID }

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, broken := g.newCall(r)
	a, fault := g.run(c, broken)
	c.request.Status, c.request.Code = a.status, a.code
	g.log.Add(c.request.Action, c.request)
	g.send(w, c, a, fault)
}

// run authenticates and executes the call, with the fault that the hook asks
// for. An answer without a status is none.
func (g *Gateway) run(c *Call, broken *Failure) (answer, Fault) {
	if !wire.Pause(c.HTTP.Context(), g.opts.Latency) {
		return answer{}, Fault{}
	}
	if broken == nil {
		broken = g.authenticate(c)
	}
	if broken != nil {
		return c.failed(broken), Fault{}
	}
	fault := g.faults.For(c.request)
	if fault.Reset || !wire.Pause(c.HTTP.Context(), fault.Delay) {
		return answer{}, fault
	}
	if fault.replaces() {
		return fault.answer(c), fault
	}
	return g.execute(c), fault
}

func (g *Gateway) execute(c *Call) answer {
	action, ok := g.actions[c.request.Action]
	if !ok {
		return c.failed(known("InvalidAction.NotFound"))
	}
	if c.version() != g.version {
		return c.failed(known("InvalidVersion"))
	}
	members, f := action(c)
	if f != nil {
		return c.failed(f)
	}
	return c.succeeded(members)
}
