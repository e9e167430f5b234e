package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"

	"bucketwarden/handler"
	"bucketwarden/handler/service"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
)

// What is guarded here is counted, so that it holds on every machine. Times are
// for `make bench`.

const root = ".."

func TestVerdict_CostsNoMoreCallsThanItMust(t *testing.T) {
	none, aes := localoss.Rule{}, localoss.Rule{Algorithm: "AES256"}
	removed := stack.Call("1", "DeleteBucketEncryption", "bench-000000", stack.Region, "console").JSON()
	own := stack.Call("1", "PutBucketEncryption", "bench-000000", stack.Region, ossenc.UserAgent).JSON()
	read := stack.Call("1", "GetBucketEncryption", "bench-000000", stack.Region, "console").JSON()
	tests := []struct {
		name  string
		rule  *localoss.Rule // nil: no such bucket
		event []byte
		mode  ossenc.Mode
		want  string // the calls, in their order
	}{
		{"compliant", &aes, removed, ossenc.Enforce, "GetBucketEncryption"},
		{"fixed", &none, removed, ossenc.Enforce, "GetBucketEncryption PutBucketEncryption GetBucketEncryption"},
		{"would_fix", &none, removed, ossenc.ReportOnly, "GetBucketEncryption"},
		{"ignored", &none, read, ossenc.Enforce, ""},
		{"gone", nil, removed, ossenc.Enforce, "GetBucketEncryption"},
		{"blocked", &none, own, ossenc.Enforce, "GetBucketEncryption"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			oss := localoss.New(localoss.Options{})
			oss.AddKey(key)
			if tt.rule != nil {
				oss.PutBucket(localoss.Bucket{Name: bucketName(0), Rule: *tt.rule})
			}
			web := httptest.NewServer(oss)
			defer web.Close()
			h, ctx := function(t, alicloud.NewClient(alicloud.Endpoints{Default: web.URL}, alicloud.NewTransport(), nil), tt.mode)
			answer, err := h.Invoke(ctx, tt.event)
			if err != nil {
				answer = []byte(err.Error())
			}
			if !strings.Contains(string(answer), `"verdict":"`+tt.name+`"`) {
				t.Errorf("answer %s", answer)
			}
			var calls []string
			for _, r := range oss.Requests() {
				calls = append(calls, r.Operation)
			}
			if got := strings.Join(calls, " "); got != tt.want {
				t.Errorf("calls %q, want %q", got, tt.want)
			}
		})
	}
}

// function returns what handles events, as main wires it.
func function(tb testing.TB, client *alicloud.Client, mode ossenc.Mode) (*handler.Handler, context.Context) {
	tb.Helper()
	ctx := ossenc.WithIdentity(tb.Context(), ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken},
		Region:      stack.Region,
	})
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor})
	warden := &ossenc.Warden{Store: client, Lister: client, Policy: policy.Evaluator{Policy: required}, Mode: mode}
	return &handler.Handler{Service: &service.Service{
		Warden: func() service.Warden { return warden.ForInvocation() },
		Policy: required,
		Log:    slog.New(slog.NewJSONHandler(tb.Output(), nil)),
	}}, ctx
}

// maxAllocs is a little above what an event for a compliant bucket allocates,
// without the runtime SDK and the network; the race detector adds some. The OSS
// SDK's own part is about 140.
const maxAllocs = 310

func TestEvent_Allocations(t *testing.T) {
	h, ctx := function(t, alicloud.NewClient(alicloud.Endpoints{}, canned{}, nil), ossenc.Enforce)
	h.Service.Log = slog.New(slog.DiscardHandler)
	event := created(bucketName(0))
	got := testing.AllocsPerRun(100, func() {
		if _, err := h.Invoke(ctx, event); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%.0f allocations for an event", got)
	if got > maxAllocs {
		t.Errorf("%.0f allocations for an event, want at most %d", got, maxAllocs)
	}
}

// forbidden are packages that must not come into the binary, with what each
// costs, or means.
var forbidden = map[string]string{
	"go.uber.org/zap":                                "a logger that is built at every start",
	"github.com/cloudevents/sdk-go/v2/client":        "brings zap and 460 KB of heap at the start",
	"github.com/cloudevents/sdk-go/v2/context":       "brings zap and 460 KB of heap at the start",
	"github.com/cloudevents/sdk-go/v2/protocol/http": "brings zap and 460 KB of heap at the start",
	"net/http/pprof":                                 "opens the process to who reaches it",
	"net/http/httptest":                              "is for tests",
	"expvar":                                         "opens the process to who reaches it",
	"text/template":                                  "keeps every exported method of every type in the binary",
	"html/template":                                  "keeps every exported method of every type in the binary",
	"plugin":                                         "keeps every exported method of every type in the binary",
	"go/parser":                                      "no use at run time",
	"net/rpc":                                        "brings templates",
	"google.golang.org/protobuf/proto":               "not needed by anything here",
}

// allowed are the modules that the binary is made of.
var allowed = []string{
	"bucketwarden",
	"github.com/alibabacloud-go/debug",
	"github.com/alibabacloud-go/openapi-util",
	"github.com/alibabacloud-go/tea",
	"github.com/alibabacloud-go/tea-utils/v2",
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2",
	"github.com/aliyun/credentials-go",
	"github.com/aliyun/fc-runtime-go-sdk",
	"github.com/cloudevents/sdk-go/v2",
	"github.com/json-iterator/go",
	"github.com/modern-go/concurrent",
	"github.com/modern-go/reflect2",
	"github.com/tjfoc/gmsm",
	"go.yaml.in/yaml/v3",
	"golang.org/x/net",
	"golang.org/x/time",
	"gopkg.in/ini.v1",
}

func TestBinary_HasNoPackageThatItDoesNotNeed(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", "bucketwarden").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		pkg, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		if why, found := forbidden[pkg]; found {
			t.Errorf("the binary has %s, which %s", pkg, why)
		}
		if module != "" && !slices.Contains(allowed, module) {
			t.Errorf("the binary has %s of a module that is new to it, %s", pkg, module)
		}
		if strings.HasPrefix(pkg, "bucketwarden/internal/local") {
			t.Errorf("the binary has %s, which is for tests", pkg)
		}
	}
}

// maxSize is a little above the binary's size as it is deployed, as a multiple of
// bare's. It is nearly the same with every Go.
const maxSize = 1.66

func TestBinary_StaysSmall(t *testing.T) {
	dir := t.TempDir()
	sizes := map[string]float64{}
	for pkg, flags := range map[string][]string{root: deployed, "./bare": append(plain, stripped)} {
		out := filepath.Join(dir, "main")
		if err := compile(t.Context(), pkg, out, flags...); err != nil {
			t.Fatal(err)
		}
		size, err := sizeOf(out)
		if err != nil {
			t.Fatal(err)
		}
		sizes[pkg] = float64(size)
	}
	if ratio := sizes[root] / sizes["./bare"]; ratio > maxSize {
		t.Errorf("the binary is %.2f times bare, want at most %.2f; docs/performance.md says what costs", ratio, maxSize)
	}
}

// The limits of what our own packages do before main, at every cold start: tables
// of strings, no regular expressions, nothing that is built.
const (
	maxInitAllocs = 40
	maxInitBytes  = 8_000
)

func TestInit_OursIsNextToNothing(t *testing.T) {
	p := &program{bin: filepath.Join(t.TempDir(), "main"), pkg: root}
	if err := compile(t.Context(), p.pkg, p.bin, deployed...); err != nil {
		t.Fatal(err)
	}
	inits, err := initsOf(t.Context(), p, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := inits["net/http"]; !found {
		t.Fatal("the start was not traced")
	}
	var sum initCost
	for pkg, cost := range inits {
		if pkg == "main" || strings.HasPrefix(pkg, "bucketwarden") {
			t.Logf("%s: %d bytes, %d allocations", pkg, cost.Bytes, cost.Allocs)
			sum.Bytes, sum.Allocs = sum.Bytes+cost.Bytes, sum.Allocs+cost.Allocs
		}
	}
	if sum.Allocs > maxInitAllocs || sum.Bytes > maxInitBytes {
		t.Errorf("%d bytes in %d allocations, want at most %d in %d", sum.Bytes, sum.Allocs, maxInitBytes, maxInitAllocs)
	}
}
