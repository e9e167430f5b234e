package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	localtrail "bucketwarden/internal/local/actiontrail"
	"bucketwarden/internal/local/cloud"
	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/resourcedirectory"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/stories"
	"bucketwarden/ossenc"
)

// binary is the command, built as it is distributed but for its symbols. raced has the
// race detector too, if the tests have it: it starts slowly, so stories do not use it.
var binary, raced string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bucketwarden")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "bucketwarden")
	raced = binary
	builds := [][]string{{"build", "-o", binary, "."}}
	if len(raceFlags) > 0 {
		raced = filepath.Join(dir, "raced")
		builds = append(builds, slices.Concat([]string{"build", "-o", raced}, raceFlags, []string{"."}))
	}
	for _, args := range builds {
		if out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// The command's stories: each begins in an empty directory and an account without
// buckets, with keys in the environment.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setUp,
		Cmds: stories.Verbs(func(ts *testscript.TestScript) *localoss.Server { return worldOf(ts).OSS }, map[string]stories.Verb{
			"bw":      command,
			"sts":     stsAnswers,
			"agent":   agent,
			"account": joins,
			"same":    same,
			"expand":  expand,
			"deploy":  deploy,
			"digest":  digest,
			"trail":   trail,
			"did":     did,
			"when":    when,
		}),
	})
}

// The keys that the local cloud knows. No output may hold a part of a secret.
var (
	userKey    = wire.AccessKey{AccessKeyID: "LTAI5tUSERKEY0001", AccessKeySecret: "Us3rS3cr3tOfTheStories0000001", Name: "alice"}
	sessionKey = wire.AccessKey{AccessKeyID: "STS.NUSESSION0002", AccessKeySecret: "S3ss10nS3cr3tOfTheStories00002", SecurityToken: "CAISTokenOfTheStories/0918273645+abcdefghij=="}
	secrets    = []string{userKey.AccessKeySecret, sessionKey.AccessKeySecret, sessionKey.SecurityToken, tokenOfTests}
)

// The account whose role trusts ours.
const member = "2222222222222222"

type worldKey struct{}

// world is what one story works with.
type world struct {
	*cloud.Cloud
	events int       // that did has entered
	began  time.Time // whole seconds
}

func setUp(env *testscript.Env) error {
	c, err := cloud.Start(context.Background(), cloud.Options{
		KMSKeys: []localkms.Key{{ID: "key-1", Aliases: []string{"alias/payments"}}, {ID: "key-2"}, {ID: "key-off", State: "Disabled"}},
		Roles: []localsts.Role{
			{ARN: "acs:ram::" + member + ":role/bucketwarden", Trusts: []string{wire.DefaultAccount}},
			{ARN: "acs:ram::" + wire.DefaultAccount + ":role/reader", Trusts: []string{wire.DefaultAccount}},
		},
	})
	if err != nil {
		return err
	}
	c.Trail.SetRate(0)
	c.AddKey(userKey)
	c.AddKey(sessionKey)
	env.Values[worldKey{}] = &world{Cloud: c, began: time.Now().Truncate(time.Second)}
	env.Defer(func() { _ = c.Close() })
	settings := map[string]string{}
	for _, pair := range c.Env() {
		name, value, _ := strings.Cut(pair, "=")
		settings[name] = value
	}
	for name, value := range map[string]string{
		"BW":                                binary,
		"HOME":                              env.WorkDir,
		"USERPROFILE":                       env.WorkDir,
		"BUCKETWARDEN_ENDPOINT":             settings["WARDEN_OSS_ENDPOINT"],
		"BUCKETWARDEN_KMS_ENDPOINT":         settings["WARDEN_KMS_ENDPOINT"],
		"BUCKETWARDEN_STS_ENDPOINT":         settings["WARDEN_STS_ENDPOINT"],
		"BUCKETWARDEN_ACTIONTRAIL_ENDPOINT": settings["WARDEN_ACTIONTRAIL_ENDPOINT"],
		"BUCKETWARDEN_RATE":                 "0",
		"STS":                               settings["WARDEN_STS_ENDPOINT"],
		"DIRECTORY":                         settings["WARDEN_RESOURCE_DIRECTORY_ENDPOINT"],
		"SSL_CERT_FILE":                     settings["SSL_CERT_FILE"],
		"ALIBABA_CLOUD_ACCESS_KEY_ID":       userKey.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET":   userKey.AccessKeySecret,
		"USER_ID":                           userKey.AccessKeyID,
		"USER_SECRET":                       userKey.AccessKeySecret,
		"SESSION_ID":                        sessionKey.AccessKeyID,
		"SESSION_SECRET":                    sessionKey.AccessKeySecret,
		"SESSION_TOKEN":                     sessionKey.SecurityToken,
		"TAKEN":                             strings.TrimPrefix(settings["WARDEN_OSS_ENDPOINT"], "http://"),
	} {
		env.Setenv(name, value)
	}
	return nil
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// joins adds a member to the organisation: account ID [name=NAME] [folder=ID]
// [status=STATUS] [role=NAME].
func joins(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	a := resourcedirectory.Account{ID: args[0]}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "name":
			a.Name = value
		case "folder":
			a.Folders = []string{value}
		case "status":
			a.Status = value
		case "role":
			w.STS.PutRole(localsts.Role{ARN: "acs:ram::" + a.ID + ":role/" + value, Trusts: []string{wire.DefaultAccount}})
		default:
			ts.Fatalf("account: %s", arg)
		}
	}
	w.Directory.Put(a)
}

// command runs the command and checks its status: bw STATUS ARG...
func command(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).OSS.ResetRequests()
	err := ts.Exec(binary, args[1:]...)
	status := "0"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = strconv.Itoa(exit.ExitCode())
	} else {
		ts.Check(err)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(stream)
		for _, secret := range secrets {
			if strings.Contains(text, secret[:12]) || strings.Contains(text, secret[len(secret)-12:]) {
				ts.Fatalf("%s holds a secret:\n%s", stream, text)
			}
		}
	}
	if status != args[0] {
		ts.Fatalf("the status is %s, want %s", status, args[0])
	}
}

// stsAnswers makes STS refuse, or checks how often it was asked whose key this is: sts
// CODE, sts off, sts asked N.
func stsAnswers(ts *testscript.TestScript, _ bool, args []string) {
	sts := worldOf(ts).STS
	switch args[0] {
	case "off":
		sts.SetFault(nil)
	case "asked":
		if got := strconv.Itoa(sts.Count("GetCallerIdentity")); got != args[1] {
			ts.Fatalf("STS was asked %s times, want %s", got, args[1])
		}
	default:
		sts.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Code: args[0]} })
	}
}

// agent checks the end of the user agent of all calls of the last command, but for what a
// write was decided on.
func agent(ts *testscript.TestScript, _ bool, args []string) {
	requests := worldOf(ts).OSS.Requests()
	if len(requests) == 0 {
		ts.Fatalf("there were no calls")
	}
	for _, r := range requests {
		if product, _, _ := strings.Cut(r.UserAgent, " look/"); !strings.HasSuffix(product, args[0]) {
			ts.Fatalf("%s came from %q", r.Operation, r.UserAgent)
		}
	}
}

// digest sets DIGEST to that of a plan: digest FILE.
func digest(ts *testscript.TestScript, _ bool, args []string) {
	var plan struct{ Digest string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &plan))
	ts.Setenv("DIGEST", plan.Digest)
}

// same checks that two files are equal.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if (ts.ReadFile(args[0]) == ts.ReadFile(args[1])) == neg {
		ts.Fatalf("%s and %s: equal is %t", args[0], args[1], neg)
	}
}

// expand replaces the variables in a file.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(os.Expand(ts.ReadFile(file), ts.Getenv)), 0o600))
	}
}

// deploy deploys the function on this machine, as strict as the platform: deploy
// [tokens] [SETTING=VALUE...]. FUNCTION_URL is where, TOKEN and the file token hold a token.
func deploy(ts *testscript.TestScript, _ bool, args []string) {
	o := stack.Options{Command: []string{binary, "function"}, Signed: true, Env: []string{"WARDEN_HTTP_AUTH=platform"}}
	if slices.Contains(args, "tokens") {
		o.Env = []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_TOKENS=page:report:" + hash(tokenOfTests)}
		o.Configure = func(c *localfc.Config) { c.SignedTrigger = false } // authType: anonymous
	}
	for _, arg := range args {
		if strings.Contains(arg, "=") {
			o.Env = append(o.Env, arg)
		}
	}
	s, err := stack.Start(context.Background(), o)
	ts.Check(err)
	s.AddKey(userKey)
	s.AddKey(sessionKey)
	front := httptest.NewServer(s.Function.Handler())
	ts.Defer(func() { front.Close(); _ = s.Close(context.Background()) })
	w := worldOf(ts)
	for _, b := range w.OSS.Buckets() {
		s.OSS.PutBucket(b)
	}
	w.OSS = s.OSS // what the function sees
	ts.Setenv("FUNCTION_URL", front.URL)
	ts.Setenv("SSL_CERT_FILE", s.CAFile)
	ts.Setenv("BUCKETWARDEN_STS_ENDPOINT", s.STSURL)
	ts.Setenv("TOKEN", tokenOfTests)
	ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(tokenOfTests+"\n"), 0o600))
}

// tokenOfTests is a token of the function; its hash is in its settings.
const tokenOfTests = "dGhlIHRva2VuIG9mIHRoZSB0ZXN0cw1234567890"

func hash(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

// trail sets what ActionTrail is like: trail rate=N shape=rule shape=nameless
// refused=true delay=DURATION.
func trail(ts *testscript.TestScript, _ bool, args []string) {
	t := worldOf(ts).Trail
	var shape localtrail.Shape
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "rate":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			t.SetRate(n)
		case "delay":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			t.SetDelay(d)
		case "shape":
			shape.Rule = shape.Rule || value == "rule"
			shape.Nameless = shape.Nameless || value == "nameless"
		case "refused":
			t.SetRefused(func(wire.AccessKey) bool { return value == "true" })
		default:
			ts.Fatalf("trail: %s", arg)
		}
	}
	t.SetShape(shape)
}

// did enters what happened in the past: did AGO OPERATION BUCKET [by=USER or
// ROLE/SESSION] [agent=AGENT] [rule=RULE] [code=ERROR] [id=ID].
func did(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ago, err := time.ParseDuration(args[0])
	ts.Check(err)
	w.events++
	r := localoss.Request{
		Time: w.began.Add(-ago), Operation: args[1], Bucket: args[2], Region: cloud.Region, Status: 200,
		RequestID: fmt.Sprintf("%024X", w.events), UserAgent: localtrail.Console,
	}
	for _, arg := range args[3:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "by":
			w.AddKey(wire.AccessKey{AccessKeyID: "LTAI" + value, Name: value})
			r.AccessKeyID, r.UserAgent = "LTAI"+value, "aliyun-sdk-go/1.6.1"
		case "agent":
			r.UserAgent = value
		case "rule":
			r.Rule = stories.Rule(ts, value)
		case "saw": // 700 ms before the second of the write
			seen := stories.Rule(ts, value)
			look := ossenc.Look{At: r.Time.Add(-700 * time.Millisecond), Saw: ossenc.Saw(ossenc.Rule(seen))}
			r.UserAgent = "alibabacloud-go-sdk-v2/1.6.1/bucketwarden " + look.String()
		case "code":
			r.Status, r.Code = 403, value
		case "id":
			r.RequestID = value
		default:
			ts.Fatalf("did: %s", arg)
		}
	}
	if w.Trail.Add(r) == nil {
		ts.Fatalf("did: %s is no event", args[1])
	}
}

// when sets a variable to a time ago: when NAME AGO.
func when(ts *testscript.TestScript, _ bool, args []string) {
	ago, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().UTC().Add(-ago).Truncate(time.Second).Format(time.RFC3339))
}
