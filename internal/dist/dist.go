// Package dist builds the command for the systems that people work on, the same
// bytes every time, and the list of their checksums.
package dist

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Target is a system to build for, in Go's words.
type Target struct{ OS, Arch string }

// Targets returns all systems that the command is built for.
func Targets() []Target {
	var all []Target
	for _, system := range []string{"darwin", "linux", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, Target{system, arch})
		}
	}
	return all
}

// Release says what is built.
type Release struct {
	// Version is what "bucketwarden version" prints, such as v1.3.0.
	Version string
	// Commit is the commit that it is built from.
	Commit string
}

// Current returns the release that the checkout in root is: its last tag and its
// commit, marked where files differ from it.
func Current(ctx context.Context, root string) (Release, error) {
	commit, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return Release{}, err
	}
	version, err := git(ctx, root, "describe", "--tags", "--always", "--dirty")
	return Release{Version: version, Commit: commit}, err
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Name returns the file name of the command for a target.
func (r Release) Name(t Target) string {
	name := fmt.Sprintf("bucketwarden_%s_%s_%s", r.Version, t.OS, t.Arch)
	if t.OS == "windows" {
		name += ".exe"
	}
	return name
}

// Build compiles the command in root for a target into the file out. It needs
// the go command. The same sources and the same Go give the same bytes, wherever
// they are.
func (r Release) Build(ctx context.Context, root, out string, t Target) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	const stamped = "bucketwarden/cmd/bucketwarden/internal/version"
	flags := fmt.Sprintf("-s -w -buildid= -X %[1]s.Number=%[2]s -X %[1]s.Commit=%[3]s", stamped, r.Version, r.Commit)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags=nethttpomithttp2", "-ldflags="+flags, "-o", out, "./cmd/bucketwarden")
	cmd.Dir = root
	cmd.Env = t.env()
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build for %s/%s: %w\n%s", t.OS, t.Arch, err, text)
	}
	return nil
}

// Vet checks the command's sources as they are for a target.
func (t Target) Vet(ctx context.Context, root string) error {
	cmd := exec.CommandContext(ctx, "go", "vet", "./cmd/...")
	cmd.Dir = root
	cmd.Env = t.env()
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go vet for %s/%s: %w\n%s", t.OS, t.Arch, err, text)
	}
	return nil
}

// env is the environment for the go command, with everything in it that changes
// what is built.
func (t Target) env() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.OS, "GOARCH="+t.Arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-mod=readonly")
}

// All builds the command for all targets into dir, with SHA256SUMS beside them,
// and writes a line about each to w.
func (r Release) All(ctx context.Context, root, dir string, w io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, t := range Targets() {
		if err := errors.Join(t.Vet(ctx, root), r.Build(ctx, root, filepath.Join(dir, r.Name(t)), t)); err != nil {
			return err
		}
		fmt.Fprintln(w, filepath.Join(dir, r.Name(t)))
	}
	sums, err := r.sums(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums), 0o644)
}

// sums returns the checksums of all targets' files in dir.
func (r Release) sums(dir string) (string, error) {
	var b strings.Builder
	for _, t := range Targets() {
		data, err := os.ReadFile(filepath.Join(dir, r.Name(t)))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), r.Name(t))
	}
	return b.String(), nil
}

// PathHint says what to do if a shell would not find what is in dir; empty if it would.
func PathHint(dir string, path []string) string {
	for _, p := range path {
		if filepath.Clean(p) == filepath.Clean(dir) {
			return ""
		}
	}
	return "it is not in your PATH: export PATH=\"$PATH:" + dir + "\""
}
