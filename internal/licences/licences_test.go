package licences_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"bucketwarden/internal/licences"
)

var update = flag.Bool("update", false, "write docs/licences.md")

const (
	root = "../.."
	list = root + "/docs/licences.md"
)

func TestEveryLicenceIsAllowedAndListed(t *testing.T) {
	function, err := licences.Function(root)
	if err != nil {
		t.Fatal(err)
	}
	command, err := licences.Command(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(function) < 5 || len(command) <= len(function) {
		t.Fatalf("%d and %d modules: the lists are not whole", len(function), len(command))
	}
	for _, m := range append(function, command...) {
		for _, l := range m.Licences {
			if !slices.Contains(licences.Allowed, l) {
				t.Errorf("%s is under %s", m.Path, l)
			}
		}
	}
	want := licences.Markdown(function, command)
	if *update {
		if err := os.WriteFile(list, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not up to date: go test ./internal/licences -update", list)
	}
}

func TestOf(t *testing.T) {
	const bsd = "Redistributions in binary form must reproduce the above copyright\nnotice"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"Apache":    {"  Apache License\n  Version 2.0, January 2004", []string{"Apache-2.0"}},
		"MIT":       {"Permission is hereby granted, free of charge, to any person\nobtaining a copy", []string{"MIT"}},
		"BSD2":      {bsd, []string{"BSD-2-Clause"}},
		"BSD3":      {bsd + " Neither the name of Google", []string{"BSD-3-Clause"}},
		"Both":      {"Permission is hereby granted, free of charge, to any person obtaining a copy. Apache License, Version 2.0: apache license version 2.0", []string{"Apache-2.0", "MIT"}},
		"GPL":       {"GNU GENERAL PUBLIC LICENSE Version 3", []string{licences.Unknown}},
		"Nothing":   {"", []string{licences.Unknown}},
		"OldApache": {"Apache License Version 1.1", []string{licences.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := licences.Of(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("Of = %v, want %v", got, tt.want)
			}
		})
	}
}
