package deploy

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// rpcActions are the RAM actions of the calls that have no request type: their
// names are texts in the code.
var rpcActions = map[string]string{
	"AssumeRole":           "sts:AssumeRole",
	"DescribeKey":          "kms:DescribeKey",
	"GetResourceDirectory": "resourcemanager:GetResourceDirectory",
	"InvokeFunction":       "fc:InvokeFunction",
	"ListAccounts":         "resourcemanager:ListAccounts",
	"ListAsyncTasks":       "fc:ListAsyncTasks",
	"LookupEvents":         "actiontrail:LookupEvents",
	"PutEvaluations":       "config:PutEvaluations",
}

// ramAction is the RAM action that each operation of the code needs. Those of OSS
// are named like the operation, with one exception.
func ramAction(operation string) string {
	if operation == "GetBucketTags" {
		return "oss:GetBucketTagging"
	}
	if action, ok := rpcActions[operation]; ok {
		return action
	}
	return "oss:" + operation
}

// Not calls of the code: the platform makes them in the role's name.
var platformActions = []string{"eventbridge:PutEvents", "log:PostLogStoreLogs", "mns:SendMessage"}

type ramPolicy struct {
	Version   string
	Statement []struct {
		Effect    string
		Action    any // one, or a list
		Resource  []string
		Principal map[string][]string
	}
}

func readPolicy(t *testing.T, name string) ramPolicy {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docs", "ram", name))
	if err != nil {
		t.Fatal(err)
	}
	var p ramPolicy
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

// allowed returns the actions that a policy allows, without the platform's own.
func allowed(t *testing.T, name string) []string {
	t.Helper()
	return slices.DeleteFunc(actions(t, name), func(a string) bool { return slices.Contains(platformActions, a) })
}

// actions returns the actions that a policy allows, in order.
func actions(t *testing.T, name string) []string {
	t.Helper()
	var actions []string
	for _, s := range readPolicy(t, name).Statement {
		list, ok := s.Action.([]any)
		if s.Effect != "Allow" || !ok || len(s.Resource) == 0 || s.Principal != nil {
			t.Fatalf("%s: a statement is not an Allow with a list of actions and one of resources", name)
		}
		for _, a := range list {
			action := a.(string)
			if strings.Contains(action, "*") {
				t.Errorf("%s: %s allows more than is known", name, action)
			}
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return actions
}

// The policy of a default deployment allows what such a deployment does to OSS,
// and nothing that it does not do.
func TestPolicyIsWhatTheFunctionDoes(t *testing.T) {
	dir := t.TempDir()
	binary, err := stack.Build(t.Context(), root, dir)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		settings []string
		method   string
		want     []string
	}{
		{"by default", nil, http.MethodPut, allowed(t, "policy.json")},
		{
			"with removal over HTTP",
			[]string{"WARDEN_HTTP_ALLOW=report,apply,remove"},
			http.MethodDelete, slices.Sorted(slices.Values(append(allowed(t, "policy.json"), allowed(t, "policy-remove.json")...))),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			settings := append([]string{"WARDEN_HTTP_AUTH=platform"}, test.settings...)
			s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Env: settings})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			useAll(t, s, test.method)
			if got := actionsIn(s.OSS.Requests()); !slices.Equal(got, test.want) {
				t.Errorf("the function did %v, the policy allows %v", got, test.want)
			}
		})
	}
}

// useAll sends every kind of call to the function.
func useAll(t *testing.T, s *stack.Stack, method string) {
	t.Helper()
	for _, name := range []string{"created", "changed"} {
		s.OSS.PutBucket(localoss.Bucket{Name: name, Region: stack.Region})
	}
	events := [][]byte{
		stack.BucketCreated("1", "created", stack.Region).JSON(),
		stack.Call("2", "DeleteBucketEncryption", "changed", stack.Region, "console").JSON(),
		// An event with a wrong region, which is looked up.
		stack.BucketCreated("3", "created", "cn-beijing").JSON(),
		[]byte(`{"triggerTime":"2026-03-11T05:40:00Z","triggerName":"nightly-sweep","payload":"{\"action\":\"sweep\"}"}`),
	}
	for _, event := range events {
		if _, err := s.Function.Invoke(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/report", http.NoBody),
		httptest.NewRequest(http.MethodGet, "/buckets/created/encryption", http.NoBody),
		httptest.NewRequest(method, "/buckets/created/encryption", http.NoBody),
	} {
		w := httptest.NewRecorder()
		s.Function.Handler().ServeHTTP(w, r.WithContext(t.Context()))
		if w.Code != http.StatusOK {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
	}
}

func actionsIn(requests []localoss.Request) []string {
	seen := map[string]bool{}
	for _, r := range requests {
		seen[ramAction(r.Operation)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// operationsInCode returns the actions of all calls in package ossenc and what is
// below it: composite literals oss.XRequest, and the names of operations of the
// services that have no types.
func operationsInCode(t *testing.T) []string {
	t.Helper()
	seen := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(root, "ossenc"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if op := operationOf(n); op != "" {
				seen[ramAction(op)] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(seen))
}

func operationOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CompositeLit:
		sel, ok := n.Type.(*ast.SelectorExpr)
		if !ok {
			return ""
		}
		pkg, ok := sel.X.(*ast.Ident)
		op, isRequest := strings.CutSuffix(sel.Sel.Name, "Request")
		if ok && pkg.Name == "oss" && isRequest {
			return op
		}
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		if _, ok := rpcActions[text]; ok && err == nil {
			return text
		}
	}
	return ""
}
