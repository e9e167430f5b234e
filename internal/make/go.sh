#!/bin/sh
# Says what is missing where Go is not there, or too old to build this. make calls it
# before every target that needs Go: GO names the command, the argument is go.mod.
need=$(sed -n 's/^go \([0-9.]*\)$/\1/p' "$1")
say() {
	printf '%s\nInstall Go %s or newer: https://go.dev/dl, or the package "golang" of your system.\n' "$1" "${need%.0}" >&2
	exit 1
}
command -v "${GO:=go}" >/dev/null 2>&1 || say "Go is not installed, or not in PATH: there is no command \"$GO\"."
# From 1.21 on Go fetches the version that go.mod asks for, unless GOTOOLCHAIN=local.
have=$(GOTOOLCHAIN=local "$GO" env GOVERSION 2>/dev/null)
have=${have#go}
[ -n "$have" ] || have=$("$GO" version 2>/dev/null | sed 's/^go version go\([0-9.]*\).*/\1/')
older() { # older A B: whether version A is below version B
	[ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]
}
case $have in [0-9]*) ;; *) exit 0 ;; esac # a development version: the build says what it needs
if older "$have" 1.21 || { [ "$("$GO" env GOTOOLCHAIN 2>/dev/null)" = local ] && older "$have" "$need"; }; then
	say "This needs Go ${need%.0}, and $GO is version $have."
fi
