// Package version knows which build of the command this is. A build of make dist or make
// install answers "bucketwarden version" when this package is initialised.
//
// Go initialises packages in the order of their import paths, each after what it imports.
// This one imports little, so the answer comes before the HTTP client, the SDKs, YAML and
// what else only other verbs need: half of the time that the answer would take.
package version

import (
	"fmt"
	"os"
	"runtime"
)

// Number and Commit are set by make dist, which builds without the version control's
// stamp so that every build of a commit gives the same bytes.
var (
	Number = "dev"
	Commit = ""
)

// unwritten is the exit status where the answer could not be written: the command's for
// what is incomplete.
const unwritten = 3

func init() {
	if Commit == "" || len(os.Args) != 2 || os.Args[1] != "version" && os.Args[1] != "--version" {
		return
	}
	if _, err := os.Stdout.WriteString(Line(Commit)); err != nil {
		fmt.Fprintln(os.Stderr, "bucketwarden:", err)
		os.Exit(unwritten)
	}
	os.Exit(0)
}

// Line returns the line that says which build this is.
func Line(commit string) string {
	return fmt.Sprintf("bucketwarden %s, commit %s, %s, %s/%s\n", Number, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
