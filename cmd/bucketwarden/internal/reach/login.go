package reach

import (
	"fmt"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// Login is whose credentials a verb uses.
type Login struct {
	profile            string
	metadata, external bool
	stsEndpoint        string
}

// Flags adds the flags that choose the credentials.
func (l *Login) Flags(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&l.profile, "profile", "", "profile of the aliyun CLI; wins over keys in the environment")
	s.BoolVar(&l.metadata, "instance-metadata", false, "take the credentials of the ECS instance's role")
	s.BoolVar(&l.external, "allow-external", false, "allow a profile to run the command that it names")
	s.StringVar(&l.stsEndpoint, "sts-endpoint", "", "where STS is: https://host")
	app.FromEnv(s, "profile", "sts-endpoint")
}

// Host returns the host of --sts-endpoint, or else the given one; empty for the
// public STS.
func (l *Login) Host(otherwise string) (string, error) {
	if l.stsEndpoint == "" {
		return otherwise, nil
	}
	host, err := alicloud.ParseSTSEndpoint(l.stsEndpoint)
	if err != nil {
		return "", app.Usagef("--sts-endpoint: %w", err)
	}
	return host, nil
}

// Find finds the credentials and asks for a first key, so that what is wrong with
// them is found before anything is done.
func (l *Login) Find(a *app.App, stsHost string) (*creds.Source, error) {
	source, err := creds.Find(creds.Options{
		Env: a.Env, Home: a.Home, Profile: l.profile, Metadata: l.metadata, External: l.external,
		STSHost: stsHost, Session: sessionName(a.Version),
	})
	if err != nil {
		return nil, err
	}
	key, err := source.Key()
	if err != nil {
		return nil, err
	}
	if a.Verbose {
		fmt.Fprintf(a.Err, "credentials: %s, key ending in %s\n", source.Name, lastFour(key.ID))
	}
	return source, nil
}

// Credentials returns the source's key as the clients take it.
func Credentials(source *creds.Source) (ossenc.Credentials, error) {
	key, err := source.Key()
	if err != nil {
		return ossenc.Credentials{}, &ossenc.Error{Code: ossenc.Denied, Message: err.Error(), Err: err}
	}
	return ossenc.Credentials{AccessKeyID: key.ID, AccessKeySecret: key.Secret, SecurityToken: key.Token}, nil
}
