// Package function wires the function: settings, credentials, the warden, the use
// cases, the door and the platform's loop. The function's own binary and the
// command's child process call it.
package function

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"bucketwarden/handler"
	"bucketwarden/handler/event"
	"bucketwarden/handler/service"
	"bucketwarden/handler/web"
	"bucketwarden/internal/fcruntime"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/cloudconfig"
	"bucketwarden/ossenc/alicloud/kms"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"
)

// Run reads the settings from environ, as [os.Environ] returns it, and serves
// invocations until the platform or the end of ctx ends it. It logs to out, and
// returns an error if a setting is wrong, there is no platform, or an invocation
// was left unanswered. It sets [time.Local] to UTC for the whole process:
// whatever zone the platform sets, the log shows UTC, and the first event does
// not wait for the zone's file.
func Run(ctx context.Context, environ []string, out io.Writer) error {
	time.Local = time.UTC
	cfg, err := settings.Read(environ)
	if err != nil {
		return err
	}
	limitMemory(cfg.Env)
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: cfg.LogLevel}))
	s := NewService(cfg, log)
	routes := web.New(s, cfg.Auth)
	h := &handler.Handler{Service: s, HTTP: routes, Asks: cfg.Asks}
	runtime := fcruntime.ConfigFrom(cfg.Env)
	runtime.Web = routes
	return fcruntime.Run(ctx, runtime, h.Invoke, log)
}

// version is that of the build, as the version control stamped it; empty without.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}

// NewService returns the use cases over the cloud, as the settings say. They act
// with the identity in each context, or else with that of the default chain.
func NewService(cfg settings.Config, log *slog.Logger) *service.Service {
	c := newCloud(cfg, log)
	warden := newWarden(cfg, c)
	s := &service.Service{
		Warden:  func() service.Warden { return warden.ForInvocation() },
		Policy:  cfg.Policy,
		Events:  event.Reader{OwnRole: cfg.OwnRole, Raw: cfg.RawEvents, RawSetting: settings.RawEvents},
		Version: version(),
		Log:     log,
		Line:    alicloud.Line,
	}
	s.ConfigRulesSetting = "set " + settings.ConfigSite + " to china or international"
	if cfg.CloudConfig != nil {
		s.ConfigRules = configRules{cloudconfig.New(cfg.CloudConfig, c.transport, c.chain.Credentials)}
	}
	s.PlanAge = cfg.PlanAge
	s.InvokerSetting, s.MaxHops, s.Regions = "set "+settings.SweepContinue+" to self", cfg.MaxHops, cfg.SweepRegions
	if cfg.Continue {
		s.Invoker = newInvoker(cfg, c)
	}
	if cfg.AskTrail {
		warden.Fights = newFights(cfg, c, log)
		if cfg.OwnRole == "" {
			log.Warn("fights are not found in the function's own account", "because", "none of its writes is known to be its own: set "+settings.RoleName+" to the function's RAM role, as "+settings.Trail+" needs it")
		}
	} else if cfg.Policy.StopsFights() {
		log.Warn("on_fight: stop has no effect, so rules are repaired each time; set " + settings.Trail + " to on")
	}
	for _, w := range cfg.Policy.Warnings {
		log.Warn("the policy may have a mistake", "where", w.String())
	}
	return s
}

// cloud is what every client shares: one transport, and one chain of credentials for
// invocations that have none.
type cloud struct {
	transport *http.Transport
	toOSS     http.RoundTripper
	chain     alicloud.Chain
}

func newCloud(cfg settings.Config, log *slog.Logger) *cloud {
	roots := tlsdial.System(cfg.Env["SSL_CERT_FILE"], cfg.Env["SSL_CERT_DIR"])
	transport := alicloud.NewTransportWith(&tlsdial.Dialer{Roots: roots, Report: func(u tlsdial.Used) {
		because := "" // they were the first choice
		if u.Because != nil {
			because = alicloud.Line(context.Background(), u.Because.Error()) // it may repeat the server's certificate
		}
		log.Debug("root certificates", "from", u.String(), "parsed", u.Parsed, "found", u.Found, "because", because)
	}})
	c := &cloud{transport: transport, toOSS: transport}
	if cfg.SharedConnections {
		c.toOSS = &alicloud.SharedConnections{Next: transport, Off: func(endpoint, said string) {
			log.Warn("connections are not shared any more", "endpoint", endpoint, "because", said)
		}}
	}
	return c
}

// newWarden wires the domain.
func newWarden(cfg settings.Config, c *cloud) *ossenc.Warden {
	client := alicloud.NewClient(cfg.OSS, c.toOSS, c.chain.Credentials)
	w := &ossenc.Warden{
		Store:  client,
		Lister: client,
		Policy: policy.Evaluator{Policy: cfg.Policy, Tags: client},
		Keys:   kms.NewClient(cfg.KMS, c.transport, c.chain.Credentials),
		Mode:   cfg.Mode,
		Settle: cfg.Settle,
	}
	if p := cfg.Policy; len(p.Accounts) > 0 || p.Directory != nil {
		alicloud.ShareWithSTS(c.transport)
		w.Accounts = Accounts(p, &alicloud.Accounts{STSEndpoint: cfg.STS, Internal: cfg.OSS.Internal, Fallback: c.chain.Credentials}, c.transport, cfg.ResourceDirectory)
	}
	return w
}
