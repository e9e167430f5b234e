// Package stack puts the function, a local OSS and a local Function Compute
// together on one machine: no account, no container engine, no network. `make
// demo`, `make invoke`, `make local` and the stories in internal/e2e share it.
package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"bucketwarden/internal/local/cloud"
	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/resourcedirectory"
	"bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/internal/local/wire"
)

// Account and Region are where everything local is.
const (
	Account = wire.DefaultAccount
	Region  = cloud.Region
	Role    = "oss-encryption-guard" // as in the sample of the function's own write
)

// UserKey is a long-lived key of the account, for people and their OSS clients.
var UserKey = cloud.UserKey

// BuildFlags are go build's wherever the function is built. HTTP/2 is left out: OSS,
// KMS, STS and the platform are spoken to in HTTP/1.1, and it is a twentieth of the
// binary.
var BuildFlags = []string{"-trimpath", "-tags=nethttpomithttp2"}

// Build compiles the function as it is deployed but for its symbols, which it
// keeps, into dir, and returns the executable's path. flags are added to go build's.
func Build(ctx context.Context, root, dir string, flags ...string) (string, error) {
	bin := filepath.Join(dir, "main")
	args := slices.Concat([]string{"build", "-o", bin}, BuildFlags, flags, []string{"."})
	cmd := exec.CommandContext(ctx, "go", args...)
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
	// Binary is the function's executable; not needed with Command.
	Binary string
	// Command starts the function in place of Binary: an executable and its
	// arguments.
	Command []string
	// Env holds the function's settings, as NAME=value. Where OSS, KMS and STS are
	// need not be in it.
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
	// Keys are the KMS keys that exist; nil means the samples'.
	Keys []localkms.Key
	// Roles are the roles that other accounts have for the function.
	Roles []localsts.Role
	// Members are the accounts of the organisation whose management account is the
	// function's.
	Members []resourcedirectory.Account
	// Dir is a directory for files that the function reads; empty means one that
	// Close removes.
	Dir string
	// TLS lets the local OSS speak HTTPS.
	TLS bool
	// Signed makes the front of the function as strict as it is when s.yaml is
	// deployed: its API and its HTTP trigger take signed requests only, and the
	// trigger's answers have the headers of the platform's own domain.
	Signed bool
	// Front wraps the local OSS, for what is not a call of a client.
	Front func(http.Handler) http.Handler
	// OnResult receives what comes of each event.
	OnResult func(event []byte, r localfc.Result)
	// Configure may change how the function is started.
	Configure func(*localfc.Config)
}

// Stack is the function with what it speaks to.
type Stack struct {
	*cloud.Cloud
	Function *localfc.Function

	ossAddr  string
	sessions atomic.Int64
	kept     int64
}

// Start starts the local services, and the function with credentials that rotate:
// at every invocation the platform hands out a new key, as a role's session has.
func Start(ctx context.Context, o Options) (*Stack, error) {
	c, err := cloud.Start(ctx, cloud.Options{
		AccountID: Account, OSS: o.OSS, OSSAddr: o.OSSAddr, TLS: o.TLS, KMSKeys: o.Keys, Roles: o.Roles, Members: o.Members, Dir: o.Dir, Front: o.Front,
	})
	if err != nil {
		return nil, err
	}
	s := &Stack{Cloud: c, ossAddr: c.OSSAddr, kept: cmp.Or(o.Sessions, 256)}
	if err := s.StartFunction(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// StartFunction starts the function, after it was stopped also with other
// options.
func (s *Stack) StartFunction(ctx context.Context, o Options) error {
	env := append(s.Env(), "WARDEN_ROLE_NAME="+Role)
	cfg := localfc.Config{
		Command:     o.Command,
		Env:         append(env, o.Env...), // what comes last counts
		Region:      Region,
		AccountID:   Account,
		Credentials: s.session,
		Initializer: true,
		PreStop:     true,
		Log:         o.Log,
	}
	if len(cfg.Command) == 0 {
		cfg.Command = []string{o.Binary}
	}
	if o.Signed {
		cfg.Gateway = rpc.New(rpc.Options{AccountID: Account, Keys: s.Keys}, "2023-03-30", nil)
		cfg.SignedTrigger, cfg.TestDomain = true, true
	}
	if o.Configure != nil {
		o.Configure(&cfg)
	}
	observed(&cfg, o.OnResult)
	f, err := localfc.Start(ctx, cfg)
	if exit, ended := errors.AsType[*localfc.ExitError](err); ended {
		return &StartError{exit}
	}
	if err != nil {
		return err
	}
	s.Function = f
	return nil
}

// StartError reports a function that ended when it was started, most often because
// of its settings.
type StartError struct{ cause *localfc.ExitError }

// Error is what the function printed: it says which setting is wrong.
func (e *StartError) Error() string {
	return fmt.Sprintf("the function did not start (%v):\n%s", e.cause.State, strings.TrimSpace(e.cause.Log))
}

// Unwrap returns the *[localfc.ExitError].
func (e *StartError) Unwrap() error { return e.cause }

// session returns a new key of the function's role and ends the oldest, so a
// function that keeps a key fails sooner or later.
func (s *Stack) session() localfc.Credentials {
	n := s.sessions.Add(1)
	key := localoss.Key{
		AccessKeyID:     fmt.Sprintf("STS.local%06d", n),
		AccessKeySecret: fmt.Sprintf("session-secret-%06d", n),
		SecurityToken:   fmt.Sprintf("session-token-%06d", n),
	}
	key.Name = Role + "/fc"
	s.AddKey(key)
	s.Keys.Remove(fmt.Sprintf("STS.local%06d", n-s.kept))
	return localfc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken}
}

// Close stops the function and the rest.
func (s *Stack) Close(ctx context.Context) error {
	return errors.Join(s.Function.Stop(ctx), s.Cloud.Close())
}
