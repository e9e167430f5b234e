package stack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"bucketwarden/events"
	localoss "bucketwarden/internal/local/oss"
)

// SampleBuckets creates the buckets that the samples name, afresh and without a
// rule.
func SampleBuckets(s *localoss.Server, region string) error {
	names, err := events.Buckets()
	for _, name := range names {
		s.PutBucket(localoss.Bucket{Name: name, Region: cmp.Or(region, Region)})
	}
	return err
}

// Invoke sends one event to a fresh function in an account with the samples'
// buckets, and the given ones, and writes the answer to out. A function error is
// an error here too.
func Invoke(ctx context.Context, o Options, buckets []string, event []byte, out io.Writer) error {
	stack, err := Start(ctx, o)
	if err != nil {
		return err
	}
	if err := SampleBuckets(stack.OSS, Region); err != nil {
		return errors.Join(err, stack.Close(ctx))
	}
	for _, name := range buckets {
		stack.OSS.PutBucket(localoss.Bucket{Name: name, Region: Region})
	}
	res, err := stack.Function.Invoke(ctx, event)
	if err != nil {
		return err
	}
	answer := res.Payload
	if res.FunctionError != "" {
		answer = []byte(res.ErrorMessage())
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", "  ") != nil {
		pretty.Write(answer)
	}
	fmt.Fprintln(out, pretty.String())
	if err := stack.Close(ctx); err != nil {
		return err
	}
	if res.FunctionError != "" {
		return fmt.Errorf("the function failed: errorType %s", res.ErrorType())
	}
	return nil
}
