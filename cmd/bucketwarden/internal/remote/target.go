package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/fc"
	"bucketwarden/ossenc/alicloud/redact"
	"bucketwarden/ossenc/alicloud/sts"
	"bucketwarden/ossenc/alicloud/tlsdial"
)

// TokenVariable holds a token, for where a file is one thing too many. There is no
// flag for it: the arguments of a process can be read by every user of a machine.
const TokenVariable = app.EnvPrefix + "TOKEN"

// usualRegion is where s.yaml deploys if nothing says where.
const usualRegion = "cn-hangzhou"

// defaultTimeout is longer than any request to the function as it is deployed
// (timeout: 300 in s.yaml).
const defaultTimeout = 10 * time.Minute

// Target is which deployed function a verb reaches, and how.
type Target struct {
	login               reach.Login
	url                 string
	function, qualifier string
	region, account     string
	fcEndpoint          string
	auth, tokenFile     string
	timeout             time.Duration
	transport           http.RoundTripper // replaced in tests
	token               string
	secrets             redact.Secrets
	agent               string
	stsHost             string
	key                 func() (ossenc.Credentials, error)
	// via is whether the flags are those of --via.
	via bool
	who *sts.Caller // whose key it is, where that was found out
}

// flag is how people write a flag of this target: beside --via some have other names.
func (t *Target) flag(name string) string {
	switch {
	case t.via && (name == "url" || name == "function"):
		return "--via"
	case t.via && (name == "region" || name == "account"):
		return "--via-" + name
	}
	return "--" + name
}

// Flags adds the flags that say which function.
func (t *Target) Flags(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&t.url, "url", "", "address of the HTTP trigger, such as https://bucketwarden-abcdefghij.cn-hangzhou.fcapp.run")
	s.StringVar(&t.function, "function", "", "name of the function, to invoke it without a trigger")
	s.StringVar(&t.qualifier, "qualifier", "LATEST", "version or alias, with --function")
	s.StringVar(&t.region, "region", "", "the function's region, with --function; else that of the environment or the profile, else "+usualRegion)
	s.StringVar(&t.account, "account", "", "ID of the function's account, with --function; found out without it")
	s.StringVar(&t.fcEndpoint, "fc-endpoint", "", "where Function Compute is: https://host, with --function")
	s.StringVar(&t.auth, "auth", "", "signature: sign with your key; token: send a token. Without it a token is sent if there is one")
	s.StringVar(&t.tokenFile, "token-file", "", "file with a token of "+settings.HTTPTokens+", or a JWT; "+TokenVariable+" holds the token itself")
	s.DurationVar(&t.timeout, "timeout", defaultTimeout, "give up a request after this time")
	t.login.Flags(c)
	app.FromEnv(s, "url", "function", "qualifier", "fc-endpoint", "auth", "token-file", "timeout")
	app.AlsoFromEnv(c, TokenVariable)
}

// FlagValues are the values of the flags of call and open, for the completion of shells.
func FlagValues() map[string][]string {
	return map[string][]string{"auth": {"signature", "token"}, "write": changing}
}

// Open checks the flags, finds credentials and returns how to reach the function,
// and where that is, for people.
func (t *Target) Open(ctx context.Context, a *app.App) (sender, string, error) {
	t.agent = "AlibabaCloud " + reach.Product(a.Version)
	if t.transport == nil {
		t.transport = newTransport()
	}
	if err := t.check(a); err != nil {
		return nil, "", err
	}
	if t.function != "" {
		return t.byName(ctx, a)
	}
	return t.byAddress(a)
}

// newTransport waits for an answer as long as the caller does.
func newTransport() http.RoundTripper {
	t := alicloud.NewTransportWith(&tlsdial.Dialer{})
	t.ResponseHeaderTimeout = 0
	return t
}

// check reads the token, and refuses flags that contradict each other.
func (t *Target) check(a *app.App) error {
	next := "the address is what \"s info\" and the console show as the URL of the trigger; the name is bucketwarden in s.yaml"
	switch {
	case t.url == "" && t.function == "":
		return &app.Error{Exit: app.Usage, Err: errors.New("which function? give --url or --function"), Next: next}
	case t.url != "" && t.function != "":
		return app.Usagef("--url and --function (or their variables) both say which function; give one of them")
	case t.auth != "" && t.auth != "signature" && t.auth != "token":
		return app.Usagef("--auth: %.40q is neither signature nor token", t.auth)
	case t.timeout <= 0:
		return app.Usagef("--timeout: %s must be more than 0", t.timeout)
	}
	if t.auth == "signature" {
		return nil
	}
	var err error
	if t.token, err = t.readToken(a); err != nil {
		return err
	}
	if t.auth == "token" && t.token == "" {
		return app.Usagef("--auth token needs a token: --token-file, or %s", TokenVariable)
	}
	return nil
}

// readToken returns the token, or "" if there is none. Its text is never shown.
func (t *Target) readToken(a *app.App) (string, error) {
	token, from := a.Env[TokenVariable], TokenVariable
	if t.tokenFile != "" {
		from = t.tokenFile
		data, err := readFile(a, t.tokenFile)
		if err != nil {
			return "", app.Usagef("--token-file: %w", err)
		}
		token = string(data)
	}
	token = strings.TrimSpace(token)
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return "", app.Usagef("%s does not hold one token: there is a space or a character that no token has; its content is not shown", from)
		}
	}
	if t.tokenFile != "" && token == "" {
		return "", app.Usagef("%s is empty", from)
	}
	return token, nil
}

// readFile reads a file, or the input for "-".
func readFile(a *app.App, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(a.In, maxBody+1))
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", name)
	}
	return data, err
}

// byAddress reaches the HTTP trigger.
func (t *Target) byAddress(a *app.App) (sender, string, error) {
	base, err := parseAddress(t.flag("url"), t.url)
	if err != nil {
		return nil, "", err
	}
	s := &trigger{base: base, transport: t.transport, agent: t.agent, secrets: &t.secrets}
	if t.token != "" {
		s.authorize = bearing(t.token, &t.secrets)
		return s, base.String() + ", with a token", nil
	}
	if t.auth == "" && !isTestDomain(base.Hostname()) && !isLoopback(base.Hostname()) {
		// A signature covers neither the host nor the body, so any host that gets a signed
		// request can send it to the trigger for some minutes.
		return nil, "", &app.Error{
			Exit: app.Usage, Err: fmt.Errorf("%s is a domain of your own, and whether it takes signatures is not documented", base.Hostname()),
			Next: "give a token (--token-file), or " + t.flag("function") + " bucketwarden, or the trigger's own address (*.fcapp.run); --auth signature signs all the same, if you trust that host",
		}
	}
	if err := t.authenticate(a); err != nil {
		return nil, "", err
	}
	s.authorize = signed(t.key, &t.secrets)
	return s, base.String() + ", with signed requests", nil
}

func (t *Target) authenticate(a *app.App) error {
	host, err := t.login.Host("")
	if err != nil {
		return err
	}
	source, err := t.login.Find(a, host)
	if err != nil {
		return err
	}
	t.stsHost = host
	t.key = func() (ossenc.Credentials, error) { return reach.Credentials(source) }
	if t.region == "" {
		t.region, _ = reach.WorkRegion(a.Env, source)
	}
	t.region = cmp.Or(t.region, usualRegion)
	return nil
}

// byName reaches the function by InvokeFunction.
func (t *Target) byName(ctx context.Context, a *app.App) (sender, string, error) {
	if !isName(t.function) || !isName(t.qualifier) {
		return nil, "", app.Usagef("%s and --qualifier are names: letters, digits, - and _", t.flag("function"))
	}
	if t.region != "" && !ossenc.ValidRegion(t.region) {
		return nil, "", app.Usagef("%s: %.40q is not a region ID, such as cn-hangzhou", t.flag("region"), t.region)
	}
	if err := t.authenticate(a); err != nil {
		return nil, "", err
	}
	client := fc.New(t.transport, t.key)
	if t.fcEndpoint != "" {
		base, err := parseAddress("--fc-endpoint", t.fcEndpoint)
		if err != nil {
			return nil, "", err
		}
		client.Endpoints.Default = base.String()
	}
	if t.account == "" {
		var err error
		if t.account, err = t.callerAccount(ctx); err != nil {
			return nil, "", err
		}
	}
	if !ossenc.ValidAccountID(t.account) {
		return nil, "", app.Usagef("%s: %.40q is not the ID of an account", t.flag("account"), t.account)
	}
	return &invocation{
		client: client, function: fc.Function{Name: t.function, Qualifier: t.qualifier},
		identity: ossenc.Identity{Region: t.region, AccountID: t.account}, agent: t.agent, token: t.token,
	}, fmt.Sprintf("function %s in %s, invoked by its name", t.function, t.region), nil
}

// callerAccount asks STS whose key this is, which needs no right.
func (t *Target) callerAccount(ctx context.Context) (string, error) {
	if t.fcEndpoint != "" && t.stsHost == "" && !strings.HasSuffix(t.fcEndpoint, ".aliyuncs.com") {
		// What is signed with a key for a closed network must not go to the public cloud.
		return "", app.Usagef("--fc-endpoint is not in the public cloud: give %s, or --sts-endpoint to find it out", t.flag("account"))
	}
	caller, err := sts.New(cmp.Or(t.stsHost, alicloud.STSHost(t.region, false)), t.transport, t.key).Caller(ctx)
	if err != nil {
		return "", &app.Error{Exit: app.Incomplete, Err: err, Next: t.flag("account") + " says whose function it is without that call"}
	}
	t.who = &caller
	return caller.Account, nil
}

// parseAddress reads scheme and host of an address. Without TLS it must be on this
// machine.
func parseAddress(flag, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, app.Usagef("%s: give an address such as https://host", flag)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return nil, app.Usagef("%s: give scheme and host only, such as https://%s", flag, u.Host)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, app.Usagef("%s: http is for this machine only; what is signed or a token would be readable on the way. Use https://%s", flag, u.Host)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, app.Usagef("%s: the address begins with https://", flag)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// isTestDomain reports whether a host is one of the platform's own for triggers.
func isTestDomain(host string) bool { return strings.HasSuffix(strings.ToLower(host), ".fcapp.run") }

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isName reports whether s can be the name of a function or an alias.
func isName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
