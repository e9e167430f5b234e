// Package deploy makes the package that is deployed. Its tests check what goes
// with it: that the package runs in both runtimes, that s.yaml says what it must,
// that the RAM policies in docs/ram allow the calls that the code makes and no
// others, and that docs/operations.md knows every verdict and code.
package deploy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bucketwarden/internal/local/stack"
)

// Executable is the function's file name in the package: the handler in s.yaml.
const Executable = "main"

// File is one file of the package.
type File struct {
	Name string
	Mode fs.FileMode
	Data []byte
}

// Files builds the function in root as it is deployed, and returns the package's
// files: the executable, and the policy if there is one. It needs the go command. The
// same sources and the same Go make the same bytes, wherever they lie. A policy with a
// mistake is an error, found before anything is built; what else is to be said about it
// goes to out.
func Files(ctx context.Context, root, policy string, out io.Writer) ([]File, error) {
	policyFiles, err := packPolicy(FindPolicy(root, policy), time.Now(), out)
	if err != nil {
		return nil, err
	}
	exe, err := build(ctx, root)
	if err != nil {
		return nil, err
	}
	if err := checkStatic(exe); err != nil {
		return nil, err
	}
	return append([]File{{Executable, 0o755, exe}}, policyFiles...), nil
}

// build compiles the function for the platform: Linux on x86-64, static, because
// the C library there is older than those that people build with.
func build(ctx context.Context, root string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "bucketwarden")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, Executable)
	args := slices.Concat([]string{"build", "-o", out, "-ldflags=-s -w"}, stack.BuildFlags, []string{"."})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=-mod=readonly")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

// checkStatic refuses an executable that asks for a dynamic linker.
func checkStatic(exe []byte) error {
	f, err := elf.NewFile(bytes.NewReader(exe))
	if err != nil {
		return err
	}
	if f.Machine != elf.EM_X86_64 {
		return fmt.Errorf("the executable is for %v, not x86-64", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the executable is dynamic: the platform's C library may be too old for it")
		}
	}
	return nil
}

// zipTime is every entry's, so that the same content is the same package.
var zipTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes the files as a zip archive, by name, with nothing in it that changes
// from one time to the next.
func Zip(w io.Writer, files []File) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: zipTime}
		h.SetMode(f.Mode)
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}
