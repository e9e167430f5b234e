package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runMake runs make in the checkout and returns its output and whether it succeeded.
func runMake(t *testing.T, env []string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s"}, args...)...)
	cmd.Dir = root
	given := slices.DeleteFunc(os.Environ(), func(pair string) bool { // by a make that runs these tests
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains([]string{"GO", "EVENT", "POLICY", "BUILT", "PACK", "COMMAND", "MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS"}, name)
	})
	cmd.Env = append(given, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// program writes a shell script and returns its path.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a person gives to make arrives as it is, one argument and no more.
func TestMake_Arguments(t *testing.T) {
	show := program(t, `for word do printf '<%s>' "$word"; done`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"invoke"}, "<invoke><--checkout><.><--><native-bucket-created>"},
		{[]string{"invoke", "EVENT="}, "<invoke><--checkout><.><--><native-bucket-created>"},
		{[]string{"invoke", "EVENT=timer"}, "<invoke><--checkout><.><--><timer>"},
		{[]string{"invoke", "EVENT=my file.json"}, "<invoke><--checkout><.><--><my file.json>"},
		{[]string{"invoke", `EVENT=it's "mine".json`}, `<invoke><--checkout><.><--><it's "mine".json>`},
		{[]string{"invoke", "EVENT=`id`;id&&id|id>x"}, "<invoke><--checkout><.><--><`id`;id&&id|id>x>"},
		{[]string{"invoke", "EVENT=pay$1 $(id) $$.json"}, "<invoke><--checkout><.><--><pay$1 $(id) $$.json>"},
		{[]string{"invoke", "EVENT=--help"}, "<invoke><--checkout><.><--><--help>"},
		{[]string{"policy-check"}, "<policy><check><--><docs/examples/policy.yaml>"},
		{[]string{"policy-check", "POLICY=my policy.yaml"}, "<policy><check><--><my policy.yaml>"},
		{[]string{"policy-check", "POLICY=$(id)$1.yaml"}, "<policy><check><--><$(id)$1.yaml>"},
		{[]string{"policy-test", "POLICY=it's.yaml"}, "<policy><test><--><it's.yaml>"},
		{[]string{"demo"}, "<demo><--checkout><.>"},
		{[]string{"events"}, "<events>"},
	} {
		if got, ok := runMake(t, nil, append(c.args, "COMMAND="+show)...); got != c.want || !ok {
			t.Errorf("make %q: %s", c.args, got)
		}
	}
}

// The policy that is packed is the one that was asked for, and not the example that
// policy-check takes.
func TestMake_PackagesThePolicyThatIsGiven(t *testing.T) {
	show := program(t, `[ "$1" = run ] && for word do printf '<%s>' "$word"; done; exit 0`)
	for _, c := range []struct {
		env, args []string
		want      string
	}{
		{nil, []string{"package"}, "<-policy><>"},
		{nil, []string{"package", "POLICY="}, "<-policy><>"},
		{nil, []string{"package", "POLICY=my policy.yaml"}, "<-policy><my policy.yaml>"},
		{nil, []string{"package", "POLICY=a$1 $(id).yaml"}, "<-policy><a$1 $(id).yaml>"},
		{nil, []string{"package", "POLICY=it's `id`.yaml"}, "<-policy><it's `id`.yaml>"},
		{[]string{"POLICY=a.yaml"}, []string{"package"}, "<-policy><a.yaml>"},
	} {
		if got, ok := runMake(t, c.env, append(c.args, "GO="+show)...); got != "<run><./internal/cmd/package>"+c.want || !ok {
			t.Errorf("%q make %q: %s", c.env, c.args, got)
		}
	}
}

// deploy.sh begins with what would stop the function, and refuses what Terraform owns.
func TestDeployScript(t *testing.T) {
	script, err := filepath.Abs("deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "s"), []byte("#!/bin/sh\necho \"$REGION $*\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	good, bad := program(t, "exit 0"), program(t, `echo "WARDEN_MODE: wrong" >&2; exit 1`)
	const owner = "Terraform owns the function"
	for _, c := range []struct {
		name, file, text string
		env              []string
		says             string // empty where it deploys
	}{
		{"Nothing", "", "", nil, ""},
		{"OtherState", "terraform.tfstate", `{"resources":[{"type":"alicloud_ram_role"}]}`, nil, ""},
		{"State", "terraform.tfstate", `{"resources":[{"type": "alicloud_fcv3_function"}]}`, nil, owner},
		{"Workspace", "terraform.tfstate.d/cn-beijing/terraform.tfstate", `{"resources":[{"type": "alicloud_fcv3_function"}]}`, nil, owner},
		{"Variables", "terraform.tfvars", "region = \"cn-hangzhou\"\n  deploy_function = true\n", nil, owner},
		{"JSON", "my.auto.tfvars.json", "{\n  \"deploy_function\": true\n}\n", nil, owner},
		{"Off", "terraform.tfvars", "# deploy_function = true\ndeploy_function = false\n", nil, ""},
		{"Environment", "", "", []string{"TF_VAR_deploy_function=true"}, owner},
		{"Settings", "", "", []string{"GO=" + bad}, "WARDEN_MODE: wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.file != "" {
				path := filepath.Join(dir, "docs/setup/terraform", c.file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), script, "cn-hangzhou", "cn-beijing")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), append([]string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "ACCOUNT_ID=1234567890123456", "GO=" + good}, c.env...)...)
			out, err := cmd.CombinedOutput()
			deployed := strings.Contains(string(out), "cn-hangzhou deploy -y -t s.yaml\n") && strings.Contains(string(out), "cn-beijing deploy -y -t s.yaml --trigger bucket-calls\n")
			if (err == nil) != (c.says == "") || deployed != (err == nil) || !strings.Contains(string(out), c.says) || err != nil && strings.Contains(string(out), "deploy -y") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// The policy is packed by a make that the tool starts: where it does not reach that one,
// the deployment fails.
func TestDeployScript_ThePolicyReachesThePackage(t *testing.T) {
	script, err := filepath.Abs("deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, packs := range []bool{true, false} {
		bin, dir := t.TempDir(), t.TempDir()
		text := "#!/bin/sh\n"
		if packs {
			text += "mkdir -p dist/code && echo version: 1 > dist/code/policy.yaml\n"
		}
		if err := os.WriteFile(filepath.Join(bin, "s"), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), script, "cn-hangzhou")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "ACCOUNT_ID=1234567890123456", "GO="+program(t, "exit 0"), "PACK=p.yaml")
		if out, err := cmd.CombinedOutput(); (err == nil) != packs || !packs && !strings.Contains(string(out), "what was deployed has no policy") {
			t.Errorf("packs %t: %v\n%s", packs, err, out)
		}
	}
}

// Where Go is missing or too old, one message says what to install, and nothing else
// is tried. What needs no Go works.
func TestMake_WithoutGo(t *testing.T) {
	version := func(v, toolchain string) string {
		return program(t, `case "$1 $2" in
"env GOVERSION") [ `+v+` != 1.4 ] && echo go`+v+` ;;
"env GOTOOLCHAIN") echo `+toolchain+` ;;
"version ") echo go version go`+v+` linux/amd64 ;;
*) echo REACHED ;;
esac`)
	}
	install := `Install Go 1.26 or newer: https://go.dev/dl, or the package "golang" of your system.`
	for name, c := range map[string]struct{ path, says string }{
		"missing":           {"/nowhere/go", `Go is not installed, or not in PATH: there is no command "/nowhere/go".`},
		"before toolchains": {version("1.20.14", "auto"), "This needs Go 1.26, and"},
		"very old":          {version("1.4", ""), "This needs Go 1.26, and"},
		"kept old":          {version("1.25.4", "local"), "is version 1.25.4."},
		"fetches the right": {version("1.25.4", "auto"), ""},
		"the right":         {version("1.26.8", "auto"), ""},
		"newer":             {version("1.30.1", "local"), ""},
		"development":       {version("devel", "local"), ""},
	} {
		got, ok := runMake(t, nil, "need-go", "GO="+c.path)
		if ok != (c.says == "") || !strings.Contains(got, c.says) || strings.Contains(got, install) == ok || strings.Contains(got, "REACHED") {
			t.Errorf("%s: %t\n%s", name, ok, got)
		}
		if lines := strings.Count(got, "\n"); !ok && lines != 3 { // two, and make's own
			t.Errorf("%s: %d lines\n%s", name, lines, got)
		}
	}
	for _, target := range []string{"demo", "invoke", "test", "package", "install", "policy-check"} {
		if got, ok := runMake(t, nil, target, "GO=/nowhere/go"); ok || strings.Count(got, "\n") != 3 || !strings.Contains(got, install) {
			t.Errorf("make %s without Go:\n%s", target, got)
		}
	}
	if got, ok := runMake(t, nil, "help", "GO=/nowhere/go"); !ok || !strings.Contains(got, "make demo") {
		t.Errorf("make help without Go:\n%s", got)
	}
}

// The first build says that it takes a while; later ones are silent, and a mistake is
// reported once.
func TestMake_Run(t *testing.T) {
	goCommand := program(t, `[ "$1" = build ] || exit 0
printf '#!/bin/sh\necho "$@"; exit 7\n' > "$3" && chmod +x "$3"`)
	built := filepath.Join(t.TempDir(), "bucketwarden")
	for i, want := range []string{"building bucketwarden; the first time downloads its modules and takes a minute or two ...\nrun me\n", "run me\n"} {
		cmd := exec.CommandContext(t.Context(), "internal/make/run.sh", "run", "me")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GO="+goCommand, "BUILT="+built)
		out, _ := cmd.CombinedOutput() // the status is below
		if string(out) != want || cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("run %d: status %d\n%s", i+1, cmd.ProcessState.ExitCode(), out)
		}
	}
}

// An event that does not exist is answered with where events are, in one message.
func TestMake_NoSuchEvent(t *testing.T) {
	got, ok := runMake(t, nil, "invoke", "EVENT=events/timr.json")
	want := "bucketwarden: there is no file and no sample events/timr.json (did you mean timer?)\nnext: make events lists the samples\n"
	if _, said, _ := strings.Cut(got, "takes a minute or two ...\n"); said != "" {
		got = said
	}
	if ok || !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 3 {
		t.Errorf("%t\n%s", ok, got)
	}
}
