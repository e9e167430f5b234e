package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
)

// creation is the event of a bucket's creation in an account.
func creation(bucket, account string, at time.Time) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","time":%q,"aliyunoriginalaccountid":%q,"data":{"oss":{"bucket":{"name":%q}}}}`, at.Format(time.RFC3339), account, bucket)
}

// An event of an account that the policy does not have makes the function assume no
// role: it is ignored, with a warning in the answer and in the log.
func TestBatch_EventsOfOtherAccounts(t *testing.T) {
	for account, wants := range map[string]struct {
		verdict ossenc.Verdict
		assumed string
	}{"11": {ossenc.Fixed, ""}, "": {ossenc.Fixed, ""}, "22": {ossenc.Fixed, "22"}, "33": {ossenc.Ignored, ""}} {
		m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
		s := serving(m)
		roles := &memory.Accounts{IDs: []string{"22"}}
		w := m.Warden(ossenc.Desired{Rule: aes256})
		w.Accounts = roles
		s.Policy.Accounts = []ossenc.Account{{ID: "22"}}
		s.Warden = func() Warden { return w }
		var log bytes.Buffer
		s.Log = slog.New(slog.NewJSONHandler(&log, nil))
		ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "11"})
		res := s.Batch(ctx, []byte(creation("b-1", account, time.Now()))).Results[0]
		if res.Verdict != wants.verdict || strings.Join(roles.Assumed, ",") != wants.assumed {
			t.Errorf("%q: %s, assumed %q (%s)", account, res.Verdict, roles.Assumed, res.Reason)
		}
		warned := strings.Contains(res.Warning, account) && strings.Contains(log.String(), `"level":"WARN"`) && strings.Contains(log.String(), `"warning":`)
		if ignored := wants.verdict == ossenc.Ignored; ignored && !warned || !ignored && (res.Warning != "" || strings.Contains(log.String(), "WARN")) {
			t.Errorf("%q: warning %q, log %s", account, res.Warning, log.String())
		}
	}
}

// Where the directory is silent, nobody knows whose the bucket is: the event fails, and
// no role is assumed.
func TestBatch_AnAccountThatNothingIsKnownOf(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
	roles := &memory.Accounts{IDs: []string{"22"}, ListErr: &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: "no answer"}}
	s := serving(m)
	w := m.Warden(ossenc.Desired{Rule: aes256})
	w.Accounts = roles
	s.Policy.Directory = &ossenc.Members{}
	s.Warden = func() Warden { return w }
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "11"})
	results := s.Batch(ctx, []byte(creation("b-1", "22", time.Now())))
	if res := results.Results[0]; res.Verdict != ossenc.Unknown || results.Code() != ossenc.Unavailable || res.Account != "22" || len(roles.Assumed) != 0 || m.Writes != 0 {
		t.Errorf("%+v, assumed %q", res, roles.Assumed)
	}
	if res := s.Batch(ctx, []byte(creation("b-1", "11", time.Now()))).Results[0]; res.Verdict != ossenc.Fixed {
		t.Errorf("the function's own account: %+v", res)
	}
}

// A bucket that OSS does not show yet fails the invocation while it is young, so that
// the platform tries again; an old event, or the third repetition, finds it gone.
func TestBatch_ABucketThatIsNotThereYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			age     time.Duration
			retries int
			verdict ossenc.Verdict
			code    ossenc.Code
		}{
			{0, 0, ossenc.Unknown, ossenc.NotYet},
			{-time.Minute, 0, ossenc.Unknown, ossenc.NotYet}, // a clock that is ahead
			{9 * time.Minute, 2, ossenc.Unknown, ossenc.NotYet},
			{9 * time.Minute, 3, ossenc.Gone, ""},
			{10 * time.Minute, 0, ossenc.Gone, ""},
			{24 * time.Hour, 2, ossenc.Gone, ""},
		} {
			s := serving(&memory.Account{Rules: map[string]ossenc.Rule{}})
			ctx := ossenc.WithRetryCount(t.Context(), tt.retries)
			results := s.Batch(ctx, []byte(creation("b-1", "", time.Now().Add(-tt.age))))
			if got := results.Results[0]; got.Verdict != tt.verdict || got.Code != tt.code || results.Code() != tt.code {
				t.Errorf("%v old, repeated %d times: %s %q, want %s %q (%s)", tt.age, tt.retries, got.Verdict, got.Code, tt.verdict, tt.code, got.Reason)
			}
		}
		if !ossenc.NotYet.Retryable() {
			t.Error("not_yet is not retryable")
		}
	})
}

// New buckets settle together: a batch waits once, however many there are, and at most a
// third of its time.
func TestBatch_NewBucketsSettleTogether(t *testing.T) {
	for _, tt := range []struct{ timeout, waits time.Duration }{{0, 5 * time.Second}, {30 * time.Second, 5 * time.Second}, {9*time.Second + answerMargin, 3 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			if tt.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.timeout)
				defer cancel()
			}
			m := &memory.Account{Rules: map[string]ossenc.Rule{}}
			var events []string
			for i := range 20 {
				name := fmt.Sprintf("b-%02d", i)
				m.Rules[name] = ossenc.Rule{}
				at := time.Now() // some events have no time, and some a clock ahead of ours
				if i%3 == 1 {
					at = at.Add(time.Hour)
				}
				event := creation(name, "", at)
				if i%3 == 2 {
					event = strings.Replace(event, `"time"`, `"other"`, 1)
				}
				events = append(events, event)
			}
			w := m.Warden(ossenc.Desired{Rule: aes256})
			w.Settle = 5 * time.Second
			s := servingBy(w)
			s.Concurrency = 2
			start := time.Now()
			results := s.Batch(ctx, []byte("["+strings.Join(events, ",")+"]"))
			if waited := time.Since(start); waited != tt.waits || results.Code() != "" || m.Writes != 20 {
				t.Errorf("%v: waited %v, want %v; %q, %d writes", tt.timeout, waited, tt.waits, results.Code(), m.Writes)
			}
		})
	}
}
