package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

// sweepRegions reads the regions of a fan-out; nil if they are not set.
func (r *reader) sweepRegions() []string {
	if r.values[SweepRegions] == "" {
		return nil
	}
	var regions []string
	for region := range strings.SplitSeq(r.values[SweepRegions], ",") {
		region = strings.TrimSpace(region)
		switch {
		case !ossenc.ValidRegion(region):
			r.problem(SweepRegions, fmt.Errorf("%.40q is not a region ID, such as cn-hangzhou", region))
		case slices.Contains(regions, region):
			r.problem(SweepRegions, fmt.Errorf("region %s is given twice", region))
		}
		regions = append(regions, region)
	}
	if len(regions) > maxSweepRegions {
		r.problem(SweepRegions, fmt.Errorf("has %d regions; at most %d can be given", len(regions), maxSweepRegions))
	}
	if r.values[SweepContinue] != "self" {
		r.problem(SweepRegions, errors.New("has no effect without "+SweepContinue+"=self"))
	}
	return regions
}

// maxSweepRegions is more regions than there are.
const maxSweepRegions = 99

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
