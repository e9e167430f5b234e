package function

import (
	"cmp"
	"context"

	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/fc"
)

// invoker starts invocations of this same function, and of those of its name in other
// regions.
type invoker struct {
	client   *fc.Client
	function fc.Function
}

func newInvoker(cfg settings.Config, c *cloud) *invoker {
	client := fc.New(c.transport, c.chain.Credentials)
	client.Endpoints = cfg.FC
	// A deployed version invokes itself, not what is uploaded meanwhile.
	version := cmp.Or(cfg.Env["FC_FUNCTION_VERSION"], cfg.Env["FC_VER_ID"])
	return &invoker{client, fc.Function{Name: cfg.Env["FC_FUNCTION_NAME"], Qualifier: version}}
}

// in returns the function in a region. The versions of another region are not those of
// this one, so what is uploaded there is invoked.
func (i *invoker) in(ctx context.Context, region string) fc.Function {
	if region == "" || region == ossenc.IdentityFrom(ctx).Region {
		return i.function
	}
	return fc.Function{Name: i.function.Name, Region: region}
}

// Start implements [service.Invoker].
func (i *invoker) Start(ctx context.Context, region, taskID string, payload []byte) (bool, error) {
	return i.client.InvokeAsync(ctx, i.in(ctx, region), taskID, payload)
}

// Task implements [service.Invoker].
func (i *invoker) Task(ctx context.Context, region, taskID string) ([]byte, bool, error) {
	task, found, err := i.client.Task(ctx, i.in(ctx, region), taskID)
	return task.Payload, found, err
}
