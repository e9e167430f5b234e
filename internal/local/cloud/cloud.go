// Package cloud starts the stand-ins for Alibaba Cloud's services together: OSS, KMS
// and ActionTrail in every region, STS and the Resource Directory, which know the same
// access keys. `bucketwarden local`,
// `invoke`, the demo, the tests and the image for `s local` all use it, so none of
// them reaches the real cloud.
//
//	c, err := cloud.Start(ctx, cloud.Options{})
//	defer c.Close()
//	c.AddKey(wire.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"})
//	environment := c.Env() // WARDEN_OSS_ENDPOINT and the like, for the function
//
// A further service is a handler that takes [Cloud.Keys] and is given to
// [Cloud.Serve].
package cloud

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	localtrail "bucketwarden/internal/local/actiontrail"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/resourcedirectory"
	"bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/internal/local/wire"
)

// Region is where requests go that name none.
const Region = "cn-hangzhou"

// UserKey is a long-lived key of the account, for people and their OSS clients.
var UserKey = wire.AccessKey{AccessKeyID: "LTAIlocal", AccessKeySecret: "local-secret"}

// Options configures a [Cloud]. The zero value is ready to use.
type Options struct {
	// AccountID is the account of everything. Default 1234567890123456.
	AccountID string
	// OSS configures the local OSS. Keys and KMS are filled in.
	OSS localoss.Options
	// OSSAddr is where the local OSS listens; a free port of the loopback by default.
	OSSAddr string
	// Front wraps the local OSS, for what is not a call of a client.
	Front func(http.Handler) http.Handler
	// TLS lets OSS speak HTTPS, with a certificate of the authority in [Cloud.CAFile].
	TLS bool
	// KMSKeys are the keys in KMS; nil means [localkms.SampleKeys].
	KMSKeys []localkms.Key
	// Roles are the roles that other accounts have for the function.
	Roles []localsts.Role
	// Members are the accounts of the organisation whose management account this is.
	Members []resourcedirectory.Account
	// Dir is where the file with the authority's certificate goes; empty means a
	// directory that Close removes.
	Dir string
}

// Cloud is the running stand-ins.
type Cloud struct {
	// OSS, KMS, STS and Trail are the services. Trail is ActionTrail, with the events of
	// OSS.
	OSS   *localoss.Server
	Trail *localtrail.Server
	KMS   *localkms.Server
	STS   *localsts.Server
	// Directory is the Resource Directory.
	Directory *resourcedirectory.Server
	// Keys are the access keys that all of them know.
	Keys *wire.Keys
	// OSSURL and STSURL are where OSS and STS answer.
	OSSURL, STSURL string
	// OSSAddr is host and port of OSS.
	OSSAddr string
	// CAFile is the certificate that a client of STS, or of OSS with TLS, trusts.
	CAFile string

	authority *wire.Authority
	kmsURLs   []string // region=URL
	trailURLs []string // likewise
	directory string   // URL
	servers   []*wire.Listener
	dir       string // to remove at the end
}

// Start starts the services. An address that is taken is a [*wire.TakenError].
func Start(ctx context.Context, o Options) (*Cloud, error) {
	account := cmp.Or(o.AccountID, wire.DefaultAccount)
	c := &Cloud{Keys: wire.NewKeys(account)}
	common := rpc.Options{AccountID: account, Keys: c.Keys, Now: o.OSS.Now}
	c.KMS = localkms.New(localkms.Options{Options: common})
	c.STS = localsts.New(localsts.Options{Options: common})
	c.Trail = localtrail.New(localtrail.Options{Options: common, Region: Region, BucketOf: c.bucketOf})
	c.Directory = resourcedirectory.New(common)
	for _, m := range o.Members {
		c.Directory.Put(m)
	}
	o.OSS.AccountID, o.OSS.Keys, o.OSS.KMS = account, c.Keys, c.KMS
	happened := o.OSS.OnCall
	o.OSS.OnCall = func(r localoss.Request) {
		c.Trail.Add(r)
		if happened != nil {
			happened(r)
		}
	}
	c.OSS = localoss.New(o.OSS)
	c.Keys.Add(UserKey)
	if o.KMSKeys == nil {
		o.KMSKeys = localkms.SampleKeys(localoss.Regions())
	}
	for _, k := range o.KMSKeys {
		c.KMS.PutKey(k)
	}
	for _, r := range o.Roles {
		c.STS.PutRole(r)
	}
	if err := c.listen(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cloud) listen(ctx context.Context, o Options) error {
	if err := c.authorize(o.Dir); err != nil {
		return err
	}
	var front http.Handler = c.OSS
	if o.Front != nil {
		front = o.Front(front)
	}
	var err error
	if c.OSSURL, err = c.Serve(ctx, o.OSSAddr, front, o.TLS); err != nil {
		return &OSSAddressError{err}
	}
	_, c.OSSAddr, _ = strings.Cut(c.OSSURL, "://")
	if c.kmsURLs, err = c.serveRegions(ctx, c.KMS.In); err != nil {
		return fmt.Errorf("the local KMS: %w", err)
	}
	if c.trailURLs, err = c.serveRegions(ctx, c.Trail.In); err != nil {
		return fmt.Errorf("the local ActionTrail: %w", err)
	}
	if c.STSURL, err = c.Serve(ctx, "", c.STS, true); err != nil { // its clients speak HTTPS only
		return fmt.Errorf("the local STS: %w", err)
	}
	if c.directory, err = c.Serve(ctx, "", c.Directory, false); err != nil {
		return fmt.Errorf("the local Resource Directory: %w", err)
	}
	return nil
}

// serveRegions starts one endpoint for each region, as region=URL. A region without an
// address here is an error in the function, never a call of the real service.
func (c *Cloud) serveRegions(ctx context.Context, in func(region string) http.Handler) ([]string, error) {
	var urls []string
	for _, region := range localoss.Regions() {
		url, err := c.Serve(ctx, "", in(region), false)
		if err != nil {
			return nil, err
		}
		urls = append(urls, region+"="+url)
	}
	return urls, nil
}

// bucketOf says where a bucket is and whose.
func (c *Cloud) bucketOf(name string) (region, account string, ok bool) {
	b, ok := c.OSS.Bucket(name)
	return b.Region, b.Owner, ok
}

// OSSAddressError reports that OSS cannot listen where it should.
type OSSAddressError struct{ cause error }

// Error names the service.
func (e *OSSAddressError) Error() string { return "the local OSS: " + e.cause.Error() }

// Unwrap returns the cause, often a [*wire.TakenError].
func (e *OSSAddressError) Unwrap() error { return e.cause }

// authorize makes the authority and its file.
func (c *Cloud) authorize(dir string) error {
	var err error
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bucketwarden-local"); err != nil {
			return err
		}
		c.dir = dir
	}
	if c.authority, err = wire.NewAuthority(); err != nil {
		return err
	}
	c.CAFile, err = c.authority.WriteFile(dir)
	return err
}

// Serve starts one more service and returns its URL. It ends with Close.
func (c *Cloud) Serve(ctx context.Context, addr string, h http.Handler, secure bool) (string, error) {
	var certificate *tls.Certificate
	if secure {
		var err error
		if certificate, err = c.authority.Certificate("*.localhost"); err != nil {
			return "", err
		}
	}
	l, err := wire.Listen(ctx, addr, h, certificate)
	if err != nil {
		return "", err
	}
	c.servers = append(c.servers, l)
	return l.URL, nil
}

// AddKey lets an access key sign requests to all services.
func (c *Cloud) AddKey(k wire.AccessKey) { c.Keys.Add(k) }

// Env is what the function needs to work with the services: where they are, and that a
// new bucket is not waited for.
func (c *Cloud) Env() []string {
	return []string{
		"WARDEN_OSS_ENDPOINT=" + c.OSSURL,
		"WARDEN_KMS_ENDPOINT=" + strings.Join(c.kmsURLs, ","),
		"WARDEN_ACTIONTRAIL_ENDPOINT=" + strings.Join(c.trailURLs, ","),
		"WARDEN_STS_ENDPOINT=" + c.STSURL,
		"WARDEN_RESOURCE_DIRECTORY_ENDPOINT=" + c.directory,
		"SSL_CERT_FILE=" + c.CAFile,
		"WARDEN_SETTLE=0s", // no tool sets a rule of its own here
	}
}

// Close stops everything. Nothing is lost that was not in memory.
func (c *Cloud) Close() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.Close())
	}
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}
