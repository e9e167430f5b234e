// Package creds finds the access key that a person's command signs with. Which
// source is taken depends on what is configured, never on what happens to work:
// a source that fails is an error, so that a command never acts with
// another identity than its user expects.
//
// The order is: the profile that was asked for; a pair of ALIBABA_CLOUD_
// variables; a pair of OSS_ variables (the names of the vendor's OSS tools); an
// OIDC token (CI, RRSA); the current profile of the aliyun CLI; the credentials
// file of the vendor's SDKs; instance metadata, only where it was asked for; a
// credentials URI.
package creds

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// Key is an access key. It prints as a placeholder.
type Key struct {
	ID     string
	Secret string
	// Token is the security token of a session; empty for a long-lived key.
	Token string
}

// String returns a placeholder, so that no format verb shows the secret.
func (Key) String() string { return "[redacted]" }

// GoString returns a placeholder, for %#v.
func (Key) GoString() string { return "[redacted]" }

// Options says where to search.
type Options struct {
	// Env holds the environment variables.
	Env map[string]string
	// Home is the user's home directory, where the configuration files are.
	Home string
	// Profile is the profile that was asked for; it wins over everything else.
	Profile string
	// Metadata asks the instance metadata service of ECS and ACK. It is not asked
	// otherwise: off the cloud it answers nothing for seconds.
	Metadata bool
	// External allows a profile to run the command that it names.
	External bool
	// STSHost answers in place of the public STS where a profile names a role;
	// empty for the public one.
	STSHost string
	// Session is the name of the sessions of roles, where the profile has none.
	Session string
}

// Source is where the access key comes from.
type Source struct {
	// Name says it in a few words, such as: profile "prod" (RamRoleArn).
	Name string
	// Region is the region of the profile; empty if it has none.
	Region string

	get func() (Key, error)
}

// Error is a problem with the credentials, in words that are safe to show, and
// what to do about it.
type Error struct {
	Problem string
	Next    string
}

// Error returns the problem and the next step.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.Problem
	}
	return e.Problem + "; " + e.Next
}

func problem(next, format string, args ...any) error {
	return &Error{Problem: fmt.Sprintf(format, args...), Next: next}
}

// Key returns the key to sign with now; sessions are renewed. Its error is an
// *[Error]. It is safe for concurrent use.
func (s *Source) Key() (Key, error) { return s.get() }

// Find returns the source to use, or an *[Error]. It reads files, and asks no
// service yet.
func Find(o Options) (*Source, error) {
	if o.Profile != "" {
		return o.namedProfile()
	}
	for _, find := range []func() (*Source, error){o.fromEnv, o.fromOIDC, o.fromCLI, o.fromFile, o.fromMetadata, o.fromURI} {
		if s, err := find(); s != nil || err != nil {
			return s, err
		}
	}
	return nil, problem("set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run \"aliyun configure\", or give --profile; on an ECS instance give --instance-metadata",
		"there are no credentials")
}

// namedProfile finds a profile of the aliyun CLI, or else one of the SDKs' file.
func (o Options) namedProfile() (*Source, error) {
	cli, err := o.cliConfig()
	if err != nil {
		return nil, err
	}
	if p := cli.find(o.Profile); p != nil {
		return o.fromProfile(cli, p)
	}
	file, err := o.file()
	if err != nil {
		return nil, err
	}
	if s := section(file, o.Profile); s != nil {
		return o.fromSection(s)
	}
	names := append(cli.names(), sections(file)...)
	if len(names) == 0 {
		return nil, problem("run \"aliyun configure --profile "+o.Profile+"\"", "there is no profile %q: neither %s nor %s has one", o.Profile, o.cliPath(), o.filePath())
	}
	return nil, problem("the profiles are "+strings.Join(names, ", "), "there is no profile %q", o.Profile)
}

// fromOIDC takes the token that a CI system or a Kubernetes cluster hands out.
func (o Options) fromOIDC() (*Source, error) {
	role, provider := o.Env["ALIBABA_CLOUD_ROLE_ARN"], o.Env["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"]
	file, token := o.Env["ALIBABA_CLOUD_OIDC_TOKEN_FILE"], o.Env["ALIBABA_CLOUD_OIDC_TOKEN"]
	if role == "" || provider == "" || file == "" && token == "" {
		return nil, nil
	}
	p, err := providers.NewOIDCCredentialsProviderBuilder().
		WithRoleArn(role).WithOIDCProviderARN(provider).WithOIDCTokenFilePath(file).WithOIDCToken(token).
		WithRoleSessionName(cmp.Or(o.Env["ALIBABA_CLOUD_ROLE_SESSION_NAME"], o.Session)).WithSTSEndpoint(o.STSHost).Build()
	return o.source("an OIDC token (ALIBABA_CLOUD_OIDC_TOKEN_FILE) for "+role, "", p, err)
}

func (o Options) fromMetadata() (*Source, error) {
	role := o.Env["ALIBABA_CLOUD_ECS_METADATA"]
	if !o.Metadata && role == "" {
		return nil, nil
	}
	p, err := providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(role).Build()
	return o.source("instance metadata", "", p, err)
}

func (o Options) fromURI() (*Source, error) {
	uri := o.Env["ALIBABA_CLOUD_CREDENTIALS_URI"]
	if uri == "" {
		return nil, nil
	}
	p, err := providers.NewURLCredentialsProviderBuilder().WithUrl(uri).Build()
	return o.source("ALIBABA_CLOUD_CREDENTIALS_URI", "", p, err)
}

// readFile returns a file's content, or nothing if there is no such file. How a
// file's reading failed is shown, its content never.
func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err == nil || os.IsNotExist(err) {
		return data, nil
	}
	reason := "cannot be read"
	if os.IsPermission(err) {
		reason = "may not be read by this user"
	} else if info, statErr := os.Stat(path); statErr == nil && info.Mode().Type() == fs.ModeDir {
		reason = "is a directory"
	}
	return nil, problem("", "%s %s", path, reason)
}

func (o Options) cliPath() string {
	return cmp.Or(o.Env["ALIBABA_CLOUD_CONFIG_FILE"], filepath.Join(o.Home, ".aliyun", "config.json"))
}

func (o Options) filePath() string {
	return cmp.Or(o.Env["ALIBABA_CLOUD_CREDENTIALS_FILE"], filepath.Join(o.Home, ".alibabacloud", "credentials"))
}
