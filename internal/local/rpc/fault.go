package rpc

import (
	"cmp"
	"net/http"
	"time"

	"bucketwarden/internal/local/wire"
)

// Fault says how one call goes wrong. The zero value changes nothing. The
// action does not take place when Status, Code, Body or Reset is set.
type Fault struct {
	// Delay waits before the action.
	Delay time.Duration
	// Status, Code and Message make an error. With Code alone the documented
	// status and message of that code are used.
	Status        int
	Code, Message string
	// Body is sent with Status (default 200) in place of any JSON of this package.
	Body []byte
	// Reset closes the connection abruptly instead of an answer.
	Reset bool
}

// SetFault installs a hook that is asked before every authenticated call; nil
// from the hook, or a nil hook, lets the call go on. The hook is called from many
// goroutines and may call the methods of the gateway.
func (g *Gateway) SetFault(hook func(Request) *Fault) { g.faults.Set(hook) }

func (f Fault) replaces() bool { return f.Status != 0 || f.Code != "" || f.Body != nil }

func (f Fault) answer(c *Call) answer {
	if f.Body != nil {
		return answer{status: cmp.Or(f.Status, http.StatusOK), body: f.Body}
	}
	e := known(cmp.Or(f.Code, "InternalError"))
	e.Status = cmp.Or(f.Status, e.Status)
	e.Message = cmp.Or(f.Message, e.Message)
	return c.failed(e)
}

func (g *Gateway) send(w http.ResponseWriter, c *Call, a answer, fault Fault) {
	if fault.Reset {
		wire.Reset(w)
		return
	}
	if a.status == 0 {
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("x-acs-request-id", c.request.RequestID)
	w.WriteHeader(a.status)
	w.Write(a.body) // a caller that has gone needs no answer
}
