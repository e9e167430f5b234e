// Package licences lists the modules that are built into the function and into the
// command, with their licences, and says which licences are allowed. docs/licences.md is what
// it writes; a test holds the two together:
//
//	go test ./internal/licences -update
package licences

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Module is one module of the function, and the licences that its files give.
type Module struct {
	Path, Version string
	// Licences are SPDX identifiers, in order, or Unknown.
	Licences []string
	// Notice is whether there is a NOTICE file, which has to go with the binary.
	Notice bool
}

// Unknown stands for a text that is none of the licences known here.
const Unknown = "unknown"

// Allowed are the licences that ask for no more than to be named.
var Allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT"}

// texts tell the licences by words that only they have. BSD-3-Clause is
// BSD-2-Clause with one clause more.
var texts = []struct{ licence, words string }{
	{"Apache-2.0", "apache license version 2.0"},
	{"Apache-2.0", "licensed under the apache license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"MIT", "modified mit license"},
	{"BSD-3-Clause", "neither the name of"},
	{"BSD-2-Clause", "redistributions in binary form must reproduce the above copyright notice"},
}

// Function lists the modules that the function in root is built of as it is
// deployed: for Linux, without C.
func Function(root string) ([]Module, error) { return modulesOf(root, ".", "linux") }

// Command lists the modules that the command for people is built of, for all systems
// that it is built for.
func Command(root string) ([]Module, error) {
	return modulesOf(root, "./cmd/bucketwarden", "linux", "darwin", "windows")
}

// modulesOf lists the modules of a program.
func modulesOf(root, program string, systems ...string) ([]Module, error) {
	modules := map[string]Module{} // by path
	for _, system := range systems {
		cmd := exec.Command("go", "list", "-deps", "-json=Module", program)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if err := collect(modules, out); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(modules), func(a, b Module) int { return cmp.Compare(a.Path, b.Path) }), nil
}

// collect adds the modules that go list names.
func collect(modules map[string]Module, out []byte) error {
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var p struct{ Module *listed }
		err := d.Decode(&p)
		if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main || modules[p.Module.Path].Path != "" {
			continue
		}
		if modules[p.Module.Path], err = p.Module.read(); err != nil {
			return err
		}
	}
	return nil
}

// listed is a module as go list tells it.
type listed struct {
	Path, Version, Dir string
	Main               bool
}

// read looks at the licence files in the module's root.
func (l listed) read() (Module, error) {
	m := Module{Path: l.Path, Version: l.Version}
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return m, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		m.Notice = m.Notice || strings.HasPrefix(name, "NOTICE")
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(l.Dir, e.Name()))
		if err != nil {
			return m, err
		}
		m.Licences = append(m.Licences, Of(string(text))...)
	}
	slices.Sort(m.Licences)
	if m.Licences = slices.Compact(m.Licences); len(m.Licences) == 0 {
		m.Licences = []string{Unknown}
	}
	return m, nil
}

// Of returns the licences that a text gives, or Unknown.
func Of(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	var found []string
	for _, t := range texts {
		if strings.Contains(text, t.words) && !(t.licence == "BSD-2-Clause" && slices.Contains(found, "BSD-3-Clause")) {
			found = append(found, t.licence)
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); len(found) == 0 {
		return []string{Unknown}
	}
	return found
}

// Markdown writes the lists for people: what the command has besides the function's
// stands apart.
func Markdown(function, command []Module) string {
	more := slices.DeleteFunc(slices.Clone(command), func(m Module) bool {
		return slices.ContainsFunc(function, func(f Module) bool { return f.Path == m.Path })
	})
	return "# Licences\n\n`go test ./internal/licences -update` writes this file.\n\n" +
		"What is built into the function besides the Go standard library (BSD-3-Clause):\n\n" + table(function) +
		"\nWhat is built into the command `bucketwarden` besides that:\n\n" + table(more)
}

func table(modules []Module) string {
	var b strings.Builder
	b.WriteString("| module | version | licence | has a NOTICE |\n|---|---|---|---|\n")
	for _, m := range modules {
		notice := ""
		if m.Notice {
			notice = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Path, m.Version, strings.Join(m.Licences, ", "), notice)
	}
	return b.String()
}
