package creds

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// cliConfig is the aliyun CLI's config.json, as far as it matters here. It is
// read here and not by credentials-go, whose error at a broken file prints all
// of it, secrets included, and which writes the file back without the members
// that it does not know.
type cliConfig struct {
	Current  string        `json:"current"`
	Profiles []*cliProfile `json:"profiles"`
}

type cliProfile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	ID              string `json:"access_key_id"`
	Secret          string `json:"access_key_secret"`
	Token           string `json:"sts_token"`
	TokenEnds       int64  `json:"sts_expiration"`
	Region          string `json:"region_id"`
	RoleARN         string `json:"ram_role_arn"`
	Session         string `json:"ram_session_name"`
	Seconds         int    `json:"expired_seconds"`
	STSRegion       string `json:"sts_region"`
	VPC             bool   `json:"enable_vpc"`
	Policy          string `json:"policy"`
	ExternalID      string `json:"external_id"`
	Source          string `json:"source_profile"`
	ECSRole         string `json:"ram_role_name"`
	OIDCToken       string `json:"oidc_token"`
	OIDCFile        string `json:"oidc_token_file"`
	OIDCProvider    string `json:"oidc_provider_arn"`
	SignInURL       string `json:"cloud_sso_sign_in_url"`
	AccountID       string `json:"cloud_sso_account_id"`
	AccessConfig    string `json:"cloud_sso_access_config"`
	AccessToken     string `json:"access_token"`
	AccessTokenEnds int64  `json:"cloud_sso_access_token_expire"`
	Command         string `json:"process_command"`
}

// cliConfig reads the file; without one it is empty.
func (o Options) cliConfig() (cliConfig, error) {
	var c cliConfig
	data, err := readFile(o.cliPath())
	if err != nil || data == nil {
		return c, err
	}
	if json.Unmarshal(data, &c) != nil {
		return c, problem("run \"aliyun configure list\" to see what the CLI makes of it", "%s is not the JSON that the aliyun CLI writes; its content is not shown, because it may hold secrets", o.cliPath())
	}
	c.Profiles = slices.DeleteFunc(c.Profiles, func(p *cliProfile) bool { return p == nil })
	return c, nil
}

func (c cliConfig) find(name string) *cliProfile {
	if i := slices.IndexFunc(c.Profiles, func(p *cliProfile) bool { return p.Name == name }); i >= 0 {
		return c.Profiles[i]
	}
	return nil
}

func (c cliConfig) names() []string {
	var names []string
	for _, p := range c.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// fromCLI takes the CLI's current profile, or the one that ALIBABA_CLOUD_PROFILE
// names.
func (o Options) fromCLI() (*Source, error) {
	if strings.EqualFold(o.Env["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"], "true") || strings.EqualFold(o.Env["ALIBABA_CLOUD_IGNORE_PROFILE"], "true") {
		return nil, nil
	}
	c, err := o.cliConfig()
	if err != nil || len(c.Profiles) == 0 {
		return nil, err
	}
	name := cmp.Or(o.Env["ALIBABA_CLOUD_PROFILE"], c.Current)
	p := c.find(name)
	if p == nil && o.Env["ALIBABA_CLOUD_PROFILE"] != "" {
		o.Profile = name
		return o.namedProfile() // it may be one of the other file
	}
	if p == nil || p.isBlank() { // what "aliyun" writes before it was configured
		return nil, nil
	}
	return o.fromProfile(c, p)
}

// isBlank reports whether it is a profile of mode AK that holds nothing.
func (p *cliProfile) isBlank() bool {
	return (p.Mode == "" || p.Mode == "AK") && p.ID == "" && p.Secret == ""
}

func (o Options) fromProfile(c cliConfig, p *cliProfile) (*Source, error) {
	name := fmt.Sprintf("profile %q (%s)", p.Name, cmp.Or(p.Mode, "AK"))
	provider, err := o.provider(c, p, nil)
	if e, ok := err.(*Error); ok { //nolint:errorlint // ours as it is
		return nil, &Error{Problem: name + ": " + e.Problem, Next: e.Next}
	}
	return o.source(name, p.Region, provider, err)
}

// provider builds what the profile says. seen are the profiles that lead to it.
func (o Options) provider(c cliConfig, p *cliProfile, seen []string) (providers.CredentialsProvider, error) {
	if slices.Contains(seen, p.Name) {
		return nil, problem("", "its source profiles lead back to %q", p.Name)
	}
	switch p.Mode {
	case "AK", "":
		return providers.NewStaticAKCredentialsProviderBuilder().WithAccessKeyId(p.ID).WithAccessKeySecret(p.Secret).Build()
	case "StsToken":
		return providers.NewStaticSTSCredentialsProviderBuilder().WithAccessKeyId(p.ID).WithAccessKeySecret(p.Secret).WithSecurityToken(p.Token).Build()
	case "RamRoleArn":
		from, err := providers.NewStaticAKCredentialsProviderBuilder().WithAccessKeyId(p.ID).WithAccessKeySecret(p.Secret).Build()
		if err != nil {
			return nil, err
		}
		return o.role(p, from)
	case "ChainableRamRoleArn":
		source := c.find(p.Source)
		if source == nil {
			return nil, problem("", "its source profile %q does not exist", p.Source)
		}
		from, err := o.provider(c, source, append(seen, p.Name))
		if err != nil {
			return nil, err
		}
		return o.role(p, from)
	}
	return o.otherProvider(p)
}

func (o Options) role(p *cliProfile, from providers.CredentialsProvider) (providers.CredentialsProvider, error) {
	return providers.NewRAMRoleARNCredentialsProviderBuilder().WithCredentialsProvider(from).WithRoleArn(p.RoleARN).
		WithRoleSessionName(cmp.Or(p.Session, o.Session)).WithDurationSeconds(p.Seconds).WithStsRegionId(p.STSRegion).
		WithEnableVpc(p.VPC).WithPolicy(p.Policy).WithExternalId(p.ExternalID).WithStsEndpoint(o.STSHost).Build()
}

// otherProvider is for the modes that need no second profile.
func (o Options) otherProvider(p *cliProfile) (providers.CredentialsProvider, error) {
	switch p.Mode {
	case "EcsRamRole":
		return providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(p.ECSRole).Build()
	case "OIDC":
		return providers.NewOIDCCredentialsProviderBuilder().WithOIDCToken(p.OIDCToken).WithOIDCTokenFilePath(p.OIDCFile).
			WithOIDCProviderARN(p.OIDCProvider).WithRoleArn(p.RoleARN).WithStsRegionId(p.STSRegion).WithEnableVpc(p.VPC).
			WithDurationSeconds(p.Seconds).WithRoleSessionName(cmp.Or(p.Session, o.Session)).WithPolicy(p.Policy).WithSTSEndpoint(o.STSHost).Build()
	case "CloudSSO":
		return providers.NewCloudSSOCredentialsProviderBuilder().WithSignInUrl(p.SignInURL).WithAccountId(p.AccountID).
			WithAccessConfig(p.AccessConfig).WithAccessToken(p.AccessToken).WithAccessTokenExpire(p.AccessTokenEnds).Build()
	case "OAuth":
		return o.signedIn(p)
	case "External":
		return o.external(p)
	}
	return nil, problem(cmp.Or(unsupported[p.Mode], "use a profile of mode AK, StsToken, RamRoleArn, ChainableRamRoleArn, OIDC, CloudSSO, OAuth, EcsRamRole or External"),
		"mode %.40q is not supported here", p.Mode)
}

// unsupported says what to do about the modes that credentials-go does not read.
var unsupported = map[string]string{
	"CredentialsURI":         "set ALIBABA_CLOUD_CREDENTIALS_URI to the profile's URI instead",
	"RsaKeyPair":             "key pairs are not accepted by OSS; use a profile of mode AK or RamRoleArn",
	"RamRoleArnWithRoleName": "make a profile of mode EcsRamRole and one of mode ChainableRamRoleArn with it as source_profile",
	"BearerToken":            "OSS takes no bearer tokens; use a profile of mode AK, RamRoleArn or CloudSSO",
	"Anonymous":              "encryption rules need an identity; use a profile of mode AK, RamRoleArn or CloudSSO",
}

// signedIn takes the session that the CLI keeps of a person who signed in. To
// renew it would mean to write the CLI's file, which is left to the CLI.
func (o Options) signedIn(p *cliProfile) (providers.CredentialsProvider, error) {
	next := "run any command of the CLI, such as \"aliyun sts GetCallerIdentity --profile " + p.Name + "\", which renews it"
	if p.ID == "" || p.Secret == "" || p.Token == "" {
		return nil, problem(next, "there is no session of the sign-in")
	}
	if time.Until(time.Unix(p.TokenEnds, 0)) < time.Minute {
		return nil, problem(next, "the session of the sign-in has ended")
	}
	return providers.NewStaticSTSCredentialsProviderBuilder().WithAccessKeyId(p.ID).WithAccessKeySecret(p.Secret).WithSecurityToken(p.Token).Build()
}
