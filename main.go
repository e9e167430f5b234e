// Command bucketwarden is a function for Alibaba Cloud Function Compute that
// keeps the default server-side encryption of OSS buckets as wanted. It reads
// its settings from WARDEN_ environment variables (see README.md) and runs in
// the runtimes go1 and custom.debian12; `make demo` shows it without an account.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"bucketwarden/handler"
	"bucketwarden/internal/fcruntime"
	"bucketwarden/ossenc"
)

func main() {
	if err := run(os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bucketwarden:", err)
		os.Exit(1)
	}
}

// run wires the function and serves invocations until the platform ends it.
func run(environ []string, out io.Writer) error {
	cfg, err := configFrom(environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: cfg.logLevel}))
	var chain ossenc.Chain
	client := ossenc.NewClient(cfg.endpoints, ossenc.NewTransport(), chain.Credentials)
	h := &handler.Handler{
		Encryption: &ossenc.Warden{Store: client, Lister: client},
		Want:       cfg.want,
		OwnRole:    cfg.ownRole,
		Log:        log,
	}
	return fcruntime.Run(cfg.runtime, h.Invoke, log)
}

// config is every setting, read once.
type config struct {
	want      ossenc.Want
	endpoints ossenc.Endpoints
	ownRole   string
	logLevel  slog.Level
	runtime   fcruntime.Config
}

// settings are the names that configFrom knows. One that it does not know is an
// error: a misspelt setting must not be a weaker rule.
var settings = []string{
	"WARDEN_ALGORITHM", "WARDEN_KMS_KEY_ID", "WARDEN_KMS_DATA_ENCRYPTION",
	"WARDEN_COMPARE", "WARDEN_MODE",
	"WARDEN_OSS_ENDPOINT", "WARDEN_OSS_INTERNAL",
	"WARDEN_ROLE_NAME", "WARDEN_LOG_LEVEL",
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
		want: ossenc.Want{
			Rule:    r.rule(),
			Compare: oneOf(&r, "WARDEN_COMPARE", ossenc.Floor, ossenc.Exact),
			Report:  oneOf(&r, "WARDEN_MODE", "enforce", "report") == "report",
		},
		endpoints: r.endpoints(),
		ownRole:   r.values["WARDEN_ROLE_NAME"],
		logLevel:  r.logLevel(),
		runtime:   fcruntime.Config{API: r.values["FC_RUNTIME_API"]},
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

func (r *reader) endpoints() ossenc.Endpoints {
	e, err := ossenc.ParseEndpoints(r.values["WARDEN_OSS_ENDPOINT"])
	if err != nil {
		r.problem("WARDEN_OSS_ENDPOINT", err)
	}
	e.Own = r.values["FC_REGION"]
	e.Internal = oneOf(r, "WARDEN_OSS_INTERNAL", "false", "true") == "true"
	if e.Internal && r.values["WARDEN_OSS_ENDPOINT"] != "" {
		r.problem("WARDEN_OSS_INTERNAL", errors.New("means nothing beside WARDEN_OSS_ENDPOINT; set one of them"))
	}
	return e
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
