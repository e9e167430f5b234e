package function

import (
	"context"
	"encoding/json"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc/alicloud/cloudconfig"
)

// configRules hands the service's evaluations to Cloud Config in its own words.
type configRules struct{ client *cloudconfig.Client }

// Put submits evaluations.
func (c configRules) Put(ctx context.Context, token string, list []service.Evaluation, complete bool) error {
	evaluations := make([]cloudconfig.Evaluation, len(list))
	for i, e := range list {
		evaluations[i] = cloudconfig.Evaluation{
			AccountID: json.Number(e.Account), ResourceID: e.ResourceID, Type: e.ResourceType, Region: e.Region,
			OrderingTimestamp: json.Number(e.Ordering), Compliance: string(e.Compliance), Annotation: e.Annotation,
		}
	}
	return c.client.Put(ctx, token, evaluations, complete)
}
