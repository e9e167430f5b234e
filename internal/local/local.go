// Package local puts the function, a local OSS and a local Function Compute
// together on one machine: no account, no container engine, no network. `make
// demo`, `make invoke`, `make local` and the stories in internal/e2e share it.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"bucketwarden/internal/localfc"
	"bucketwarden/internal/localoss"
)

// Account and Region are where everything local is.
const (
	Account = "1234567890123456"
	Region  = "cn-hangzhou"
	Role    = "oss-encryption-guard" // as in the sample of the function's own write
)

// UserKey is a long-lived key of the account, for people and their OSS clients.
var UserKey = localoss.Key{AccessKeyID: "LTAIlocal", AccessKeySecret: "local-secret"}

// Build compiles the function as it is deployed, into dir, and returns the
// executable's path. flags are added to go build's.
func Build(ctx context.Context, root, dir string, flags ...string) (string, error) {
	bin := filepath.Join(dir, "main")
	args := append([]string{"build", "-trimpath", "-o", bin}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = root
	if !slices.Contains(flags, "-race") {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // static, as the platform needs it
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// Options configures a [Stack]. Only Binary is required.
type Options struct {
	// Binary is the function's executable.
	Binary string
	// Env holds the function's settings, as NAME=value. WARDEN_OSS_ENDPOINT is
	// the local OSS unless it is set here.
	Env []string
	// Log receives what the function prints, one line at a time.
	Log io.Writer
	// OSSAddr is where the local OSS listens; 127.0.0.1:0 by default.
	OSSAddr string
	// OSS configures the local OSS.
	OSS localoss.Options
	// Sessions is how many keys of the role work at the same time, the newest
	// ones; 256 by default.
	Sessions int64
	// Configure may change how the function is started.
	Configure func(*localfc.Config)
}

// Stack is the function between its two neighbours.
type Stack struct {
	OSS      *localoss.Server
	OSSURL   string
	Function *localfc.Function

	server   *http.Server
	sessions atomic.Int64
	kept     int64
}

// Start starts the local OSS, and the function with credentials that rotate: at
// every invocation the platform hands out a new key, as a role's session has.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{OSS: localoss.New(o.OSS), kept: cmp.Or(o.Sessions, 256)}
	s.OSS.AddKey(UserKey)
	addr := o.OSSAddr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the local OSS: %w", err)
	}
	s.OSSURL = "http://" + l.Addr().String()
	s.server = &http.Server{Handler: s.OSS}
	go func() { _ = s.server.Serve(l) }() // ends with ErrServerClosed
	if err := s.StartFunction(ctx, o); err != nil {
		return nil, errors.Join(err, s.server.Close())
	}
	return s, nil
}

// StartFunction starts the function, after it was stopped also with other
// options.
func (s *Stack) StartFunction(ctx context.Context, o Options) error {
	env := o.Env
	if !strings.Contains(strings.Join(env, "\n"), "WARDEN_OSS_ENDPOINT=") {
		env = append([]string{"WARDEN_OSS_ENDPOINT=" + s.OSSURL}, env...)
	}
	cfg := localfc.Config{
		Command:     []string{o.Binary},
		Env:         append([]string{"WARDEN_ROLE_NAME=" + Role}, env...),
		Region:      Region,
		AccountID:   Account,
		Credentials: s.session,
		Initializer: true,
		PreStop:     true,
		Log:         o.Log,
	}
	if o.Configure != nil {
		o.Configure(&cfg)
	}
	f, err := localfc.Start(ctx, cfg)
	if err != nil {
		return err
	}
	s.Function = f
	return nil
}

// session returns a new key of the function's role and ends the oldest, so a
// function that keeps a key fails sooner or later.
func (s *Stack) session() localfc.Credentials {
	n := s.sessions.Add(1)
	key := localoss.Key{
		AccessKeyID:     fmt.Sprintf("STS.local%06d", n),
		AccessKeySecret: fmt.Sprintf("session-secret-%06d", n),
		SecurityToken:   fmt.Sprintf("session-token-%06d", n),
	}
	s.OSS.AddKey(key)
	s.OSS.RemoveKey(fmt.Sprintf("STS.local%06d", n-s.kept))
	return localfc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken}
}

// Close stops the function and the local OSS.
func (s *Stack) Close(ctx context.Context) error {
	return errors.Join(s.Function.Stop(ctx), s.server.Close())
}
