package settings

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/cloudconfig"
)

// cloudConfig returns where Cloud Config takes evaluations; nil if that is not set.
// Nothing in an event says which site it is from.
func (r *reader) cloudConfig() *url.URL {
	site := oneOf(r, ConfigSite, "", cloudconfig.China, cloudconfig.International)
	if custom := r.url(ConfigEndpoint); custom != nil {
		if site != "" {
			r.problem(ConfigSite, errors.New("has no effect beside "+ConfigEndpoint+"; set one of them"))
		}
		return custom
	}
	return cloudconfig.Endpoint(site)
}

// maxHops returns the bound on the invocations of one run; 0 if it is not set.
func (r *reader) maxHops() int {
	text := r.values[SweepMaxHops]
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		r.problem(SweepMaxHops, errors.New("is a number from 1 to 10000"))
	}
	return n
}

// settle reads how long a new bucket is left alone. In Function Compute the event of a
// creation comes within seconds, before most tools have set their own rule.
func (r *reader) settle() time.Duration {
	usual := "0s"
	if r.values["FC_FUNCTION_NAME"] != "" || r.values["FC_RUNTIME_API"] != "" {
		usual = "5s"
	}
	d, err := ossenc.ParseSettle(cmp.Or(r.values[Settle], usual))
	if err != nil {
		r.problem(Settle, err)
	}
	return d
}

// url reads the URL of a service that has one endpoint for all regions; nil if it is
// not set.
func (r *reader) url(name string) *url.URL {
	if r.values[name] == "" {
		return nil
	}
	u, err := alicloud.ParseURL(r.values[name])
	if err != nil {
		r.problem(name, err)
		return nil
	}
	return u
}
