package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// The deployed function answers the events of a person's command like those of any
// other person: it repairs what was removed or weakened, and does not take the
// write for its own.
func TestTheFunctionRepairsWhatTheCommandWeakens(t *testing.T) {
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Configure: func(c *localfc.Config) { c.Command = []string{binary, "function"} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	a := &account{Cloud: s.Cloud, t: t, dir: t.TempDir()}
	a.env = []string{
		"BUCKETWARDEN_ENDPOINT=" + s.OSSURL, "HOME=" + a.dir,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + stack.UserKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + stack.UserKey.AccessKeySecret,
	}
	aes := localoss.Rule{Algorithm: "AES256"}
	for i, args := range [][]string{{"remove", "payments"}, {"set", "payments", "--algorithm", "SM4", "--compare", "exact"}} {
		s.OSS.PutBucket(localoss.Bucket{Name: "payments", Region: stack.Region, Rule: aes})
		s.OSS.ResetRequests()
		a.run(0, append(append([]string{"rule"}, args...), "--yes")...)
		event := lastWrite(t, s, i)
		if args[0] == "set" { // the rule is weakened once more, by whom does not matter
			s.OSS.SetRule("payments", localoss.Rule{})
		}
		res, err := s.Function.Invoke(t.Context(), event.JSON())
		if err != nil || !strings.Contains(string(res.Payload), `"verdict":"fixed"`) {
			t.Errorf("after rule %s the function answers %s (%v)", args[0], res.Payload, err)
		}
		if b, _ := s.OSS.Bucket("payments"); b.Rule != aes {
			t.Errorf("after rule %s the rule is %+v", args[0], b.Rule)
		}
	}
}

// lastWrite is the event of the write that the command made.
func lastWrite(t *testing.T, s *stack.Stack, n int) stack.Event {
	t.Helper()
	for _, r := range s.OSS.Requests() {
		if r.Operation == "PutBucketEncryption" || r.Operation == "DeleteBucketEncryption" {
			return stack.Call(fmt.Sprintf("69B10000000000000000%04d", n), r.Operation, r.Bucket, r.Region, r.UserAgent)
		}
	}
	t.Fatal("the command wrote nothing")
	return nil
}
