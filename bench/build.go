package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"bucketwarden/internal/local/stack"
)

// program is one of the three that are compared.
type program struct {
	Name string `json:"name"`
	// Binary and Zip are sizes in bytes.
	Binary int64   `json:"binary_bytes"`
	Zip    int64   `json:"zip_bytes"`
	Cold   cold    `json:"cold"`
	Warm   []*warm `json:"warm"`

	pkg      string   // its directory
	flags    []string // go build's
	bin      string   // as deployed
	symbols  string   // with its symbol table
	counting string   // with testdata/memstats.go
}

// plain is how everybody builds what is deployed, and the baselines are.
var plain = []string{"-trimpath"}

// stripped leaves out what only a debugger needs.
const stripped = "-ldflags=-s -w"

// deployed are go build's flags for the function as it is deployed.
var deployed = slices.Concat(stack.BuildFlags, []string{stripped})

// build compiles all programs into dir.
func (m *measurement) build(ctx context.Context, dir string) error {
	for _, p := range m.Programs {
		at := func(suffix string) string { return filepath.Join(dir, p.Name+suffix) }
		p.bin, p.symbols, p.counting = at(""), at(".symbols"), at(".counting")
		overlay, err := overlayFor(p, at(".json"))
		if err != nil {
			return err
		}
		for _, b := range []struct {
			out   string
			flags []string
		}{
			{p.bin, []string{stripped}},
			{p.symbols, nil},
			{p.counting, []string{"-overlay=" + overlay}},
		} {
			if err := compile(ctx, p.pkg, b.out, slices.Concat(p.flags, b.flags)...); err != nil {
				return err
			}
		}
		if err := p.weigh(at(".zip")); err != nil {
			return err
		}
	}
	if err := compile(ctx, "./bench/floor", filepath.Join(dir, "floor"), append(plain, stripped)...); err != nil {
		return err
	}
	m.sweeper = filepath.Join(dir, "sweep")
	if err := compile(ctx, "./bench/sweep", m.sweeper, deployed...); err != nil {
		return err
	}
	return m.weighBareOurWay(ctx, filepath.Join(dir, "bare.flags"))
}

// weighBareOurWay takes the size of bare built with Bucketwarden's flags: what the
// flags alone would gain there.
func (m *measurement) weighBareOurWay(ctx context.Context, out string) error {
	if err := compile(ctx, m.Programs[bare].pkg, out, deployed...); err != nil {
		return err
	}
	var err error
	m.BareOurWay, err = sizeOf(out)
	return err
}

// sizeOf returns a file's size in bytes.
func sizeOf(file string) (int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func compile(ctx context.Context, pkg, out string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", out}, flags...), pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // static, as the platform needs it
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// overlayFor writes what makes `go build` add the allocation counter to p.
func overlayFor(p *program, file string) (string, error) {
	counter, err := filepath.Abs("bench/testdata/memstats.go")
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(p.pkg)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(dir, "memstats.go"): counter}})
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, body, 0o600)
}

// weigh takes the size of the binary, and of a zip with it alone, packed as well
// as zip can.
func (p *program) weigh(file string) (err error) {
	if p.Binary, err = sizeOf(p.bin); err != nil {
		return err
	}
	if err := pack(p.bin, file); err != nil {
		return err
	}
	p.Zip, err = sizeOf(file)
	return err
}

func pack(bin, file string) error {
	body, err := os.ReadFile(bin)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	entry, err := z.Create("main")
	if err != nil {
		return err
	}
	if _, err := entry.Write(body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}
