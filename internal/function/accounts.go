package function

import (
	"net/http"
	"net/url"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/organisation"
	"bucketwarden/ossenc/alicloud/resourcedirectory"
	"bucketwarden/ossenc/policy"
)

// Accounts returns the accounts that a policy names or selects in its organisation,
// whose roles sts assumes. endpoint is where the Resource Directory answers; nil for
// the public cloud's.
func Accounts(p *policy.Policy, sts *alicloud.Accounts, transport http.RoundTripper, endpoint *url.URL) ossenc.Accounts {
	sts.Roles = map[string]ossenc.Account{}
	for _, a := range p.Accounts {
		sts.Roles[a.ID] = a
	}
	if p.Directory == nil {
		return sts
	}
	client := resourcedirectory.New(transport, sts.Fallback)
	client.Endpoint = endpoint
	return &organisation.Accounts{Named: sts, Directory: client, Members: *p.Directory}
}
