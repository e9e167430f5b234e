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
	localfc "bucketwarden/internal/local/fc"
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
// buckets, and the given ones of [Region]. It writes the answer as JSON to out. A
// function error is a [*FunctionError].
func Invoke(ctx context.Context, o Options, buckets []string, event []byte, out io.Writer) error {
	s, err := Start(ctx, o)
	if err != nil {
		return err
	}
	res, err := s.invoke(ctx, buckets, event)
	if err = errors.Join(err, s.Close(ctx)); err != nil {
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
	if res.FunctionError != "" {
		return &FunctionError{Type: res.ErrorType()}
	}
	return nil
}

func (s *Stack) invoke(ctx context.Context, buckets []string, event []byte) (localfc.Result, error) {
	if err := SampleBuckets(s.OSS, Region); err != nil {
		return localfc.Result{}, err
	}
	for _, name := range buckets {
		s.OSS.CreateBucket(localoss.Bucket{Name: name, Region: Region})
	}
	return s.Function.Invoke(ctx, event)
}

// FunctionError reports that the function failed, as it does on purpose when the
// platform shall try again.
type FunctionError struct {
	// Type is the errorType of the answer.
	Type string
}

// Error names the type.
func (e *FunctionError) Error() string { return "the function failed: errorType " + e.Type }
