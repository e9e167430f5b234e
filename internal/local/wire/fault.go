package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// Hook is what a test sets to make requests R go wrong by faults F. The zero value
// lets every request pass. It is safe for use by several goroutines.
type Hook[R, F any] struct {
	mu   sync.Mutex
	hook func(R) *F
}

// Set installs the hook; nil, from the hook or for it, means no fault.
func (h *Hook[R, F]) Set(hook func(R) *F) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hook = hook
}

// For asks the hook, without a lock, so that it may call the service.
func (h *Hook[R, F]) For(r R) F {
	h.mu.Lock()
	hook := h.hook
	h.mu.Unlock()
	var none F
	if hook == nil {
		return none
	}
	if f := hook(r); f != nil {
		return *f
	}
	return none
}

// Pause waits and reports whether the caller is still there.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Reset closes the connection so that the caller sees a reset, not an end.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the next best thing
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // no close_notify
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
