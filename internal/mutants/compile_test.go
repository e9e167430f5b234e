package mutants

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// compiler checks the types of mutated packages against the compiled others, which takes
// milliseconds where a build takes seconds.
type compiler struct {
	root     string
	files    *token.FileSet
	importer types.Importer
	exports  map[string]string    // files with the types of packages, by import path
	sources  map[string][]string  // Go files of the mutated packages, by directory
	parsed   map[string]*ast.File // of them, by path
}

func newCompiler(t *testing.T, root string, all []Mutant) *compiler {
	t.Helper()
	c := &compiler{root: root, files: token.NewFileSet(), exports: map[string]string{}, sources: map[string][]string{}, parsed: map[string]*ast.File{}}
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}\t{{.Dir}}\t{{range .GoFiles}}{{.}} {{end}}"}
	for _, m := range all {
		if p := "./" + filepath.ToSlash(filepath.Dir(m.File)); !slices.Contains(args, p) {
			args = append(args, p)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		c.exports[parts[0]] = parts[1]
		c.sources[parts[2]] = strings.Fields(parts[3])
	}
	c.importer = importer.ForCompiler(c.files, "gc", func(path string) (io.ReadCloser, error) {
		if c.exports[path] == "" {
			return nil, fmt.Errorf("no types of %s", path)
		}
		return os.Open(c.exports[path])
	})
	return c
}

// check returns why the mutant does not compile; nil if it does.
func (c *compiler) check(m Mutant, text []byte) error {
	dir := filepath.Join(c.root, filepath.FromSlash(filepath.Dir(m.File)))
	var files []*ast.File
	for _, name := range c.sources[dir] {
		path := filepath.Join(dir, name)
		if name == filepath.Base(m.File) {
			f, err := parser.ParseFile(c.files, path, text, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			files = append(files, f)
			continue
		}
		if c.parsed[path] == nil {
			f, err := parser.ParseFile(c.files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			c.parsed[path] = f
		}
		files = append(files, c.parsed[path])
	}
	config := types.Config{Importer: c.importer, GoVersion: "go1.26"}
	_, err := config.Check("bucketwarden/"+filepath.ToSlash(filepath.Dir(m.File)), c.files, files, nil)
	return err
}
