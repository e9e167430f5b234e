// Package house holds the rules of the code base as tests.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// forbidden says what a package must not depend on, directly or not, and why.
var forbidden = []struct{ pkg, dep, why string }{
	{"bucketwarden/handler", "github.com/aliyun/fc-runtime-go-sdk/fc", "handler knows no runtime; internal/fcruntime does"},
	{"bucketwarden/ossenc", "bucketwarden/handler", "the domain never learns where a task comes from"},
	{"bucketwarden/ossenc", "github.com/cloudevents/sdk-go/v2/event", "the domain never learns of events"},
	{"bucketwarden", "github.com/spf13/cobra", "the command's dependencies are not the function's"},
	{"bucketwarden", "golang.org/x/term", "the command's dependencies are not the function's"},
	{"bucketwarden", "github.com/mattn/go-runewidth", "the command's dependencies are not the function's"},
	{"bucketwarden", "go.uber.org/zap", "it builds a logger of 460 KB at every start"},
	{"bucketwarden", "github.com/cloudevents/sdk-go/v2/client", "it brings zap"},
	{"bucketwarden", "net/http/pprof", "it opens a door"},
}

func TestDependencies(t *testing.T) {
	deps := map[string][]string{}
	for _, f := range forbidden {
		if deps[f.pkg] == nil {
			out, err := command("go", "list", "-deps", f.pkg)
			if err != nil {
				t.Fatal(err)
			}
			deps[f.pkg] = strings.Fields(out)
		}
		if len(deps[f.pkg]) < 50 {
			t.Fatalf("only %d dependencies of %s: the list is not whole", len(deps[f.pkg]), f.pkg)
		}
		if slices.Contains(deps[f.pkg], f.dep) {
			t.Errorf("%s depends on %s: %s", f.pkg, f.dep, f.why)
		}
	}
	for _, dep := range deps["bucketwarden"] {
		if strings.HasPrefix(dep, "bucketwarden/internal/local/") {
			t.Errorf("the function depends on %s: stand-ins are for tests and make", dep)
		}
	}
}

// The domain is the standard library and its own packages: who copies it takes no
// SDK with it, and no rule can depend on how a cloud words its answers.
func TestTheDomainIsStandardLibraryOnly(t *testing.T) {
	out, err := command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "bucketwarden/ossenc")
	if err != nil {
		t.Fatal(err)
	}
	others := strings.Fields(out)
	if !slices.Contains(others, "bucketwarden/ossenc") {
		t.Fatalf("the list is not whole: %q", others)
	}
	for _, pkg := range others {
		if pkg != "bucketwarden/ossenc" && pkg != "bucketwarden/ossenc/region" && !strings.HasPrefix(pkg, "bucketwarden/ossenc/internal/") {
			t.Errorf("ossenc depends on %s", pkg)
		}
	}
}

// One room speaks to OSS through the SDK: its client, the rules and tags of a bucket,
// and the account's list.
func TestOneRoomSpeaksToOSS(t *testing.T) {
	var files []string
	eachFile(root, func(name string, f *ast.File) {
		for _, i := range f.Imports {
			if i.Path.Value == `"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"` && !strings.Contains(name, "bench/") {
				files = append(files, name)
			}
		}
	})
	if want := []string{"ossenc/alicloud/encryption.go", "ossenc/alicloud/list.go", "ossenc/alicloud/oss.go"}; !slices.Equal(files, want) {
		t.Errorf("the OSS SDK is imported by %v, want %v only", files, want)
	}
}

func TestOnlyMainReadsTheEnvironment(t *testing.T) {
	eachFile(root, func(name string, f *ast.File) {
		if name == "main.go" || name == "cmd/bucketwarden/main.go" || strings.HasPrefix(name, "internal/") && !strings.HasPrefix(name, "internal/fcruntime/") || strings.HasPrefix(name, "bench/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "Setenv"}, s.Sel.Name) {
					t.Errorf("%s reads the environment with os.%s", name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// A context carries values of a request: who asks, and about what. What can be called is
// a parameter, so that it cannot be missing unseen.
func TestContextsCarryNoServices(t *testing.T) {
	values := map[string]string{
		"ossenc/identity.go": "who acts", "ossenc/request.go": "the request's ID, and its retry count", "ossenc/sweeper.go": "that this is a sweep",
		"ossenc/overwrite.go": "what a write was decided on", "internal/local/kms/server.go": "the region", "internal/local/actiontrail/server.go": "the region",
	}
	eachFile(root, func(name string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "WithValue" && values[name] == "" {
				t.Errorf("%s puts something into a context: pass it as a parameter, or say here which plain value it is", name)
			}
			return true
		})
	})
}

func TestEveryPackageAndEveryExportedNameIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	eachFile(root, func(name string, f *ast.File) {
		dir := filepath.Dir(name)
		documented[dir] = documented[dir] || f.Doc != nil
		for _, d := range f.Decls {
			for _, missing := range undocumented(d) {
				t.Errorf("%s: %s has no doc comment", name, missing)
			}
		}
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

// undocumented returns the exported names of a declaration that have no comment.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

func exportedReceiver(d *ast.FuncDecl) bool {
	name := ""
	ast.Inspect(d.Recv, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" && len(d.Recv.List[0].Names) > 0 && id != d.Recv.List[0].Names[0] {
			name = id.Name
		}
		return true
	})
	return ast.IsExported(name)
}

func TestGoModHasNoReplace(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "replace") {
		t.Error("go.mod has a replace directive: users could not build what we build")
	}
}

// The project speaks of itself alone: no registry host and no machine's path is
// in what is committed.
func TestNothingNamesAMachine(t *testing.T) {
	out, err := command("git", "ls-files")
	if err != nil {
		t.Skip("SKIPPED: not a git checkout: ", err)
	}
	bad := regexp.MustCompile(`(?i)/ro` + `ot/|/wo` + `rk/(main|shared)|proxy\.golang` + `\.org|registry\.npm` + `js|deb\.debian` + `\.org`)
	for name := range strings.Lines(out) {
		name = strings.TrimSpace(name)
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || strings.HasSuffix(name, ".sum") {
			continue // deleted in the work tree, or only hashes
		}
		if m := bad.Find(b); m != nil {
			t.Errorf("%s names %s", name, m)
		}
	}
}

// eachFile parses every non-test Go file of the module below dir.
func eachFile(dir string, do func(name string, f *ast.File)) {
	fset := token.NewFileSet()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (slices.Contains([]string{"testdata", "node_modules", ".git", "dist"}, d.Name()) || isNested(path)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		do(name, f)
		return err
	})
}

// isNested reports whether dir is a module of its own.
func isNested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && filepath.Clean(dir) != filepath.Clean(root)
}

func command(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	out, err := cmd.Output()
	return string(out), err
}
