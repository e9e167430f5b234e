// Package docs is the register of the blocks of the documents, for tests. A mark in the
// document itself, an HTML comment that readers do not see, says of each block which
// test runs it or compares it with what is real, or why none does:
//
//	<!-- tested by: handler/web TestDocs_TheLinesRun -->
//	<!-- not run: needs a live account -->
//
// It stands before the block. With "blocks tested by" or "blocks not run" it holds for
// all that follow and have none of their own. A test gets its blocks from [Blocks], so a
// mark cannot name a test that does not have the block.
package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Block is a block of code, data or output in a document.
type Block struct {
	// File is the document, relative to the root, with slashes.
	File string
	// Line is the number of the line that opens the block.
	Line int
	// Language is what the document calls it, such as sh.
	Language string
	// Text is what is in the block.
	Text string
	// Tests are those that have the block, as PACKAGE NAME or as the path of a test
	// for Node.
	Tests []string
	// Why says why no test runs it; empty where one does.
	Why string
}

// Place returns where the block begins.
func (b Block) Place() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// Root returns the directory of the checkout that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "CONTRIBUTING.md")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is in no checkout")
		}
		dir = parent
	}
}

// All returns every block of the documents: those of the root that people read, and all
// below docs.
func All() ([]Block, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	files := []string{"README.md", "README.zh-CN.md", "README.ja.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			name, relErr := filepath.Rel(root, path)
			files, err = append(files, filepath.ToSlash(name)), relErr
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []Block
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		found, err := Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

var (
	fence = regexp.MustCompile("^(```+)([a-z]*)$")
	mark  = regexp.MustCompile(`^<!-- (blocks )?(tested by|not run): (.+) -->$`)
)

// Parse returns the blocks of one document.
func Parse(name, text string) ([]Block, error) {
	var all []Block
	var common, own Block // what the marks say of the following blocks, and of the next
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := mark.FindStringSubmatch(line); m != nil {
			marked := Block{Why: m[3]}
			if m[2] == "tested by" {
				marked = Block{Tests: strings.Split(m[3], ", ")}
			}
			if own = marked; m[1] != "" {
				common, own = marked, Block{}
			}
			continue
		}
		m := fence.FindStringSubmatch(line)
		switch {
		case m == nil && strings.HasPrefix(strings.TrimSpace(line), "```"):
			return nil, fmt.Errorf("%s:%d: a block begins at the left, with a word in small letters", name, i+1)
		case m == nil && strings.HasPrefix(line, "    ") && i > 0 && lines[i-1] == "":
			return nil, fmt.Errorf("%s:%d: a block is fenced, not indented", name, i+1)
		case m == nil:
			continue
		}
		end := slices.Index(lines[i+1:], m[1])
		if end < 0 {
			return nil, fmt.Errorf("%s:%d: the block has no end", name, i+1)
		}
		b := Block{File: name, Line: i + 1, Language: m[2], Tests: own.Tests, Why: own.Why}
		if len(own.Tests) == 0 && own.Why == "" {
			b.Tests, b.Why = common.Tests, common.Why
		}
		if b.Text = strings.Join(lines[i+1:i+1+end], "\n"); end > 0 {
			b.Text += "\n"
		}
		all, own = append(all, b), Block{}
		i += end + 1
	}
	return all, nil
}

// Blocks returns the blocks of the documents that are marked as tested by the calling
// test, in their order; of one language, if one is given. It fails the test without any.
func Blocks(t testing.TB, file string, language ...string) []Block {
	t.Helper()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	var mine []Block
	for _, b := range all {
		isMine := slices.ContainsFunc(b.Tests, func(named string) bool { return strings.HasSuffix(named, " "+test) })
		if isMine && b.File == file && (len(language) == 0 || slices.Contains(language, b.Language)) {
			mine = append(mine, b)
		}
	}
	if len(mine) == 0 {
		t.Fatalf("%s: no block is marked as tested by %s", file, test)
	}
	return mine
}

// Shell runs a block's lines as a person would, in a directory and an environment, and
// stops at the first that fails.
func (b Block) Shell(t testing.TB, dir string, env []string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", b.Text)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", b.Place(), err, b.Text, out)
	}
	return string(out)
}

// Needs skips the test where a program is missing.
func Needs(t testing.TB, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIPPED, the documents' lines are not run: there is no %s", name)
		}
	}
}
