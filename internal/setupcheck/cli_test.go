package setupcheck

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A stand-in for the command aliyun: it writes down what it was asked, and fails
// if ANSWER is set.
const stub = `#!/bin/sh
for a; do printf '%s\037' "$a"; done >>"$CALLS"
printf '\n\036' >>"$CALLS"
[ -z "${ANSWER:-}" ] || { echo "ERROR: SDK.ServerError ErrorCode: $ANSWER" >&2; exit 1; }
`

// run runs a script of docs/setup/cli, and returns the calls that it made, as
// product, API, and the value of each parameter.
func run(t *testing.T, script string, env []string, args ...string) (calls []call, output string, status int) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "aliyun"), []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	name, err := filepath.Abs(filepath.Join(root, "docs/setup/cli", script))
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "calls")
	cmd := exec.Command("sh", append([]string{name}, args...)...)
	cmd.Env = append([]string{"PATH=" + dir + ":" + os.Getenv("PATH"), "CALLS=" + log}, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, text := range strings.Split(string(b), "\n\036") {
		if text != "" {
			calls = append(calls, parseCall(t, strings.Split(strings.TrimSuffix(text, "\037"), "\037")))
		}
	}
	return calls, string(out), status
}

type call struct {
	api    string // product and name
	params map[string]string
}

func parseCall(t *testing.T, args []string) call {
	t.Helper()
	c := call{args[0] + " " + args[1], map[string]string{}}
	for i := 2; i < len(args); i++ {
		name, ok := strings.CutPrefix(args[i], "--")
		if !ok {
			t.Fatalf("%q: not a parameter", args[i])
		}
		if name == "force" {
			continue
		}
		i++
		c.params[name] = args[i]
	}
	return c
}

// what is made or removed by a call, as the script names it.
func (c call) what() string {
	for _, name := range []string{"QueueName", "project", "PolicyName", "RoleName"} {
		if v := c.params[name]; v != "" {
			return c.api + " " + v + " " + c.params["region"]
		}
	}
	return c.api + " " + c.params["region"]
}

var setupEnv = []string{"ACCOUNT_ID=1234567890123456", "CAPABILITIES=keys tags"}

func TestScriptsAreShell(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, "docs/setup/cli/*.sh"))
	if err != nil || len(names) < 4 {
		t.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		for _, shell := range []string{"sh", "bash"} {
			if out, err := exec.Command(shell, "-n", name).CombinedOutput(); err != nil {
				t.Errorf("%s -n %s: %v %s", shell, name, err, out)
			}
		}
	}
}

// Each call of each script has the parameters that the command line knows for it.
func TestParametersAreKnown(t *testing.T) {
	var known map[string]map[string]bool
	readJSON(t, "internal/setupcheck/testdata/aliyun-parameters.json", &known)
	// The command line has no metadata of this product: the API's own page.
	known["mns-open CreateQueue"] = map[string]bool{"QueueName": true, "MessageRetentionPeriod": false}
	known["mns-open DeleteQueue"] = map[string]bool{"QueueName": true}
	var all []call
	for _, s := range []struct {
		script string
		env    []string
		args   []string
	}{
		{"setup.sh", setupEnv, []string{"cn-hangzhou", "cn-beijing"}},
		{"member.sh", []string{"FUNCTION_ACCOUNT_ID=9876543210987654"}, nil},
		{"remove.sh", append(setupEnv, "REMOVE_LOGS=yes"), []string{"cn-hangzhou", "cn-beijing"}},
		{"remove.sh", nil, []string{"--member"}},
	} {
		calls, out, status := run(t, s.script, s.env, s.args...)
		if status != 0 || len(calls) == 0 {
			t.Errorf("%s: status %d, %d calls: %s", s.script, status, len(calls), out)
		}
		all = append(all, calls...)
	}
	for _, c := range all {
		params, ok := known[c.api]
		if !ok {
			t.Errorf("the command line knows no %s", c.api)
		}
		for name := range c.params {
			if _, ok := params[name]; !ok && name != "region" && name != "version" {
				t.Errorf("%s has no parameter %s", c.api, name)
			}
		}
		for name, required := range params {
			if required && c.params[name] == "" {
				t.Errorf("%s needs %s", c.api, name)
			}
		}
	}
}

// What setup.sh makes, and with which documents.
func TestSetupScript(t *testing.T) {
	calls, out, _ := run(t, "setup.sh", setupEnv, "cn-hangzhou", "cn-beijing")
	var got []string
	for _, c := range calls {
		got = append(got, c.what())
		if doc := c.params["PolicyDocument"]; doc != "" {
			file := "docs/ram/" + strings.Replace(c.params["PolicyName"], "bucketwarden", "policy", 1) + ".json"
			if strings.TrimSpace(doc) != strings.TrimSpace(read(t, file)) {
				t.Errorf("%s has not the document of %s", c.params["PolicyName"], file)
			}
		}
	}
	want := []string{
		"ram CreateRole bucketwarden ", "ram CreatePolicy bucketwarden ", "ram AttachPolicyToRole bucketwarden ",
		"ram CreatePolicy bucketwarden-keys ", "ram AttachPolicyToRole bucketwarden-keys ",
		"ram CreatePolicy bucketwarden-tags ", "ram AttachPolicyToRole bucketwarden-tags ",
	}
	for _, region := range []string{"cn-hangzhou", "cn-beijing"} {
		project := "bucketwarden-1234567890123456-" + region
		want = append(want, "mns-open CreateQueue bucketwarden-dead-letters "+region, "sls CreateProject "+region,
			"sls CreateLogStore "+project+" "+region, "sls CreateIndex "+project+" "+region)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := strings.Count(out, "done    "); n != len(want) {
		t.Errorf("%d lines done, want %d:\n%s", n, len(want), out)
	}
	for _, c := range calls {
		if c.api == "sls CreateIndex" && strings.TrimSpace(c.params["body"]) != strings.TrimSpace(read(t, "docs/setup/index.json")) {
			t.Error("another index")
		}
		if c.api == "sls CreateProject" && !strings.Contains(c.params["body"], `"projectName":"bucketwarden-1234567890123456-`+c.params["region"]+`"`) {
			t.Errorf("the project is %s", c.params["body"])
		}
	}
}

// What exists is left alone; every other failure ends the script and is shown.
func TestScriptsAndFailures(t *testing.T) {
	tests := []struct {
		script, answer string
		status         int
		want           string
	}{
		{"setup.sh", "EntityAlreadyExists.Role", 0, "exists  role bucketwarden (not changed)"},
		{"setup.sh", "NoPermission", 1, "FAILED  role bucketwarden"},
		{"remove.sh", "EntityNotExist.Role", 0, "absent  role bucketwarden"},
		{"remove.sh", "DeleteConflict.Role.Policy", 1, "FAILED  queue in cn-hangzhou"},
	}
	for _, test := range tests {
		_, out, status := run(t, test.script, append(setupEnv, "ANSWER="+test.answer), "cn-hangzhou")
		if status != test.status || !strings.Contains(out, test.want) {
			t.Errorf("%s with %s: status %d: %s", test.script, test.answer, status, out)
		}
		if test.status != 0 && !strings.Contains(out, test.answer) {
			t.Errorf("%s does not show %s: %s", test.script, test.answer, out)
		}
	}
	for _, s := range []struct {
		script string
		env    []string
		args   []string
		want   string
	}{
		{"setup.sh", nil, []string{"cn-hangzhou"}, "set it to the account ID"},
		{"setup.sh", setupEnv, nil, "name at least one region"},
		{"setup.sh", []string{"ACCOUNT_ID=1", "CAPABILITIES=kyes"}, []string{"cn-hangzhou"}, "no capability kyes"},
		{"member.sh", nil, nil, "set it to the ID of the account that has the function"},
		{"remove.sh", setupEnv, nil, "name at least one region"},
	} {
		calls, out, status := run(t, s.script, s.env, s.args...)
		if status == 0 || len(calls) != 0 || !strings.Contains(out, s.want) {
			t.Errorf("%s: status %d, %d calls: %s", s.script, status, len(calls), out)
		}
	}
}

// remove.sh takes away everything that setup.sh and member.sh make, but the log.
func TestRemovalIsWhole(t *testing.T) {
	every := "CAPABILITIES=" + strings.Join(capabilities(t), " ")
	made, _, _ := run(t, "setup.sh", []string{"ACCOUNT_ID=1234567890123456", every}, "cn-hangzhou")
	removed, _, _ := run(t, "remove.sh", []string{"ACCOUNT_ID=1234567890123456"}, "cn-hangzhou")
	more, _, _ := run(t, "member.sh", []string{"FUNCTION_ACCOUNT_ID=9876543210987654"})
	made = append(made, more...)
	more, _, _ = run(t, "remove.sh", nil, "--member")
	removed = append(removed, more...)
	var all []string
	for _, c := range removed {
		all = append(all, c.what())
		if c.api == "sls DeleteProject" {
			t.Error("the log is removed without being asked for")
		}
	}
	undo := strings.NewReplacer("Create", "Delete", "AttachPolicyToRole", "DetachPolicyFromRole")
	for _, c := range made {
		if !strings.HasPrefix(c.api, "sls ") && !slices.Contains(all, undo.Replace(c.what())) {
			t.Errorf("%s is not undone", c.what())
		}
	}
}

// capabilities are the names of the files docs/ram/policy-NAME.json of the function.
func capabilities(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs/ram/policy-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range files {
		name = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "policy-"), ".json")
		if name != "member" {
			all = append(all, name)
		}
	}
	return all
}
