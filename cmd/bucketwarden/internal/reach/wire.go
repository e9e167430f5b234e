package reach

import (
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/internal/function"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/kms"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"
)

// authenticate finds the key, and a first session where a role is in between.
func (r *Reach) authenticate(a *app.App, f *Flags) error {
	var err error
	r.source, err = f.login.Find(a, r.sts)
	return err
}

func lastFour(id string) string {
	if len(id) < 8 {
		return "(too short to show)"
	}
	return id[len(id)-4:]
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
	r.internal, r.public = internal, inPublicCloud(oss)
	oss.Own, oss.Internal = r.Region, internal
	keys.Own, keys.Internal = r.Region, internal
	transport := alicloud.NewTransportWith(&tlsdial.Dialer{Roots: tlsdial.System(a.Env["SSL_CERT_FILE"], a.Env["SSL_CERT_DIR"])})
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
		Policy: policy.Evaluator{Policy: r.Policy, Tags: r.client, Now: a.Now},
		Keys:   ossenc.CacheKeys(kms.NewClient(keys, r.traffic, r.credentials)),
		Mode:   cfg.Mode,
	}
	if err := r.wireTrail(f, cfg, internal); err != nil {
		return err
	}
	if !r.Policy.HasAccounts() {
		return nil
	}
	r.accounts = function.Accounts(r.Policy, &alicloud.Accounts{
		STSEndpoint: r.sts, Internal: internal, Fallback: r.credentials, SessionName: sessionName(a.Version),
	}, r.traffic, cfg.ResourceDirectory)
	r.Warden.Accounts = r.accounts
	return nil
}

// region says where buckets are listed: a region of the environment or the profile
// is where the user works, and never a filter.
func (r *Reach) region(env map[string]string, e alicloud.Endpoints) (region, from string) {
	if region, from = WorkRegion(env, r.source); region != "" {
		return region, from
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

// WorkRegion returns the region that the environment or the profile names, and which
// of them does; empty where neither names one.
func WorkRegion(env map[string]string, source *creds.Source) (region, from string) {
	for _, name := range []string{"ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "OSS_REGION"} {
		if value := strings.TrimPrefix(env[name], "oss-"); ossenc.ValidRegion(value) {
			return value, name
		}
	}
	if source != nil && ossenc.ValidRegion(source.Region) {
		return source.Region, source.Name
	}
	return "", ""
}

// credentials signs every call.
func (r *Reach) credentials() (ossenc.Credentials, error) { return Credentials(r.source) }
