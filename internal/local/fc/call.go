package fc

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// hook tells what the child is asked for; the values are those of the header
// x-fc-function-type.
type hook int

const (
	hookInvoke     hook = 0
	hookInitialize hook = 1
	hookPreStop    hook = 2
)

// The headers that more than one protocol uses.
const (
	headerRequestID    = "X-Fc-Request-Id"
	headerFunctionType = "X-Fc-Function-Type"
	headerErrorType    = "X-Fc-Error-Type"
)

var errTimedOut = errors.New("localfc: invocation timed out")

// call is one request to the child.
type call struct {
	hook   hook
	id     string
	retry  int
	event  []byte
	header http.Header
}

// answer is what the child made of a call.
type answer struct {
	payload []byte
	failed  bool
}

// caller carries a call to the child. Its error means that no answer came.
type caller interface {
	call(ctx context.Context, c call) (answer, error)
}

// header returns what the platform tells the function with every call.
func (c Config) header(id string, retry int, deadline time.Time) http.Header {
	keys := c.Credentials()
	h := http.Header{}
	h.Set(headerRequestID, id)
	h.Set("X-Fc-Function-Name", c.FunctionName)
	h.Set("X-Fc-Function-Handler", c.Handler)
	h.Set("X-Fc-Function-Memory", strconv.Itoa(c.MemoryMB))
	h.Set("X-Fc-Function-Timeout", strconv.Itoa(c.seconds()))
	h.Set("X-Fc-Function-Deadline", strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set("X-Fc-Access-Key-Id", keys.AccessKeyID)
	h.Set("X-Fc-Access-Key-Secret", keys.AccessKeySecret)
	h.Set("X-Fc-Security-Token", keys.SecurityToken)
	h.Set("X-Fc-Region", c.Region)
	h.Set("X-Fc-Account-Id", c.AccountID)
	h.Set("X-Fc-Qualifier", c.Qualifier)
	h.Set("X-Fc-Version-Id", c.Qualifier)
	if retry > 0 {
		h.Set("X-Fc-Retry-Count", strconv.Itoa(retry))
	}
	return h
}

// seconds is the timeout as the platform states it: whole seconds, at least one.
func (c Config) seconds() int {
	return max(1, int((c.Timeout+time.Second-1)/time.Second))
}

// perform sends k through to and turns the outcome into a Result. The timeout
// starts here, so that k.header can name the deadline.
func (c Config) perform(ctx context.Context, to caller, k call) (Result, error) {
	start := time.Now()
	ctx, cancel := context.WithDeadlineCause(ctx, start.Add(c.Timeout), errTimedOut)
	defer cancel()
	promised := c.Timeout
	if c.Promise != nil {
		promised = c.Promise(k.event, k.retry)
	}
	k.header = c.header(k.id, k.retry, start.Add(promised))
	a, err := to.call(ctx, k)
	r := Result{RequestID: k.id, Payload: a.payload, Duration: time.Since(start)}
	if errors.Is(err, errTimedOut) {
		return c.timedOut(r), nil
	}
	if a.failed {
		r.FunctionError = UnhandledInvocationError
	}
	return r, err
}

func (c Config) timedOut(r Result) Result {
	r.TimedOut = true
	return r.fail(fmt.Sprintf("Function timed out after %d seconds", c.seconds()))
}

// settle makes the function's failure out of an error that is its fault, and
// passes any other error on.
func (c Config) settle(r Result, err error) (Result, error) {
	if errors.Is(err, errTimedOut) {
		return c.timedOut(r), nil
	}
	if _, died := errors.AsType[*ExitError](err); died {
		return r.fail(fmt.Sprintf(
			"Process exited unexpectedly before completing request (duration: %dms, maxMemoryUsage: 0MB)",
			r.Duration.Milliseconds())), nil
	}
	return r, err
}

// newID returns an identifier in the platform's form, such as
// 1-65f00000-15a4c5d6-0123456789ab.
func newID(prefix string) string {
	var b [10]byte
	rand.Read(b[:])
	return fmt.Sprintf("%s-%08x-%08x-%012x", prefix, time.Now().Unix(),
		binary.BigEndian.Uint32(b[:4]), b[4:])
}
