// Package e2e tells stories: testdata/script holds scripts that drive the
// function's real binary through the Runtime API against the local OSS.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/stories"
	"bucketwarden/ossenc"
)

const root = "../.."

var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary, err = stack.Build(context.Background(), root, dir, raceFlags...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			events, err := filepath.Abs(filepath.Join(root, "events"))
			env.Setenv("EVENTS", events)
			env.Setenv("BINARY", binary)
			s := &story{began: time.Now().Truncate(time.Second)}
			env.Values[storyKey{}] = s
			env.Defer(s.end(env))
			return err
		},
		Cmds: stories.Verbs(func(ts *testscript.TestScript) *localoss.Server { return started(ts).OSS }, map[string]stories.Verb{
			"function": function,
			"event":    event,
			"alarms":   alarms,
			"lag":      lag,
			"late":     late,
			"log":      logged,
			"http":     web,
			"member":   member,
			"digest":   digest,
			"did":      did,
			"key":      key,
		}),
	})
}

type storyKey struct{}

// story is what one script works with.
type story struct {
	stack *stack.Stack
	log   lockedBuffer
	began time.Time // whole seconds
}

func of(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

func (s *story) end(env *testscript.Env) func() {
	return func() {
		if s.stack == nil {
			return
		}
		if err := s.stack.Close(context.Background()); err != nil {
			env.T().Log("the function ended with: ", err, "\n", s.log.String())
			env.T().FailNow()
		}
	}
}

// started returns the stack, with the default settings if the script gave none.
func started(ts *testscript.TestScript) *stack.Stack {
	if of(ts).stack == nil {
		function(ts, false, nil)
	}
	return of(ts).stack
}

// keys are the KMS keys of the stories.
var keys = []localkms.Key{
	{ID: "key-1", Aliases: []string{"alias/payments"}},
	{ID: "key-2"},
	{ID: "key-bj", Region: "cn-beijing"},
	{ID: "key-off", State: "Disabled"},
	{ID: "key-going", State: "PendingDeletion"},
	{ID: "key-sign", Usage: "SIGN/VERIFY"},
}

// function starts the function: function [NAME=value...] [policy=FILE]
// [sessions=n] [accounts].
func function(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	o := stack.Options{Binary: binary, Log: &s.log, Keys: keys, Dir: ts.MkAbs(".")}
	for _, arg := range args {
		if n, ok := strings.CutPrefix(arg, "sessions="); ok {
			o.Sessions = int64(stories.Number(ts, n))
			continue
		}
		if file, ok := strings.CutPrefix(arg, "policy="); ok {
			arg = "WARDEN_POLICY=" + ts.MkAbs(file)
		}
		if arg == "accounts" {
			o.Roles = roles
			continue
		}
		o.Env = append(o.Env, arg)
	}
	st, err := stack.Start(context.Background(), o)
	if neg {
		if err == nil {
			ts.Fatalf("the function started")
		}
		ts.Check(os.WriteFile(ts.MkAbs("start-error"), []byte(err.Error()), 0o600))
		return
	}
	ts.Check(err)
	s.stack = st
}

// event invokes the function: event FILE, or event created|removed|changed|own
// BUCKET [REGION], or event recorded ID. The answer, of a failed invocation too, is in the file answer,
// the errorType in the file error.
func event(ts *testscript.TestScript, neg bool, args []string) {
	st := started(ts)
	payload := payloadOf(ts, args)
	st.OSS.ResetRequests()
	res, err := st.Function.Invoke(context.Background(), payload)
	ts.Check(err)
	answer := string(res.Payload)
	if res.FunctionError != "" {
		answer = res.ErrorMessage()
	}
	ts.Logf("%s %s", res.ErrorType(), answer)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), []byte(answer+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("error"), []byte(res.ErrorType()+"\n"), 0o600))
	if failed := res.FunctionError != ""; failed != neg {
		ts.Fatalf("the invocation failed: %t", failed)
	}
}

func payloadOf(ts *testscript.TestScript, args []string) []byte {
	const id = "69B1000000000000000000FF"
	region := stack.Region
	if len(args) > 2 {
		region = args[2]
	}
	switch args[0] {
	case "created":
		return stack.BucketCreated(id, args[1], region).JSON()
	case "removed":
		return stack.Call(id, "DeleteBucketEncryption", args[1], region, "aliyun-oss-console").JSON()
	case "changed":
		return stack.Call(id, "PutBucketEncryption", args[1], region, "aliyun-oss-console").JSON()
	case "recorded": // the event of a call that did entered
		ev := stack.Call(args[1], "", "", stack.Region, "")
		ev["data"] = of(ts).stack.Trail.Record(args[1])
		return ev.JSON()
	case "own":
		return stack.Call(id, "PutBucketEncryption", args[1], region, "alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)/"+ossenc.UserAgent).JSON()
	}
	return []byte(ts.ReadFile(args[0]))
}

// lag lets the next n reads after a write show the old rule: lag n.
func lag(ts *testscript.TestScript, _ bool, args []string) {
	started(ts).OSS.SetReadLag(stories.Number(ts, args[0]))
}

// late lets the next n calls for a bucket find none: late BUCKET n.
func late(ts *testscript.TestScript, _ bool, args []string) {
	started(ts).OSS.AppearAfter(args[0], stories.Number(ts, args[1]))
}

// logged checks that the function's log has, or has not, a text: log TEXT.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	if found := strings.Contains(of(ts).log.String(), args[0]); found == neg {
		ts.Fatalf("in the log: %t\n%s", found, of(ts).log.String())
	}
}

// lockedBuffer is written by the function's log and read by scripts.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// did enters what ActionTrail recorded in the past: did AGO OPERATION BUCKET BY AGENT
// [ID]; by is own, or a RAM user. LOOK in the agent is a look that saw no rule, 700 ms before.
func did(ts *testscript.TestScript, _ bool, args []string) {
	st := started(ts)
	ago, err := time.ParseDuration(args[0])
	ts.Check(err)
	key := wire.AccessKey{AccessKeyID: "LTAI" + args[3], Name: args[3]}
	if args[3] == "own" {
		key.Name = stack.Role + "/fc"
	}
	st.AddKey(key)
	at, id := of(ts).began.Add(-ago), fmt.Sprintf("%024X", time.Now().UnixNano())
	if len(args) > 5 {
		id = args[5]
	}
	look := ossenc.Look{At: at.Add(-700 * time.Millisecond), Saw: ossenc.Saw(ossenc.Rule{})}
	st.Trail.Add(localoss.Request{
		Operation: args[1], Bucket: args[2], Region: stack.Region, AccessKeyID: key.AccessKeyID, Status: 200,
		UserAgent: strings.ReplaceAll(args[4], "LOOK", look.String()), RequestID: id, Time: at,
	})
}
