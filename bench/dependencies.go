package main

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// module is what one module of the function's costs, or one package of the
// standard library that the bare function does without.
type module struct {
	Path string `json:"path"`
	// Size is its code and data in the binary, in bytes, by its symbols. The tables
	// that the linker makes of all symbols are not in it.
	Size int64    `json:"bytes"`
	Init initCost `json:"init"`
}

// initCost is what the initialisation of packages costs at every start.
type initCost struct {
	Time   float64 `json:"us"` // median of traced starts; the trace itself slows it
	Bytes  int     `json:"bytes"`
	Allocs int     `json:"allocs"`
}

// common is the row for what the bare function has too.
const common = "what bare has too"

// tracedStarts is how many starts the init times are the medians of.
const tracedStarts = 15

func (m *measurement) dependencies(ctx context.Context) error {
	ours, err := moduleOf(ctx, m.Programs[warden])
	if err != nil {
		return err
	}
	theirs, err := moduleOf(ctx, m.Programs[bare])
	if err != nil {
		return err
	}
	for pkg := range theirs {
		ours[pkg] = common
	}
	rows := map[string]*module{}
	row := func(pkg string) *module {
		path := ours[pkg]
		if path == "" {
			path = common // the linker's own symbols
		}
		if rows[path] == nil {
			rows[path] = &module{Path: path}
		}
		return rows[path]
	}
	sizes, err := sizesOf(m.Programs[warden].symbols)
	if err != nil {
		return err
	}
	for pkg, n := range sizes {
		row(pkg).Size += n
	}
	inits, err := initsOf(ctx, m.Programs[warden], tracedStarts)
	if err != nil {
		return err
	}
	for pkg, c := range inits {
		r := row(pkg)
		r.Init.Time, r.Init.Bytes, r.Init.Allocs = r.Init.Time+c.Time, r.Init.Bytes+c.Bytes, r.Init.Allocs+c.Allocs
	}
	for _, r := range rows {
		m.Modules = append(m.Modules, *r)
	}
	slices.SortFunc(m.Modules, func(a, b module) int { return int(b.Size - a.Size) })
	return nil
}

// moduleOf maps each package of p to its module, or to itself if it is of the
// standard library.
func moduleOf(ctx context.Context, p *program) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", p.pkg)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	modules := map[string]string{}
	for line := range strings.Lines(string(out)) {
		pkg, mod, _ := strings.Cut(strings.TrimSpace(line), " ")
		modules[pkg] = mod
		if mod == "" {
			modules[pkg] = pkg
		}
	}
	modules["main"] = "bucketwarden"
	return modules, nil
}

// sizesOf returns the bytes of code and data of each package in a binary that
// has its symbol table.
func sizesOf(bin string) (map[string]int64, error) {
	f, err := elf.Open(bin)
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	sizes := map[string]int64{}
	for _, s := range symbols {
		if int(s.Section) < len(f.Sections) && f.Sections[s.Section].Type != elf.SHT_NOBITS { // zeroes are not in the file
			sizes[packageOf(s.Name)] += int64(s.Size)
		}
	}
	return sizes, f.Close()
}

// packageOf returns the package of a symbol such as net/http.(*Client).Do or
// type:.eq.net/http.Cookie.
func packageOf(symbol string) string {
	symbol = strings.TrimPrefix(strings.TrimPrefix(symbol, "type:"), ".eq.")
	symbol, _, _ = strings.Cut(strings.TrimLeft(symbol, "*"), "[")
	slash := strings.LastIndexByte(symbol, '/') + 1
	name, _, _ := strings.Cut(symbol[slash:], ".")
	return unescape(symbol[:slash] + name)
}

// unescape undoes the linker's way of writing a dot in the last element of a path.
func unescape(pkg string) string {
	if s, err := url.PathUnescape(pkg); err == nil {
		return s
	}
	return pkg
}

// initsOf returns the cost of each package's initialisation as
// GODEBUG=inittrace=1 tells it: medians over starts for the time; the rest is the
// same every time.
func initsOf(ctx context.Context, p *program, starts int) (map[string]initCost, error) {
	oss, err := newStorage(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = oss.close() }()
	costs, times := map[string]initCost{}, map[string][]float64{}
	for range starts + 1 {
		c, err := launch{command: []string{p.bin}, env: append(oss.env(), "GODEBUG=inittrace=1")}.start(ctx)
		if err != nil {
			return nil, err
		}
		time.Sleep(settle)
		if err := c.stop(); err != nil {
			return nil, err
		}
		for line := range bytes.Lines(c.out.b.Bytes()) {
			var pkg string
			var at, ms float64
			var cost initCost
			if _, err := fmt.Sscanf(string(line), "init %s @%f ms, %f ms clock, %d bytes, %d allocs", &pkg, &at, &ms, &cost.Bytes, &cost.Allocs); err == nil {
				costs[unescape(pkg)] = cost
				times[unescape(pkg)] = append(times[unescape(pkg)], ms*1000)
			}
		}
	}
	for pkg, cost := range costs {
		cost.Time = median(times[pkg])
		costs[pkg] = cost
	}
	return costs, nil
}
