package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	localoss "bucketwarden/internal/local/oss"
)

// Sample is one entry of events/manifest.json.
type Sample struct {
	About   string `json:"about"`
	Trigger string `json:"trigger"`
	// Results is what the function answers in an account where every bucket named
	// here exists without a rule; nil for what is no event.
	Results []struct {
		Bucket  string `json:"bucket"`
		Verdict string `json:"verdict"`
	} `json:"results"`
}

// Samples reads the manifest of the sample events in dir.
func Samples(dir string) (map[string]Sample, error) {
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var samples map[string]Sample
	return samples, json.Unmarshal(b, &samples)
}

// CreateBuckets creates the buckets that the samples name, without a rule. The
// one of the failed creation is left out: it is somebody else's.
func CreateBuckets(s *localoss.Server, samples map[string]Sample) {
	for _, sample := range samples {
		for _, r := range sample.Results {
			if r.Bucket != "" && r.Bucket != "demo-bucket-taken" {
				s.PutBucket(localoss.Bucket{Name: r.Bucket, Region: Region})
			}
		}
	}
}

// Invoke sends one event to a fresh function in an account with the samples'
// buckets, and the given ones, and writes the answer to out. A function error is
// an error here too.
func Invoke(ctx context.Context, o Options, samples map[string]Sample, buckets []string, event []byte, out io.Writer) error {
	stack, err := Start(ctx, o)
	if err != nil {
		return err
	}
	CreateBuckets(stack.OSS, samples)
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
