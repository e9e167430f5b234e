package remote

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/handler/report"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/sts"
)

// Via is the deployed function that a report is collected from.
type Via struct {
	Target
	name string // of the function, or the address of its trigger
}

// ViaFlags adds the flags that say which function. The credentials are those of the
// verb's own flags.
func (v *Via) ViaFlags(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&v.name, "via", "", "collect the report from the deployed function: its name, or the address of its HTTP trigger")
	s.StringVar(&v.region, "via-region", "", "the function's region, with --via NAME; else that of the environment or the profile, else "+usualRegion)
	s.StringVar(&v.account, "via-account", "", "ID of the function's account, with --via NAME; found out without it")
	s.StringVar(&v.qualifier, "qualifier", "LATEST", "version or alias, with --via NAME")
	s.StringVar(&v.fcEndpoint, "fc-endpoint", "", "where Function Compute is: https://host, with --via NAME")
	s.StringVar(&v.auth, "auth", "", "with --via: signature or token. Without it a token is sent if there is one")
	s.StringVar(&v.tokenFile, "token-file", "", "with --via: file with a token of "+settings.HTTPTokens+", or a JWT; "+TokenVariable+" holds the token itself")
	app.FromEnv(s, "via", "via-region", "via-account", "qualifier", "fc-endpoint", "auth", "token-file")
	app.AlsoFromEnv(c, TokenVariable)
}

// IsGiven reports whether a report is collected from a function.
func (v *Via) IsGiven() bool { return v.name != "" }

// CallFlag is how call names the same function.
func (v *Via) CallFlag() string {
	if v.url != "" {
		return "--url " + v.url
	}
	return "--function " + v.function
}

// open finds credentials and returns how to reach the function, and where it is.
func (v *Via) open(ctx context.Context, a *app.App, login reach.Login) (sender, string, error) {
	v.via, v.login, v.timeout = true, login, defaultTimeout
	v.url, v.function = "", ""
	where := v.name
	switch {
	case strings.Contains(v.name, "://"):
		v.url = v.name
	case isName(v.name):
		v.function = v.name
	default:
		return nil, "", app.Usagef("--via: %.80q is neither the name of a function nor the address of its trigger, such as https://bucketwarden-abcdefghij.cn-hangzhou.fcapp.run", v.name)
	}
	to, _, err := v.Open(ctx, a)
	if v.function != "" {
		where = fmt.Sprintf("%s in %s", v.function, v.region)
	}
	return to, strings.TrimSuffix(where, "/"), err
}

// askedBy says whose key signed, for the provenance. Nothing is decided by it.
func (v *Via) askedBy(ctx context.Context) reach.Caller {
	switch {
	case v.who != nil:
		return reach.Caller{Account: v.who.Account, ARN: v.who.ARN}
	case v.key == nil:
		return reach.Caller{Problem: "a token was sent"}
	case v.stsHost == "" && !v.isPublic():
		return reach.Caller{Problem: "not asked: the function is not in the public cloud, and --sts-endpoint is not given"}
	}
	host := v.stsHost
	if host == "" {
		host = alicloud.STSHost(v.region, false)
	}
	return reach.WhoIs(ctx, sts.New(host, v.transport, v.key))
}

// isPublic reports whether the function is in the public cloud: a request that is
// signed with a key for a closed network must not go there by mistake.
func (v *Via) isPublic() bool {
	if v.function != "" {
		return v.fcEndpoint == "" || strings.HasSuffix(v.fcEndpoint, ".aliyuncs.com")
	}
	base, err := parseAddress(v.flag("url"), v.url)
	return err == nil && isTestDomain(base.Hostname())
}

// origin is the provenance of a report that was collected from parts.
func origin(version, function string, first report.Provenance, parts int, who reach.Caller) report.Origin {
	return report.Origin{
		Tool: "command", Version: version, Identity: first.Identity, IdentityError: first.IdentityError, Policy: first.Policy,
		Via: &report.Via{Function: function, Version: first.Version, Parts: parts, AskedBy: who.ARN, AskedByError: who.Problem},
	}
}
