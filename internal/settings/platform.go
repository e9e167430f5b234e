package settings

import (
	"errors"
	"net/url"

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
