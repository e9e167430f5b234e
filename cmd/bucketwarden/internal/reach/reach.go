package reach

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/kms"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"
)

// usualRegion lists the buckets where nothing says which region should: every
// region's endpoint knows all of them.
const usualRegion = "cn-hangzhou"

// Reach is the cloud as one run of the command sees it.
type Reach struct {
	Requirement
	// Warden works on the buckets. Its lister knows the selected buckets only, after
	// [Open] with a selection.
	Warden *ossenc.Warden
	// Account is the ID of the credentials' account; empty where nothing needs it.
	Account string
	// Region is where the buckets are listed, and From what says so.
	Region, From string
	// Concurrency is how many buckets are worked on at a time.
	Concurrency int

	client    *alicloud.Client
	accounts  *alicloud.Accounts
	ownToo    bool
	source    *creds.Source
	traffic   *traffic
	snapshot  *snapshot
	selection string
	sts       string // host of the STS endpoint; empty for the public one
}

// Product returns the product token and session name of this command, which must
// not be the function's: the function leaves its own writes alone.
func Product(version string) string { return "bw-cli/" + version }

// sessionName is [Product] in the letters that STS takes.
func sessionName(version string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", r) {
			return r
		}
		return '-'
	}, "bw-cli-"+version)
}

// Open finds credentials and endpoints and wires the rest. What is wrong with the
// flags, the settings or the credentials is found here, before anything is done.
func (f *Flags) Open(ctx context.Context, a *app.App) (*Reach, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	cfg, err := f.readSettings(a.Env)
	if err != nil {
		return nil, err
	}
	req, err := f.requirement(a.Env, cfg)
	if err != nil {
		return nil, err
	}
	sts, err := stsHost(f, cfg)
	if err != nil {
		return nil, err
	}
	r := &Reach{sts: sts, Requirement: req, Concurrency: max(1, f.concurrency), selection: f.selection()}
	if err := r.authenticate(a, f); err != nil {
		return nil, err
	}
	if err := r.wire(a, f, cfg); err != nil {
		return nil, err
	}
	return r, r.selectAccounts(ctx, f)
}

// authenticate finds the key, and a first session where a role is in between.
func (r *Reach) authenticate(a *app.App, f *Flags) error {
	var err error
	r.source, err = creds.Find(creds.Options{
		Env: a.Env, Home: a.Home, Profile: f.profile, Metadata: f.metadata, External: f.external,
		STSHost: r.sts, Session: sessionName(a.Version),
	})
	if err != nil {
		return err
	}
	key, err := r.source.Key()
	if err != nil {
		return err
	}
	if a.Verbose {
		fmt.Fprintf(a.Err, "credentials: %s, key ending in %s\n", r.source.Name, lastFour(key.ID))
	}
	return nil
}

func lastFour(id string) string {
	if len(id) < 8 {
		return "(too short to show)"
	}
	return id[len(id)-4:]
}

func stsHost(f *Flags, cfg settings.Config) (string, error) {
	if f.stsEndpoint == "" {
		return cfg.STS, nil
	}
	host, err := alicloud.ParseSTSEndpoint(f.stsEndpoint)
	if err != nil {
		return "", app.Usagef("--sts-endpoint: %w", err)
	}
	return host, nil
}

// endpoints reads a flag, or else takes the function's setting.
func endpoints(flag, value string, set alicloud.Endpoints) (alicloud.Endpoints, error) {
	if value == "" {
		return set, nil
	}
	e, err := alicloud.ParseEndpoints(value)
	if err != nil {
		return e, app.Usagef("--%s: %w", flag, err)
	}
	return e, nil
}

// wire connects all parts, each with this command's own name.
func (r *Reach) wire(a *app.App, f *Flags, cfg settings.Config) error {
	oss, err := endpoints("endpoint", f.endpoint, cfg.OSS)
	if err != nil {
		return err
	}
	keys, err := endpoints("kms-endpoint", f.kmsEndpoint, cfg.KMS)
	if err != nil {
		return err
	}
	r.Region, r.From = r.region(a.Env, oss)
	internal := f.internal || oss.Internal
	oss.Own, oss.Internal = r.Region, internal
	keys.Own, keys.Internal = r.Region, internal
	transport := alicloud.NewTransportWith(&tlsdial.Dialer{})
	transport.MaxIdleConns = max(transport.MaxIdleConns, r.Concurrency)
	r.traffic = &traffic{next: transport}
	if a.Verbose {
		r.traffic.verbose = a.Err
	}
	r.client = alicloud.NewClient(oss, r.traffic, r.credentials)
	r.client.UserAgent = Product(a.Version)
	r.Warden = &ossenc.Warden{
		Store:  r.client,
		Lister: r.client,
		Keys:   ossenc.CacheKeys(kms.NewClient(keys, r.traffic, r.credentials)),
	}
	if r.Policy == nil {
		return nil
	}
	r.Warden.Policy = policy.Evaluator{Policy: r.Policy, Tags: r.client, Now: a.Now}
	if len(r.Policy.Accounts) == 0 {
		return nil
	}
	r.accounts = &alicloud.Accounts{
		Roles: map[string]alicloud.Role{}, STSEndpoint: r.sts, Internal: internal,
		Fallback: r.credentials, SessionName: sessionName(a.Version),
	}
	for _, account := range r.Policy.Accounts {
		r.accounts.Roles[account.ID] = alicloud.Role{ARN: account.RoleARN}
	}
	r.Warden.Accounts = r.accounts
	return nil
}

// region says where buckets are listed: a region of the environment or the profile
// is where the user works, and never a filter.
func (r *Reach) region(env map[string]string, e alicloud.Endpoints) (region, from string) {
	for _, name := range []string{"ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "OSS_REGION"} {
		if value := strings.TrimPrefix(env[name], "oss-"); ossenc.ValidRegion(value) {
			return value, name
		}
	}
	if ossenc.ValidRegion(r.source.Region) {
		return r.source.Region, r.source.Name
	}
	if _, ok := e.ByRegion[usualRegion]; !ok && len(e.ByRegion) > 0 { // a closed network has no other
		var regions []string
		for region := range e.ByRegion {
			regions = append(regions, region)
		}
		return slices.Min(regions), "the endpoints"
	}
	return usualRegion, "the default"
}

// credentials signs every call.
func (r *Reach) credentials() (ossenc.Credentials, error) {
	key, err := r.source.Key()
	if err != nil {
		return ossenc.Credentials{}, &ossenc.Error{Code: ossenc.Denied, Message: err.Error(), Err: err}
	}
	return ossenc.Credentials{AccessKeyID: key.ID, AccessKeySecret: key.Secret, SecurityToken: key.Token}, nil
}

// selectAccounts leaves only the accounts that the flags name. The credentials'
// own account has an ID only where a policy or a flag may ask for it.
func (r *Reach) selectAccounts(ctx context.Context, f *Flags) error {
	r.ownToo = true
	if r.Policy == nil && len(f.accounts) == 0 {
		return nil
	}
	id, err := r.client.Owner(r.Context(ctx))
	if err != nil && len(f.accounts) > 0 {
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "--account needs the right oss:ListBuckets"}
	}
	r.Account = id // a policy that needs it and does not have it says so for each bucket
	if len(f.accounts) == 0 {
		return nil
	}
	r.ownToo = false
	roles := map[string]alicloud.Role{}
	for _, account := range f.accounts {
		switch role, known := r.role(account); {
		case account == "own" || account == r.Account:
			r.ownToo = true
		case known:
			roles[account] = role
		default:
			return app.Usagef("there is no account %.40q; there are %s", account, r.accountNames())
		}
	}
	if r.accounts != nil {
		r.accounts.Roles = roles
	}
	return nil
}

func (r *Reach) role(account string) (alicloud.Role, bool) {
	if r.accounts == nil {
		return alicloud.Role{}, false
	}
	role, known := r.accounts.Roles[account]
	return role, known
}

func (r *Reach) accountNames() string {
	names := []string{r.Account + " (own)"}
	if r.accounts != nil {
		names = append(names, slices.Sorted(slices.Values(r.accounts.IDs()))...)
	}
	return strings.Join(names, ", ")
}

// accountIDs returns the selected accounts; the own one is "".
func (r *Reach) accountIDs() []string {
	var ids []string
	if r.ownToo {
		ids = append(ids, "")
	}
	if r.accounts != nil {
		ids = append(ids, slices.Sorted(slices.Values(r.accounts.IDs()))...)
	}
	return ids
}

// Context returns a context that acts as the credentials' account.
func (r *Reach) Context(ctx context.Context) context.Context {
	return ossenc.WithKeyCache(ossenc.WithIdentity(ctx, ossenc.Identity{Region: r.Region, AccountID: r.Account}))
}

// Select reads the list of the selected buckets, and limits the warden to them. A
// selection that matches nothing is an error.
func (r *Reach) Select(ctx context.Context, f *Flags) error {
	if err := r.take(r.Context(ctx), f); err != nil {
		return err
	}
	r.Warden.Lister = r.snapshot
	return nil
}

// Found returns how many buckets are selected.
func (r *Reach) Found() int { return r.snapshot.found }

// Throttled returns how many calls were turned away because there were too many.
func (r *Reach) Throttled() int { return int(r.traffic.throttled.Load()) }

// Bucket returns the address of one bucket that the user named.
func (r *Reach) Bucket(name string, f *Flags) (ossenc.Bucket, error) {
	if !ossenc.ValidBucketName(name) {
		return ossenc.Bucket{}, app.Usagef("%.80q is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -", name)
	}
	b := ossenc.Bucket{Name: name}
	switch {
	case len(f.regions) > 1 || len(f.accounts) > 1:
		return b, app.Usagef("one bucket has one --region and one --account")
	case len(f.regions) == 1:
		b.Region = f.regions[0]
	}
	if len(f.accounts) == 1 && !r.ownToo {
		b.Account = f.accounts[0]
	}
	return b, nil
}

// First is the first line of a summary: what is required and of which buckets.
func (r *Reach) First() string {
	text := "Required: " + r.Words
	if r.selection != "" {
		text += "; only " + r.selection
	}
	return text + fmt.Sprintf("; listed in %s (%s)", r.Region, r.From)
}

// Timeout returns a context that ends after the time that the flags allow.
func (f *Flags) Timeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, f.timeout, errors.New("the time of --timeout is over"))
}
