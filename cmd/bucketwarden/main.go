// Command bucketwarden is Bucketwarden for people: it reports, checks, plans and
// changes the default encryption of OSS buckets from a laptop or a CI job, by the
// same rules as the function that is deployed. docs/command.md describes it.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/buckets"
	"bucketwarden/cmd/bucketwarden/internal/locals"
	"bucketwarden/cmd/bucketwarden/internal/policies"
	"bucketwarden/cmd/bucketwarden/internal/remote"
	"bucketwarden/cmd/bucketwarden/internal/trails"
	"bucketwarden/cmd/bucketwarden/internal/version"
	"bucketwarden/internal/function"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == locals.FunctionVerb { // the child of demo, local and invoke
		if err := function.Run(context.Background(), os.Environ(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bucketwarden:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // a seventh less CPU for a report, for 3 MB more
	}
	args := os.Args[1:]
	if slices.Equal(args, []string{"--version"}) {
		args = []string{"version"}
	}
	a := app.New(version.Number, os.Environ())
	os.Exit(int(a.Main(root(a), args)))
}

// root returns the command with all its verbs.
func root(a *app.App) *cobra.Command {
	r := a.Root("bucketwarden", "Default encryption of Alibaba Cloud OSS buckets",
		`Reports, checks and changes the default server-side encryption of OSS buckets.

Credentials come from --profile, or the environment (ALIBABA_CLOUD_ACCESS_KEY_ID
and _SECRET, or OSS_ACCESS_KEY_ID and _SECRET), or what the aliyun CLI has.
Nothing is changed without a question or --yes, and nothing is ever weakened
unless you ask for exactly that.

Exit status: 0 done or compliant, 1 usage or credentials, 2 findings,
3 incomplete or failed, 4 a bug, 130 interrupted.`,
		`  bucketwarden report
  bucketwarden check --policy policy.yaml
  bucketwarden plan --output plan.json
  bucketwarden apply plan.json
  bucketwarden demo`)
	r.AddCommand(
		buckets.RuleCommand(a), buckets.ReportCommand(a), buckets.CheckCommand(a),
		buckets.PlanCommand(a), buckets.ApplyCommand(a), buckets.UndoCommand(a),
		trails.HistoryCommand(a), trails.EvidenceCommand(a), remote.OpenCommand(a), remote.CallCommand(a),
		policies.Command(a), versionCommand(a),
	)
	r.AddCommand(locals.Commands(a)...)
	values := buckets.FlagValues()
	maps.Copy(values, remote.FlagValues())
	app.Complete(r, values)
	return r
}

func versionCommand(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the commit and the Go version",
		Example: "  bucketwarden version",
		Args:    app.None,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.Out, version.Line(cmp.Or(version.Commit, builtFrom())))
			return err
		},
	}
}

// builtFrom returns the commit that the go command built this from.
func builtFrom() string {
	info, _ := debug.ReadBuildInfo()
	hash, dirty := "unknown", ""
	if info != nil {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				hash = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return hash + dirty
}
