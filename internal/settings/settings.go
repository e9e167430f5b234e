package settings

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"bucketwarden/handler"
	"bucketwarden/handler/web"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/document"
)

// Config is every setting, read once.
type Config struct {
	// Policy says what is required of each bucket: that of the file, or the one that
	// the simple settings make ([policy.Simple]).
	Policy *policy.Policy
	// Mode is that of everything; a stricter one of a request or of the policy's rule
	// wins.
	Mode ossenc.Mode
	// Settle is how long a new bucket is left to the tool that created it before it is
	// changed, unless the policy's rule says otherwise.
	Settle time.Duration
	// OSS, KMS and Trail, which is ActionTrail, are where the services answer.
	OSS, KMS, Trail alicloud.Endpoints
	// SharedConnections reads the buckets of a region over the same connections.
	SharedConnections bool
	// STS is the host of the STS endpoint; empty for the public cloud's.
	STS string
	// AskTrail lets the function ask ActionTrail who else changes a rule that it repaired.
	AskTrail bool
	// OwnRole is the name of the RAM role that the function acts with; empty if
	// unknown.
	OwnRole string
	// RawEvents lets events without an envelope be read.
	RawEvents bool
	// Asks is what a payload may ask for besides the check of a bucket.
	Asks handler.Asks
	// Auth says who may do what over HTTP.
	Auth web.Auth
	// CloudConfig is where evaluations of a Cloud Config rule are submitted; nil
	// refuses the calls of such a rule.
	CloudConfig *url.URL
	// Continue lets sweeps continue in further invocations of the function, MaxHops at
	// most. SweepRegions are those that have a function of the same name for their part of a
	// fan-out. FC is where Function Compute answers.
	Continue     bool
	MaxHops      int
	SweepRegions []string
	FC           alicloud.Endpoints
	// PlanAge is how old a plan may be when it is applied; 0 for the usual.
	PlanAge time.Duration
	// ResourceDirectory is where the Resource Directory answers; nil for the public
	// cloud's.
	ResourceDirectory *url.URL
	LogLevel          slog.Level
	// Env holds all variables, those of the platform too.
	Env map[string]string
}

// Problem is one mistake: which setting, and what is wrong with it.
type Problem struct {
	Name string
	Err  error
}

// Problems are all mistakes in the settings, in the order in which they are read.
type Problems []Problem

// Error returns one line for each problem, after a line with their number.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = "\n  " + one.Name + ": " + one.Err.Error()
	}
	return fmt.Sprintf("%d problem(s) in the settings:%s", len(p), strings.Join(lines, ""))
}

// Read reads the settings from pairs name=value, as [os.Environ] returns them. The
// error is [Problems]. It reads the policy file and the certificate file.
func Read(environ []string) (Config, error) {
	r := reader{values: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		r.values[name] = value
		if strings.HasPrefix(name, Prefix) && !slices.Contains(names, name) { // a misspelt setting must not be a weaker rule
			r.problem(name, errors.New("there is no such setting"+document.DidYouMean(name, names)))
		}
	}
	cfg := Config{
		Policy:            r.policy(ossenc.Desired{Rule: r.rule(), Compare: oneOf(&r, Compare, ossenc.Floor, ossenc.Exact)}),
		Mode:              oneOf(&r, Mode, ossenc.Enforce, ossenc.Approve, ossenc.ReportOnly),
		Settle:            r.settle(),
		OSS:               r.oss(),
		KMS:               r.service(KMSEndpoint),
		Trail:             r.service(TrailEndpoint),
		STS:               r.sts(),
		AskTrail:          oneOf(&r, Trail, "off", "on") == "on",
		SharedConnections: oneOf(&r, OSSShared, "false", "true") == "true",
		OwnRole:           r.values[RoleName],
		Auth:              r.auth(),
		CloudConfig:       r.cloudConfig(),
		Continue:          oneOf(&r, SweepContinue, "off", "self") == "self",
		MaxHops:           r.maxHops(),
		SweepRegions:      r.sweepRegions(),
		FC:                r.service(FCEndpoint),
		PlanAge:           r.planAge(),
		ResourceDirectory: r.url(DirectoryEndpoint),
		LogLevel:          r.logLevel(),
		Env:               r.values,
		Asks:              r.asks(),
	}
	cfg.RawEvents = r.rawEvents()
	if len(r.problems) > 0 {
		return Config{}, r.problems
	}
	return cfg, nil
}

type reader struct {
	values   map[string]string
	problems Problems
}

// problem notes each line of err: several errors are joined by line feeds.
func (r *reader) problem(name string, err error) {
	for line := range strings.Lines(err.Error()) {
		r.problems = append(r.problems, Problem{name, errors.New(strings.TrimSpace(line))})
	}
}

// rule reads the simple rule. Each part is checked with the algorithm alone, so that
// an error names the setting that is wrong.
func (r *reader) rule() ossenc.Rule {
	algorithm, key, data := cmp.Or(r.values[Algorithm], ossenc.AES256), r.values[KMSKeyID], r.values[KMSDataEncryption]
	if _, err := ossenc.NewRule(algorithm, "", ""); err != nil {
		r.problem(Algorithm, err)
		algorithm = ossenc.KMS // which takes all parts
	}
	if _, err := ossenc.NewRule(algorithm, key, ""); err != nil {
		r.problem(KMSKeyID, err)
	}
	if _, err := ossenc.NewRule(algorithm, "", data); err != nil {
		r.problem(KMSDataEncryption, err)
	}
	rule, _ := ossenc.NewRule(algorithm, key, data) // its errors are those above
	return rule
}

// policy reads the policy file, or makes a policy of the simple settings. These must
// not stand beside the file: one of the two would be ignored in silence.
func (r *reader) policy(simple ossenc.Desired) *policy.Policy {
	file := r.values[Policy]
	if file == "" {
		return policy.Simple(simple)
	}
	for _, name := range []string{Algorithm, KMSKeyID, KMSDataEncryption, Compare} {
		if r.values[name] != "" {
			r.problem(name, errors.New("has no effect beside "+Policy+", which says what is required; set one of them"))
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		r.problem(Policy, err)
		return nil
	}
	p, err := policy.Parse(file, data)
	if err != nil {
		r.problem(Policy, err)
		return nil
	}
	return p
}

func (r *reader) rawEvents() bool { return r.values[RawEvents] == "true" }

// asks reads what an invocation may ask for. Where events come without an envelope,
// the publisher writes all of a payload, so it may ask for nothing.
func (r *reader) asks() handler.Asks {
	if oneOf(r, RawEvents, "false", "true") == "true" {
		if s := r.values[Invoke]; s != "" && s != handler.AskNone {
			r.problem(Invoke, errors.New("has no effect beside "+RawEvents+"=true, with which an invocation brings events only; leave one of them out"))
		}
		return handler.Asks{Refusal: RawEvents + " is true, so an invocation brings events only"}
	}
	asks := handler.Asks{Refusal: Invoke + " does not list it"}
	var err error
	if asks.Allow, err = handler.ParseAsks(cmp.Or(r.values[Invoke], "http,sweep")); err != nil {
		r.problem(Invoke, err)
	}
	asks.Allow = append(asks.Allow, handler.AskConfigRule) // it has settings of its own
	return asks
}

func (r *reader) oss() alicloud.Endpoints {
	e := r.endpoints(OSSEndpoint)
	e.Internal = oneOf(r, OSSInternal, "false", "true") == "true"
	if e.Internal && r.values[OSSEndpoint] != "" {
		r.problem(OSSInternal, errors.New("has no effect beside "+OSSEndpoint+"; set one of them"))
	}
	return e
}

// service reads where a regional service beside OSS answers.
func (r *reader) service(name string) alicloud.Endpoints {
	e := r.endpoints(name)
	e.Internal = r.values[OSSInternal] == "true"
	return e
}

func (r *reader) endpoints(name string) alicloud.Endpoints {
	e, err := alicloud.ParseEndpoints(r.values[name])
	if err != nil {
		r.problem(name, err)
	}
	e.Setting = name
	e.Own = r.values["FC_REGION"]
	return e
}

func (r *reader) sts() string {
	if r.values[STSEndpoint] == "" {
		return ""
	}
	host, err := alicloud.ParseSTSEndpoint(r.values[STSEndpoint])
	if err != nil {
		r.problem(STSEndpoint, err)
	}
	return host
}

func (r *reader) logLevel() slog.Level {
	var level slog.Level
	name := oneOf(r, LogLevel, "info", "debug", "warn", "error")
	if err := level.UnmarshalText([]byte(name)); err != nil {
		r.problem(LogLevel, err)
	}
	return level
}

// oneOf returns the setting's value, which must be one of those allowed. The first
// is the default.
func oneOf[T ~string](r *reader, name string, allowed ...T) T {
	value := cmp.Or(T(r.values[name]), allowed[0])
	if !slices.Contains(allowed, value) {
		r.problem(name, fmt.Errorf("%.40q is none of %s", value, strings.TrimSpace(fmt.Sprint(allowed))))
		return allowed[0]
	}
	return value
}
