package locals

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/events"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
)

func eventsCommand(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "events [SAMPLE]",
		Short: "List the sample events, or print one",
		Example: `  bucketwarden events
  bucketwarden events native-bucket-created > event.json`,
		Args:              app.AtMostOne("a sample"),
		ValidArgsFunction: completeSamples(cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSamples(a)
			}
			sample, err := events.Read(args[0])
			if err != nil {
				return noSample(args[0], "bucketwarden events")
			}
			_, err = a.Out.Write(sample)
			return err
		},
	}
}

// sampleNames are the names of the samples, sorted; none if they cannot be read.
func sampleNames() []string {
	samples, _ := events.Samples()
	var names []string
	for file := range samples {
		names = append(names, strings.TrimSuffix(file, ".json"))
	}
	slices.Sort(names)
	return names
}

func completeSamples(directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return sampleNames(), directive
	}
}

// noSample names what may be meant, and the command that lists the samples.
func noSample(name, list string) error {
	hint := document.DidYouMean(strings.TrimSuffix(path.Base(filepath.ToSlash(name)), ".json"), sampleNames())
	return &app.Error{Exit: app.Usage, Err: app.Usagef("there is no file and no sample %s%s", name, hint), Next: list + " lists the samples"}
}

func listSamples(a *app.App) error {
	samples, err := events.Samples()
	if err != nil {
		return err
	}
	var rows [][]term.Cell
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		s := samples[name]
		if s.About == "" {
			continue
		}
		var verdicts []string
		for _, r := range s.Results {
			verdicts = append(verdicts, r.Verdict)
		}
		rows = append(rows, []term.Cell{{Text: strings.TrimSuffix(name, ".json")}, {Text: s.Trigger}, {Text: strings.Join(verdicts, " ")}, {Text: about(s)}})
	}
	columns := []term.Column{{Title: "SAMPLE", Shrink: 1, Least: 20}, {Title: "TRIGGER"}, {Title: "VERDICTS", Shrink: 2, Least: 8}, {Title: "WHAT IT IS", Shrink: 3, Least: 20}}
	return a.Terminal().Table(a.Out, columns, rows)
}

// about is what a sample is, and the settings without which it is invalid.
func about(s events.Sample) string {
	if len(s.Settings) == 0 {
		return s.About
	}
	return s.About + "; needs " + strings.Join(s.Settings, " ")
}

func invokeCommand(a *app.App) *cobra.Command {
	var w which
	var buckets []string
	asJSON := false
	c := &cobra.Command{
		Use:   "invoke [SAMPLE|FILE|-]",
		Short: "Send one event to the function and print what it did; the status is the function's",
		Long: `Send one event to the function, in an account with the samples' buckets, and
print what it did. The status is 2 if the function failed. --verbose prints the
function's log too. ` + settings.Prefix + ` variables are the function's settings.`,
		Example: `  bucketwarden invoke native-bucket-created
  ` + settings.Algorithm + `=KMS bucketwarden invoke event.json --bucket my-bucket
  bucketwarden events timer | bucketwarden invoke -`,
		Args:              app.AtMostOne("a sample or a file"),
		ValidArgsFunction: completeSamples(cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "native-bucket-created"
			if len(args) > 0 {
				name = args[0]
			}
			list := "bucketwarden events"
			if w.checkout != "" { // by make
				list = "make events"
			}
			event, err := payload(a, name, list)
			if err != nil {
				return err
			}
			return w.with(cmd.Context(), a, func(o stack.Options) error {
				o.Log = io.Discard
				if needs := events.Settings(event); needs != nil {
					a.Notef("this sample needs %s, so the function has it", strings.Join(needs, " "))
					o.Env = append(o.Env, needs...)
				}
				if a.Verbose {
					o.Log = a.Err
				}
				var answer bytes.Buffer
				err := stack.Invoke(cmd.Context(), o, buckets, event, &answer)
				return app.Join(show(a, answer.Bytes(), asJSON), invoked(err))
			})
		},
	}
	c.Flags().StringSliceVar(&buckets, "bucket", nil, "a further bucket that exists; repeatable")
	c.Flags().BoolVar(&asJSON, "json", false, "print the function's answer as it is")
	w.flag(c)
	return c
}

// invoked is the status of an invocation that failed.
func invoked(err error) error {
	if err == nil {
		return nil
	}
	return &app.Error{Exit: app.Findings, Err: ended(err)}
}

// payload reads a file, a sample, or the input.
func payload(a *app.App, name, list string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.In)
	}
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		return data, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, app.Usagef("%w", err)
	}
	if data, err = events.Read(name); err == nil {
		return data, nil
	}
	return nil, noSample(name, list)
}

// show prints what became of each bucket in a line, or the answer where it is of
// another kind.
func show(a *app.App, answer []byte, asJSON bool) error {
	var list struct {
		Results []ossenc.Result `json:"results"`
	}
	if asJSON || json.Unmarshal(answer, &list) != nil || len(list.Results) == 0 {
		_, err := a.Out.Write(answer)
		return err
	}
	t := a.Terminal()
	for _, r := range list.Results {
		colour := term.Good
		if r.Verdict.Failed() {
			colour = term.Bad
		}
		rules := ""
		switch r.Verdict {
		case ossenc.Ignored, ossenc.Gone, ossenc.Rejected, ossenc.Unknown: // nothing was read, or not all
		default:
			rules = fmt.Sprintf("%s → %s  ", r.Before, r.After)
		}
		fmt.Fprintf(a.Out, "%s  %s  %s%s  %s\n", term.Clean(r.Bucket), term.Clean(r.Region), term.Clean(rules), t.Paint(colour, string(r.Verdict)), term.Clean(r.Reason))
	}
	return nil
}
