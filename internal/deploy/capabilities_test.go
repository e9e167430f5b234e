package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A capability is one file of docs/ram and the calls that it is for.
type capability struct {
	file string
	// of the function's role: the file belongs to the union that the code needs.
	function bool
	// calls are the RAM actions of the code's own calls. Those that the code does
	// not make yet are taken from Alibaba Cloud's documents.
	calls []string
	// others are actions that the platform or a person needs, and no code of ours.
	others []string
}

// evidence is for calls that the command alone makes.
const evidence = "person-evidence.json"

var base = []string{"oss:GetBucketEncryption", "oss:ListBuckets", "oss:PutBucketEncryption"}

var capabilities = []capability{
	{"policy.json", true, base, []string{"log:PostLogStoreLogs", "mns:SendMessage"}},
	{"policy-remove.json", true, []string{"oss:DeleteBucketEncryption"}, nil},
	{"policy-tags.json", true, []string{"oss:GetBucketTagging"}, nil},
	{"policy-keys.json", true, []string{"kms:DescribeKey"}, nil},
	{"policy-accounts.json", true, []string{"sts:AssumeRole"}, nil},
	{"policy-directory.json", true, []string{"resourcemanager:GetResourceDirectory", "resourcemanager:ListAccounts"}, nil},
	{"policy-config.json", true, []string{"config:PutEvaluations"}, nil},
	{"policy-continue.json", true, []string{"fc:InvokeFunction", "fc:ListAsyncTasks"}, nil},
	{"policy-trail.json", true, []string{"actiontrail:LookupEvents"}, nil},
	{"policy-bus.json", true, nil, []string{"eventbridge:PutEvents"}},
	{"policy-member.json", false, base, nil},
	{"person-http.json", false, nil, []string{"fc:InvokeFunction"}},
	{"person-approve.json", false, nil, []string{"fc:InvokeFunction"}},
	{"person-read.json", false, []string{"oss:GetBucketEncryption", "oss:ListBuckets"}, nil},
	{"person-write.json", false, []string{"oss:PutBucketEncryption"}, nil},
	{evidence, false, []string{"oss:GetBucketStat"}, nil},
	{"person-oncall.json", false, nil, []string{
		"fc:InvokeFunction", "log:GetLogStoreLogs", "mns:DeleteMessage", "mns:PeekMessage", "mns:ReceiveMessage",
	}},
}

// Each file allows the calls of its capability, and no others.
func TestEachCapabilityHasItsPolicy(t *testing.T) {
	for _, c := range capabilities {
		want := slices.Sorted(slices.Values(slices.Concat(c.calls, c.others)))
		if got := actions(t, c.file); !slices.Equal(got, want) {
			t.Errorf("%s allows %v, want %v", c.file, got, want)
		}
	}
}

// The code makes no call that no file of the function's role allows. Two files
// never repeat each other, so that a capability can be taken away by its file.
func TestPoliciesCoverTheCode(t *testing.T) {
	var all []string
	for _, c := range capabilities {
		if !c.function && c.file != evidence {
			continue
		}
		for _, action := range c.calls {
			if slices.Contains(all, action) {
				t.Errorf("%s: %s is in another file, too", c.file, action)
			}
			all = append(all, action)
		}
	}
	found := operationsInCode(t)
	for _, action := range found {
		if !slices.Contains(all, action) {
			t.Errorf("the code needs %s: no capability has it", action)
		}
	}
	// What the code can do for certain, so that the search cannot find nothing.
	for _, action := range append([]string{"kms:DescribeKey", "sts:AssumeRole"}, base...) {
		if !slices.Contains(found, action) {
			t.Errorf("%s was not found in the code", action)
		}
	}
}

// Every file of docs/ram has a row in its README, and every row a file.
func TestEveryPolicyIsInTheReadme(t *testing.T) {
	files, err := fs.Glob(os.DirFS(filepath.Join(root, "docs", "ram")), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows, known []string
	for _, m := range regexp.MustCompile("(?m)^\\| \\[`([^`]+)`\\]\\(([^)]+)\\)").FindAllStringSubmatch(read(t, "docs/ram/README.md"), -1) {
		if m[1] != m[2] {
			t.Errorf("the row %s links to %s", m[1], m[2])
		}
		rows = append(rows, m[1])
	}
	for _, c := range capabilities {
		known = append(known, c.file)
	}
	known = append(known, "trust.json", "trust-member.json")
	for _, list := range [][]string{rows, known} {
		slices.Sort(list)
	}
	if !slices.Equal(files, rows) || !slices.Equal(files, known) {
		t.Errorf("files %v\nrows  %v\ntests %v", files, rows, known)
	}
}

// Who copies an example of a policy and the role files has roles that fit: use the
// one role that may be assumed, in an account that is not the function's.
func TestExamplesFitTheRoleFiles(t *testing.T) {
	resource := readPolicy(t, "policy-accounts.json").Statement[0].Resource
	_, role, ok := strings.Cut(strings.Join(resource, " "), ":role/")
	if !ok {
		t.Fatalf("policy-accounts.json names no role: %v", resource)
	}
	function := readPolicy(t, "trust-member.json").Statement[0].Principal["RAM"][0]
	if !strings.Contains(read(t, "s.yaml"), strings.Replace(function, "1234567890123456", "${vars.account}", 1)) {
		t.Errorf("trust-member.json trusts %s, which is not the role of s.yaml", function)
	}
	names, err := filepath.Glob(filepath.Join(root, "docs", "examples", "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range append(names, filepath.Join(root, "docs", "policy.md")) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`acs:ram::(\d+):role/([\w.-]+)`).FindAllStringSubmatch(string(b), -1) {
			found++
			if m[2] != role || strings.Contains(function, m[1]) {
				t.Errorf("%s names %s: want the role %s of an account other than the function's", filepath.Base(name), m[0], role)
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d roles in docs/examples", found)
	}
}

// Each call that a capability makes besides the base is in the table of what it costs, or
// the rows of the plan and of the undo have it.
func TestEachCallIsInTheCosts(t *testing.T) {
	_, costs, ok := strings.Cut(read(t, "docs/deploy.md"), "| with | calls besides | how many |")
	costs, _, end := strings.Cut(costs, "\n\n")
	if !ok || !end {
		t.Fatal("docs/deploy.md has no table of further calls")
	}
	for _, c := range capabilities {
		for _, action := range c.calls {
			_, call, _ := strings.Cut(action, ":")
			if !c.function || slices.Contains(base, action) {
				continue
			}
			if !strings.Contains(costs, "`"+call+"`") {
				t.Errorf("%s is in no row", action)
			}
		}
	}
}
