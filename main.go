// Command bucketwarden is a function for Alibaba Cloud Function Compute that
// keeps the default server-side encryption of OSS buckets as wanted. It reads
// its settings from WARDEN_ environment variables (see README.md) and runs in
// the runtimes go1 and custom.debian12; `make demo` shows it without an account.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc/alicloud"

	"bucketwarden/handler"
	"bucketwarden/handler/service"
	"bucketwarden/handler/web"
	"bucketwarden/internal/fcruntime"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/kms"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"
)

func main() {
	// Whatever zone the platform sets, the log tells UTC, and the first event does
	// not wait for the zone's file.
	time.Local = time.UTC
	if err := run(context.Background(), os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bucketwarden:", err)
		os.Exit(1)
	}
}

// run wires the function and serves invocations until the platform ends it.
func run(ctx context.Context, environ []string, out io.Writer) error {
	cfg, err := configFrom(environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: cfg.logLevel}))
	warden := newWarden(cfg, log)
	svc := &service.Service{
		Enforcer: warden,
		Sweeper:  warden,
		Desired:  cfg.want,
		OwnRole:  cfg.ownRole,
		Log:      log,
	}
	if p := cfg.policy; p != nil {
		svc.MaxChanges = p.MaxChanges
		svc.EndingSoon = func(now time.Time) []ossenc.Exemption { return p.EndingSoon(now, 14*24*time.Hour) }
	}
	routes := web.New(svc, cfg.auth)
	h := &handler.Handler{Service: svc, HTTP: routes}
	cfg.runtime.Web = routes
	return fcruntime.Run(ctx, cfg.runtime, h.Invoke, log)
}

// newWarden wires the domain: one transport and one chain of credentials for all.
func newWarden(cfg config, log *slog.Logger) *ossenc.Warden {
	transport := alicloud.NewTransportWith(&tlsdial.Dialer{Roots: cfg.roots, Report: func(u tlsdial.Used) {
		log.Debug("root certificates", "from", u.String(), "parsed", u.Parsed, "found", u.Found, "because", fmt.Sprint(u.Because))
	}})
	var chain alicloud.Chain
	client := alicloud.NewClient(cfg.endpoints, transport, chain.Credentials)
	w := &ossenc.Warden{
		Store:  client,
		Lister: client,
		Keys:   ossenc.CacheKeys(kms.NewClient(cfg.kms, transport, chain.Credentials)),
		Report: cfg.want.Report,
	}
	if cfg.policy == nil {
		return w
	}
	w.Policy = policy.Evaluator{Policy: cfg.policy, Tags: client}
	if len(cfg.policy.Accounts) > 0 {
		alicloud.ShareWithSTS(transport)
		roles := map[string]alicloud.Role{}
		for _, a := range cfg.policy.Accounts {
			roles[a.ID] = alicloud.Role{ARN: a.RoleARN}
		}
		w.Accounts = &alicloud.Accounts{Roles: roles, STSEndpoint: cfg.sts, Internal: cfg.endpoints.Internal, Fallback: chain.Credentials}
	}
	return w
}

// config is every setting, read once.
type config struct {
	want      ossenc.Desired
	policy    *policy.Policy // nil: want is for all buckets
	endpoints alicloud.Endpoints
	kms       alicloud.Endpoints
	sts       string // host; empty for the public cloud's
	roots     tlsdial.Source
	ownRole   string
	auth      web.Auth
	logLevel  slog.Level
	runtime   fcruntime.Config
}

// settings are the names that configFrom knows. One that it does not know is an
// error: a misspelt setting must not be a weaker rule.
var settings = []string{
	"WARDEN_ALGORITHM", "WARDEN_KMS_KEY_ID", "WARDEN_KMS_DATA_ENCRYPTION",
	"WARDEN_COMPARE", "WARDEN_MODE", "WARDEN_POLICY",
	"WARDEN_OSS_ENDPOINT", "WARDEN_OSS_INTERNAL", "WARDEN_KMS_ENDPOINT", "WARDEN_STS_ENDPOINT",
	"WARDEN_ROLE_NAME", "WARDEN_LOG_LEVEL",
	"WARDEN_HTTP_AUTH", "WARDEN_HTTP_TOKENS", "WARDEN_HTTP_ALLOW",
	"WARDEN_EVENTBRIDGE_URL", "WARDEN_EVENTBRIDGE_CERT",
}

// configFrom reads the environment and returns every problem of all settings,
// joined.
func configFrom(environ []string) (config, error) {
	r := reader{values: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		r.values[name] = value
		if strings.HasPrefix(name, "WARDEN_") && !slices.Contains(settings, name) {
			r.problem(name, errors.New("there is no such setting"))
		}
	}
	cfg := config{
		want: ossenc.Desired{
			Rule:    r.rule(),
			Compare: oneOf(&r, "WARDEN_COMPARE", ossenc.Floor, ossenc.Exact),
			Report:  oneOf(&r, "WARDEN_MODE", "enforce", "report") == "report",
		},
		policy:    r.policy(),
		endpoints: r.endpoints(),
		kms:       r.kms(),
		sts:       r.sts(),
		roots:     tlsdial.System(r.values["SSL_CERT_FILE"], r.values["SSL_CERT_DIR"]),
		ownRole:   r.values["WARDEN_ROLE_NAME"],
		auth:      r.auth(),
		logLevel:  r.logLevel(),
		runtime:   fcruntime.ConfigFrom(r.values),
	}
	if cfg.policy != nil { // it decides; what is left of the settings is the mode
		cfg.want = ossenc.Desired{Report: cfg.want.Report}
	}
	return cfg, r.err()
}

type reader struct {
	values   map[string]string
	problems []string
}

func (r *reader) problem(name string, err error) {
	for line := range strings.Lines(err.Error()) {
		r.problems = append(r.problems, "  "+name+": "+strings.TrimSpace(line))
	}
}

func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("%d problem(s) in the settings:\n%s", len(r.problems), strings.Join(r.problems, "\n"))
}

func (r *reader) rule() ossenc.Rule {
	rule, err := ossenc.NewRule(cmp.Or(r.values["WARDEN_ALGORITHM"], ossenc.AES256), r.values["WARDEN_KMS_KEY_ID"], r.values["WARDEN_KMS_DATA_ENCRYPTION"])
	if err != nil {
		r.problem("WARDEN_ALGORITHM, WARDEN_KMS_KEY_ID, WARDEN_KMS_DATA_ENCRYPTION", err)
	}
	return rule
}

// policy reads the policy file. The settings that it replaces must not stand
// beside it: one of the two would be ignored in silence.
func (r *reader) policy() *policy.Policy {
	file := r.values["WARDEN_POLICY"]
	if file == "" {
		return nil
	}
	for _, name := range []string{"WARDEN_ALGORITHM", "WARDEN_KMS_KEY_ID", "WARDEN_KMS_DATA_ENCRYPTION", "WARDEN_COMPARE"} {
		if r.values[name] != "" {
			r.problem(name, errors.New("means nothing beside WARDEN_POLICY, which says what is wanted"))
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		r.problem("WARDEN_POLICY", err)
		return nil
	}
	p, err := policy.Parse(file, data)
	if err != nil {
		r.problem("WARDEN_POLICY", err)
		return nil
	}
	return p
}

func (r *reader) kms() alicloud.Endpoints {
	e, err := alicloud.ParseEndpoints(r.values["WARDEN_KMS_ENDPOINT"])
	if err != nil {
		r.problem("WARDEN_KMS_ENDPOINT", err)
	}
	e.Own, e.Internal = r.values["FC_REGION"], r.values["WARDEN_OSS_INTERNAL"] == "true"
	return e
}

func (r *reader) sts() string {
	if r.values["WARDEN_STS_ENDPOINT"] == "" {
		return ""
	}
	host, err := alicloud.ParseSTSEndpoint(r.values["WARDEN_STS_ENDPOINT"])
	if err != nil {
		r.problem("WARDEN_STS_ENDPOINT", err)
	}
	return host
}

func (r *reader) endpoints() alicloud.Endpoints {
	e, err := alicloud.ParseEndpoints(r.values["WARDEN_OSS_ENDPOINT"])
	if err != nil {
		r.problem("WARDEN_OSS_ENDPOINT", err)
	}
	e.Setting = "WARDEN_OSS_ENDPOINT"
	e.Own = r.values["FC_REGION"]
	e.Internal = oneOf(r, "WARDEN_OSS_INTERNAL", "false", "true") == "true"
	if e.Internal && r.values["WARDEN_OSS_ENDPOINT"] != "" {
		r.problem("WARDEN_OSS_INTERNAL", errors.New("means nothing beside WARDEN_OSS_ENDPOINT; set one of them"))
	}
	return e
}

// auth reads who may do what over HTTP. A setting that would mean nothing is an
// error: somebody relies on it.
func (r *reader) auth() web.Auth {
	a := web.Auth{ModeSetting: "WARDEN_HTTP_AUTH", AllowSetting: "WARDEN_HTTP_ALLOW", Mode: oneOf(r, "WARDEN_HTTP_AUTH", web.AuthNone, web.AuthPlatform, web.AuthTokens)}
	var err error
	if a.Tokens, err = web.ParseTokens(r.values["WARDEN_HTTP_TOKENS"]); err != nil {
		r.problem("WARDEN_HTTP_TOKENS", err)
	}
	if a.Allow, err = web.ParseScopes(cmp.Or(r.values["WARDEN_HTTP_ALLOW"], "report,apply")); err != nil {
		r.problem("WARDEN_HTTP_ALLOW", err)
	}
	a.EventBridge = r.eventBridge()
	for _, name := range []string{"WARDEN_HTTP_TOKENS", "WARDEN_EVENTBRIDGE_URL", "WARDEN_EVENTBRIDGE_CERT"} {
		if r.values[name] != "" && a.Mode != web.AuthTokens {
			r.problem(name, errors.New("means nothing unless WARDEN_HTTP_AUTH is tokens"))
		}
	}
	if a.Mode == web.AuthTokens && len(a.Tokens) == 0 && a.EventBridge == nil && err == nil {
		r.problem("WARDEN_HTTP_AUTH", errors.New("is tokens, and WARDEN_HTTP_TOKENS names none"))
	}
	return a
}

// eventBridge reads how deliveries of EventBridge are told, nil if they are not.
func (r *reader) eventBridge() *web.EventBridge {
	targets, certificate := r.values["WARDEN_EVENTBRIDGE_URL"], r.values["WARDEN_EVENTBRIDGE_CERT"]
	if targets == "" && certificate == "" {
		return nil
	}
	if targets == "" || certificate == "" {
		r.problem("WARDEN_EVENTBRIDGE_URL, WARDEN_EVENTBRIDGE_CERT", errors.New("set both or none"))
		return nil
	}
	urls, err := web.ParseTargets(targets)
	if err != nil {
		r.problem("WARDEN_EVENTBRIDGE_URL", err)
	}
	cert, err := web.ParseCertificate(certificate, os.ReadFile)
	if err != nil {
		r.problem("WARDEN_EVENTBRIDGE_CERT", err)
	}
	return web.NewEventBridge(urls, cert, alicloud.NewTransport())
}

func (r *reader) logLevel() slog.Level {
	var level slog.Level
	name := oneOf(r, "WARDEN_LOG_LEVEL", "info", "debug", "warn", "error")
	if err := level.UnmarshalText([]byte(name)); err != nil {
		r.problem("WARDEN_LOG_LEVEL", err)
	}
	return level
}

// oneOf returns the setting's value, which must be one of those allowed. The
// first is the default.
func oneOf[T ~string](r *reader, name string, allowed ...T) T {
	value := cmp.Or(T(r.values[name]), allowed[0])
	if !slices.Contains(allowed, value) {
		r.problem(name, fmt.Errorf("%q is none of %v", value, allowed))
		return allowed[0]
	}
	return value
}
