// Command pagestack keeps the function up behind a local HTTP trigger, over a
// local OSS with buckets of all kinds, for tests that come from outside the
// module: a browser's, an SDK's. It prints one line of JSON with the addresses
// and ends when its standard input does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"

	"bucketwarden/handler/service"
	"bucketwarden/handler/web"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// addresses are what is printed.
type addresses struct {
	// Trigger is the HTTP trigger of the built function.
	Trigger string `json:"trigger"`
	// Direct is the same handler behind a plain HTTP server.
	Direct string `json:"direct"`
	// Buckets is how many the account has.
	Buckets int `json:"buckets"`
	// Console is the console of the local OSS, with -console only.
	Console string `json:"console,omitempty"`
}

func main() {
	buckets := flag.Int("buckets", 0, "how many more buckets there are")
	root := flag.String("root", ".", "the module's directory")
	addr := flag.String("addr", "127.0.0.1:0", "where the trigger listens")
	policy := flag.String("policy", "", "policy file of the function")
	console := flag.Bool("console", false, "serve what `bucketwarden local` serves, with its console")
	history := flag.String("history", "", "print a page in this language that compares with earlier reports, and end")
	accounts := flag.Int("accounts", 0, "serve only the page of an organisation of so many accounts")
	only := flag.Int("only", -1, "have just so many buckets, all compliant")
	env := []string{settings.HTTPAuth + "=platform", settings.HTTPAllow + "=report,apply,events"}
	flag.Func("env", "set a setting of the function, as NAME=VALUE", func(s string) error {
		env = append(env, s)
		return nil
	})
	flag.Parse()
	if *history != "" {
		if err := writeHistory(os.Stdout, *history); err != nil {
			fmt.Fprintln(os.Stderr, "pagestack:", err)
			os.Exit(1)
		}
		return
	}
	if *only >= 0 {
		*buckets = *only
	}
	if *accounts > 0 {
		if err := estate(context.Background(), *accounts); err != nil {
			fmt.Fprintln(os.Stderr, "pagestack:", err)
			os.Exit(1)
		}
		return
	}
	do := func(ctx context.Context, binary string) error {
		return run(ctx, binary, *addr, append(env, settings.Policy+"="+*policy), account{more: *buckets, plain: *only >= 0})
	}
	if *console {
		do = serve
	}
	if err := withBinary(context.Background(), *root, do); err != nil {
		fmt.Fprintln(os.Stderr, "pagestack:", err)
		os.Exit(1)
	}
}

// withBinary builds the function for the time of one run.
func withBinary(ctx context.Context, root string, do func(context.Context, string) error) error {
	dir, err := os.MkdirTemp("", "pagestack")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := stack.Build(ctx, root, dir)
	if err != nil {
		return err
	}
	return do(ctx, binary)
}

// serve is for the tests of the console's page.
func serve(ctx context.Context, binary string) error {
	s, err := stack.Serve(ctx, stack.Options{Binary: binary, Log: os.Stderr}, stack.Addresses{}, os.Stderr)
	if err != nil {
		return err
	}
	return errors.Join(untilDone(addresses{Console: "http://" + s.At.Console}), s.Close(ctx))
}

// untilDone prints the addresses and waits until the caller lets go of the input.
func untilDone(at addresses) error {
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// account says which buckets there are: those of all kinds, unless it is plain, and
// more of a large account.
type account struct {
	more  int
	plain bool
}

func run(ctx context.Context, binary, addr string, env []string, a account) error {
	st, err := stack.Start(ctx, stack.Options{Binary: binary, Log: os.Stderr, Env: env})
	if err != nil {
		return err
	}
	count := fill(st.OSS, a)
	trigger, err := wire.Listen(ctx, addr, st.Function.Handler(), nil)
	if err != nil {
		return err
	}
	direct, err := wire.Listen(ctx, "", directHandler(st.OSSURL), nil)
	if err != nil {
		return err
	}
	err = untilDone(addresses{Trigger: trigger.URL, Direct: direct.URL, Buckets: count})
	return errors.Join(err, trigger.Close(), direct.Close(), st.Close(ctx))
}

// directHandler is the handler as a server of one's own would use it.
func directHandler(ossURL string) http.Handler {
	endpoints := alicloud.Endpoints{Default: ossURL, Own: stack.Region}
	client := alicloud.NewClient(endpoints, alicloud.NewTransport(), nil)
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor})
	warden := &ossenc.Warden{Store: client, Lister: client, Policy: policy.Evaluator{Policy: required}}
	s := &service.Service{
		Warden: func() service.Warden { return warden.ForInvocation() },
		Policy: required,
		Log:    slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	allow := []web.Scope{web.ScopeReport, web.ScopeApply, web.ScopeEvents}
	inner := web.New(s, web.Auth{Mode: web.AuthPlatform, Allow: allow})
	id := ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: stack.UserKey.AccessKeyID, AccessKeySecret: stack.UserKey.AccessKeySecret},
		Region:      stack.Region, AccountID: stack.Account,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(ossenc.WithIdentity(r.Context(), id)))
	})
}

// fill creates the buckets and returns their number.
func fill(server *localoss.Server, a account) int {
	faults := map[string]localoss.Fault{}
	all := compliant(a.more)
	if !a.plain {
		all = append(kinds(faults), many(a.more)...)
	}
	for _, b := range all {
		server.PutBucket(b)
	}
	server.SetFault(func(r localoss.Request) *localoss.Fault {
		if f, ok := faults[r.Bucket]; ok {
			return &f
		}
		return nil
	})
	return len(all)
}
