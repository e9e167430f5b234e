package function

import (
	"cmp"
	"context"

	"bucketwarden/internal/settings"
	"bucketwarden/ossenc/alicloud/fc"
)

// invoker starts invocations of this same function.
type invoker struct {
	client   *fc.Client
	function fc.Function
}

func newInvoker(cfg settings.Config, c *cloud) *invoker {
	client := fc.New(c.transport, c.chain.Credentials)
	client.Endpoint, client.Internal = cfg.FC, cfg.OSS.Internal
	// A deployed version invokes itself, not what is uploaded meanwhile.
	version := cmp.Or(cfg.Env["FC_FUNCTION_VERSION"], cfg.Env["FC_VER_ID"])
	return &invoker{client, fc.Function{Name: cfg.Env["FC_FUNCTION_NAME"], Qualifier: version}}
}

// Start implements [service.Invoker].
func (i *invoker) Start(ctx context.Context, taskID string, payload []byte) (bool, error) {
	return i.client.InvokeAsync(ctx, i.function, taskID, payload)
}

// Exists implements [service.Invoker].
func (i *invoker) Exists(ctx context.Context, taskID string) (bool, error) {
	_, found, err := i.client.Task(ctx, i.function, taskID)
	return found, err
}
