package stack

import (
	"context"
	"errors"
	"fmt"
	"io"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
)

// Addresses are where `make local` listens.
type Addresses struct {
	Function string // InvokeFunction and the HTTP trigger
	OSS      string
	Console  string
}

// Serve keeps everything up until ctx ends: what happens in the local OSS, from
// the console or any OSS client, reaches the function as events.
func Serve(ctx context.Context, o Options, at Addresses, out io.Writer) error {
	events := &EventBridge{
		URL:    "http://" + at.Function + "/2023-03-30/functions/bucketwarden/invocations",
		Failed: func(err error) { fmt.Fprintln(out, "eventbridge:", err) },
	}
	o.OSSAddr = at.OSS
	o.OSS.OnCall = func(r localoss.Request) { go events.Call(r) }
	stack, err := Start(ctx, o)
	if err != nil {
		return err
	}
	events.OSS = stack.OSS
	front, err := wire.Listen(ctx, at.Function, stack.Function.Handler(), nil)
	if err != nil {
		return errors.Join(err, stack.Close(ctx))
	}
	console, err := wire.Listen(ctx, at.Console, Console{stack.OSS, events}.Handler(), nil)
	if err != nil {
		return errors.Join(err, front.Close(), stack.Close(ctx))
	}
	fmt.Fprintf(out, guide, at.Function, at.OSS, at.Console, UserKey.AccessKeyID, UserKey.AccessKeySecret)
	<-ctx.Done()
	fmt.Fprintln(out, "\nstopping")
	return errors.Join(front.Close(), console.Close(), stack.Close(context.WithoutCancel(ctx)))
}

const guide = `
Bucketwarden is up, on this machine alone. ^C ends it.

  the function    http://%[1]s
  the report      http://%[1]s/report   (a page; see docs/http.md)
  the local OSS   http://%[2]s   (any OSS client; key %[4]s, secret %[5]s, V4 signatures)
  the console     http://%[3]s

Create a bucket and see what becomes of it; the events go their way by themselves:

  curl -X PUT    '%[3]s/my-bucket?region=cn-beijing'
  curl            %[3]s/
  curl -X DELETE  %[3]s/my-bucket/encryption
  curl -X PUT    '%[3]s/my-bucket/encryption?algorithm=KMS&key=key-1'

Send an event yourself; the answer says what was done:

  bucketwarden events actiontrail-encryption-deleted | curl --data @- \
       http://%[1]s/2023-03-30/functions/bucketwarden/invocations

What the function logs:

`
