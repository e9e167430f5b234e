// Package fc is the platform side of Alibaba Cloud Function Compute 3.0
// on one machine: it starts a function's real binary as a child process and
// talks to it over the real protocols. No container engine, no account and no
// network beyond 127.0.0.1 are needed.
//
// # Use
//
// [Start] runs the binary and returns once it asks for work. [Function.Invoke]
// sends one event. [Function.Handler] is the HTTP front door: the InvokeFunction
// API, and the HTTP trigger on every other path. [Function.Stop] ends the
// instance. [RuntimeAPI] alone serves an SDK loop that runs in the same process.
//
// # Runtimes
//
// "go1" speaks the Runtime API: the child polls for invocations and posts their
// answers. "custom.debian12" speaks HTTP: the child listens on
// FC_CUSTOM_LISTEN_PORT and receives POST /invoke, POST /initialize, GET
// /pre-stop, and HTTP trigger requests under their own path.
//
// # What holds
//
// The child sees only the variables named in [Config] and those the platform
// sets. Each invocation carries its own credentials and deadline. An invocation
// beyond its timeout is answered with an error and its instance is killed. After
// a death the next invocation starts a new instance.
//
// # What is assumed
//
// Nothing here was compared with a live account. These choices rest on no
// published page: the text of a timeout answer; UnhandledInvocationError for
// every failure of a Go function; HTTP status 502 when a function behind an HTTP
// trigger fails; which content types are binary; the inner names of the
// destination payload; the answer to a task ID that is known; the status of a second answer to one invocation; SIGTERM
// before an instance ends; several invocations at a time in go1. An HTTP trigger answer without a statusCode
// is refused, stricter than the platform is remembered to be.
//
// # What it does not do
//
// It runs one instance, limits no memory, and sends asynchronous HTTP trigger calls
// only in go1.
package fc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"bucketwarden/internal/local/rpc"
)

// The two runtimes that [Config] Runtime accepts.
const (
	RuntimeGo1    = "go1"
	RuntimeCustom = "custom.debian12"
)

// UnhandledInvocationError is the platform's name for a function that failed:
// it returned an error, panicked, exited or ran out of time.
const UnhandledInvocationError = "UnhandledInvocationError"

// Credentials are the temporary keys of the function's role.
type Credentials struct {
	// AccessKeyID names the key; empty means that the function has no role.
	AccessKeyID string
	// AccessKeySecret signs requests.
	AccessKeySecret string
	// SecurityToken goes with every request signed by a temporary key.
	SecurityToken string
}

// DefaultTimeout limits one invocation.
const DefaultTimeout = time.Minute

// Config describes one function. Only Command is required.
type Config struct {
	// Command is the function's executable and its arguments.
	Command []string
	// Dir is the working directory; empty means the caller's own.
	Dir string
	// Env holds the function's variables as KEY=VALUE. FC_* and
	// ALIBABA_CLOUD_* come from the platform and win over these.
	Env []string
	// Runtime is RuntimeGo1, the default, or RuntimeCustom.
	Runtime string
	// FunctionName defaults to bucketwarden.
	FunctionName string
	// Handler defaults to main.
	Handler string
	// Region defaults to cn-hangzhou.
	Region string
	// AccountID defaults to 1234567890123456.
	AccountID string
	// Qualifier is the version or alias, LATEST by default.
	Qualifier string
	// MemoryMB is the memory that the platform reports to the function, 512 by default.
	MemoryMB int
	// Timeout limits one invocation, [DefaultTimeout] by default.
	Timeout time.Duration
	// Promise returns the time-out that the deadline of an attempt shows; nil for Timeout.
	// Tests of very short invocations set it, so that a slow machine ends none by force.
	Promise func(event []byte, retry int) time.Duration
	// StartTimeout limits the time until the child asks for work, 20 s by default.
	StartTimeout time.Duration
	// StopGrace is the time between SIGTERM and SIGKILL, 10 s by default.
	StopGrace time.Duration
	// Credentials is asked at each start, for the environment, and for each
	// invocation, for its headers. Nil means a function without a role.
	Credentials func() Credentials
	// Initializer calls the initializer hook before the first invocation.
	Initializer bool
	// PreStop calls the pre-stop hook before the instance ends.
	PreStop bool
	// Concurrency is the most invocations in flight, 200 by default.
	Concurrency int
	// MaxAsyncRetryAttempts repeats a failed asynchronous invocation: 0 means
	// the platform's default of 3, a negative number means never.
	MaxAsyncRetryAttempts int
	// AsyncRetryPause is the time between those, 100 ms by default; the
	// platform waits longer.
	AsyncRetryPause time.Duration
	// AsyncTask keeps the states of asynchronous invocations, and refuses a task ID
	// that it knows (the platform's asyncTask). Without it task IDs mean nothing.
	AsyncTask bool
	// IgnoreTaskIDs keeps the states but starts a task whose ID it knows once more, as
	// a platform does that does not honour the IDs.
	IgnoreTaskIDs bool
	// Gateway verifies the signatures of the function's API; nil for none.
	Gateway *rpc.Gateway
	// SignedTrigger is an HTTP trigger with authType function, whose signatures
	// Gateway verifies.
	SignedTrigger bool
	// TestDomain is an HTTP trigger at the platform's own domain (*.fcapp.run), which
	// adds Content-Disposition: attachment to every answer, so that browsers download
	// it, and Access-Control-Expose-Headers.
	TestDomain bool
	// OnResult receives every event that was sent to the function, at each attempt,
	// with what came of it. It may be called from several goroutines and must not
	// call Function.Stop.
	OnResult func(event []byte, r Result)
	// OnSuccess receives the destination payload, as JSON, of an asynchronous
	// invocation that succeeded. It must not call Function.Stop.
	OnSuccess func(destination []byte)
	// OnFailure receives the destination payload, as JSON, of an asynchronous
	// invocation whose last attempt failed. It must not call Function.Stop,
	// which waits for it.
	OnFailure func(destination []byte)
	// Log receives the child's standard output and error in complete lines,
	// one Write at a time.
	Log io.Writer
}

func (c Config) withDefaults() Config {
	c.Runtime = cmp.Or(c.Runtime, RuntimeGo1)
	c.FunctionName = cmp.Or(c.FunctionName, "bucketwarden")
	c.Handler = cmp.Or(c.Handler, "main")
	c.Region = cmp.Or(c.Region, "cn-hangzhou")
	c.AccountID = cmp.Or(c.AccountID, "1234567890123456")
	c.Qualifier = cmp.Or(c.Qualifier, "LATEST")
	c.MemoryMB = cmp.Or(c.MemoryMB, 512)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.StartTimeout = cmp.Or(c.StartTimeout, 20*time.Second)
	c.StopGrace = cmp.Or(c.StopGrace, 10*time.Second)
	c.Concurrency = cmp.Or(c.Concurrency, 200)
	c.MaxAsyncRetryAttempts = cmp.Or(c.MaxAsyncRetryAttempts, 3)
	c.AsyncRetryPause = cmp.Or(c.AsyncRetryPause, 100*time.Millisecond)
	if c.Credentials == nil {
		c.Credentials = func() Credentials { return Credentials{} }
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return c
}

func (c Config) check() error {
	if len(c.Command) == 0 {
		return errors.New("localfc: no command")
	}
	if c.Runtime != RuntimeGo1 && c.Runtime != RuntimeCustom {
		return fmt.Errorf("localfc: runtime %q is neither %s nor %s", c.Runtime, RuntimeGo1, RuntimeCustom)
	}
	return nil
}

// Result is the outcome of one invocation that the platform could carry out.
type Result struct {
	// RequestID names the invocation, InstanceID the instance that it ran on.
	RequestID, InstanceID string
	// Payload is the handler's answer, or, when FunctionError is set, JSON with
	// errorMessage and, as far as known, errorType and stackTrace.
	Payload []byte
	// FunctionError is empty on success, else UnhandledInvocationError.
	FunctionError string
	// TimedOut tells that the function exceeded Config.Timeout.
	TimedOut bool
	// Duration is the time the function took.
	Duration time.Duration
	// Log is the tail, at most 4 KB, of what the child wrote meanwhile.
	// Invocations that overlap share it.
	Log string
}

// ErrorType returns the errorType of a failed invocation, else "".
func (r Result) ErrorType() string { return r.failure().Type }

// ErrorMessage returns the errorMessage of a failed invocation, else "".
func (r Result) ErrorMessage() string { return r.failure().Message }

// failure is the error payload without the stack.
type failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType,omitempty"`
}

func (r Result) failure() failure {
	var f failure
	if r.FunctionError == "" || json.Unmarshal(r.Payload, &f) != nil {
		return failure{}
	}
	return f
}

// fail turns r into a failed result that says message.
func (r Result) fail(message string) Result {
	r.FunctionError = UnhandledInvocationError
	r.Payload = marshal(failure{Message: message})
	return r
}

// marshal encodes values of this package, none of which can fail to encode.
func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
