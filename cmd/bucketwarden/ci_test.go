package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
)

// recipes returns the shell steps of docs/ci.md, by the system that they are for.
func recipes(t *testing.T) map[string]string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, section := range strings.Split(string(doc), "\n## ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		_, block, _ := strings.Cut(rest, "```")
		language, block, _ := strings.Cut(block, "\n")
		block, _, _ = strings.Cut(block, "```")
		found[name] = steps(t, language, block)
	}
	return found
}

// steps returns the shell lines of one recipe.
func steps(t *testing.T, language, block string) string {
	t.Helper()
	var lines []string
	switch language {
	case "sh":
		return block
	case "groovy":
		for _, m := range regexp.MustCompile(`sh '([^']*)'`).FindAllStringSubmatch(block, -1) {
			lines = append(lines, m[1])
		}
	case "yaml":
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(block), &doc); err != nil {
			t.Fatal(err)
		}
		lines = scriptsIn(&doc)
	}
	return strings.Join(lines, "\n")
}

// scriptsIn collects what stands under run, script and entry.
func scriptsIn(n *yaml.Node) []string {
	var all []string
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			switch n.Content[i-1].Value {
			case "run", "entry":
				all = append(all, c.Value)
				continue
			case "script", "after_script":
				for _, line := range c.Content {
					all = append(all, line.Value)
				}
				continue
			}
		}
		all = append(all, scriptsIn(c)...)
	}
	return all
}

const ciPolicy = "version: 1\nrules:\n  - name: all\n    want: {algorithm: AES256}\n"

// The shell steps of every recipe pass where all is well, and fail where a bucket
// is not compliant, or cannot be read, or the policy is wrong.
func TestRecipesOfCI(t *testing.T) {
	all := recipes(t)
	blocks := docs.Blocks(t, "docs/ci.md")
	if len(all) != 5 || len(blocks) != len(all) {
		t.Fatalf("%d recipes, %d blocks: %v", len(all), len(blocks), all)
	}
	for name, script := range all {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(script, "bucketwarden ") {
				t.Fatalf("no steps in\n%s", script)
			}
			gate := strings.Contains(script, "bucketwarden check")
			for _, state := range []struct {
				name     string
				rule     localoss.Rule
				policy   string
				fault    bool
				succeeds bool
			}{
				{"Compliant", localoss.Rule{Algorithm: "AES256"}, ciPolicy, false, true},
				{"Unencrypted", localoss.Rule{}, ciPolicy, false, !gate},
				{"Unreadable", localoss.Rule{Algorithm: "AES256"}, ciPolicy, true, !gate},
				{"WrongPolicy", localoss.Rule{Algorithm: "AES256"}, strings.Replace(ciPolicy, "want", "wnat", 1), false, false},
			} {
				a := newAccount(t)
				a.OSS.PutBucket(localoss.Bucket{Name: "data", Region: "cn-hangzhou", Rule: state.rule})
				inCI(t, a, state.policy)
				if state.fault {
					a.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
						if r.Operation != "GetBucketEncryption" {
							return nil
						}
						return &localoss.Fault{Code: "AccessDenied"}
					})
				}
				out, err := shell(a, script)
				if strings.HasPrefix(name, "From an approved plan") && state.fault {
					continue // there is nothing in the plan to read
				}
				if (err == nil) != state.succeeds {
					t.Errorf("%s: %v\n%s", state.name, err, out)
				}
			}
		})
	}
}

// inCI writes what is in the repository.
func inCI(t *testing.T, a *account, policy string) {
	t.Helper()
	files := map[string]string{
		"policy.yaml":      policy,
		"policy_test.yaml": "tests:\n  - {bucket: data, region: cn-hangzhou, expect: {algorithm: AES256}}\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(binary, filepath.Join(a.dir, "bucketwarden")); err != nil {
		t.Skip("SKIPPED: no symbolic links here: ", err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "good.yaml"), []byte(ciPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := a.run(0, "plan", "--policy", "good.yaml", "--output", "plan.json")
	_, digest, _ := strings.Cut(plan, "digest ")
	digest, _, _ = strings.Cut(digest, "\n")
	a.env = append(a.env, "PATH="+a.dir+string(os.PathListSeparator)+os.Getenv("PATH"), "ALIYUN_TOKEN=token-of-the-test", "APPROVED_DIGEST="+digest)
}

func shell(a *account, script string) (string, error) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		a.t.Skip("SKIPPED: no bash here")
	}
	// pre-commit passes the file to an entry that takes files.
	script = strings.ReplaceAll(script, "bucketwarden policy check\n", "bucketwarden policy check policy.yaml\n")
	cmd := exec.CommandContext(a.t.Context(), bash, "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = a.dir, a.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}
