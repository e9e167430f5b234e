package app

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bucketwarden/ossenc/policy/document"
)

// EnvPrefix begins the names of the variables that stand for flags.
const EnvPrefix = "BUCKETWARDEN_"

// envMark is the annotation of a flag that may come from the environment.
const envMark = "env"

// EnvName returns the variable that stands for a flag.
func EnvName(flag string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// FromEnv lets flags be set by variables too: BUCKETWARDEN_KMS_KEY_ID for
// --kms-key-id. Flags that take a safety off have none.
func FromEnv(flags *pflag.FlagSet, names ...string) {
	for _, n := range names {
		f := flags.Lookup(n)
		f.Usage += " (" + EnvName(n) + ")"
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[envMark] = nil
	}
}

// AlsoFromEnv names a variable of a verb for which there is no flag.
func AlsoFromEnv(c *cobra.Command, name string) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[name] = envMark
}

// fillFromEnv sets the flags that were not given. A variable that stands for no
// flag of any verb is an error: a misspelt one would be ignored in silence.
func (a *App) fillFromEnv(cmd *cobra.Command) error {
	known := knownVariables(cmd.Root())
	for name, value := range a.Env {
		if strings.HasPrefix(name, EnvPrefix) && value != "" && !slices.Contains(known, name) {
			return Usagef("there is no setting %s%s", name, meantSetting(name, known))
		}
	}
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := a.Env[EnvName(f.Name)]
		if _, may := f.Annotations[envMark]; !may || f.Changed || value == "" || err != nil {
			return
		}
		if cmd.Flags().Set(f.Name, value) != nil {
			err = invalidValue(EnvName(f.Name), f, value)
		}
	})
	return err
}

// refuseEmpty refuses flags that were given an empty value, as by --policy "$POLICY" where
// no POLICY is set: they would mean the default, which is another policy, other buckets or
// another identity.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if err == nil && (len(values) == 0 || slices.Contains(values, "")) {
			err = &Error{Exit: Usage, Err: Usagef("--%s is given without a value", f.Name), Next: "leave it out, or check the variable that it comes from"}
		}
	})
	return err
}

// invalidValue says what a flag, or the variable for it, takes.
func invalidValue(name string, f *pflag.Flag, value string) error {
	kind := "a value of it"
	switch f.Value.Type() {
	case "int":
		kind = "a whole number"
	case "bool":
		kind = "true or false"
	case "duration":
		kind = "a time with its unit, such as 90s or 10m"
	}
	return Usagef("%s: %.40q is not %s", name, value, kind)
}

// meantSetting compares without the prefix, in which all are alike.
func meantSetting(name string, known []string) string {
	short := make([]string, len(known))
	for i, k := range known {
		short[i] = strings.TrimPrefix(k, EnvPrefix)
	}
	hint := document.DidYouMean(strings.TrimPrefix(name, EnvPrefix), short)
	return strings.Replace(hint, "(did you mean ", "(did you mean "+EnvPrefix, 1)
}

func knownVariables(root *cobra.Command) []string {
	var names []string
	note := func(f *pflag.Flag) {
		if _, may := f.Annotations[envMark]; may {
			names = append(names, EnvName(f.Name))
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(note)
		c.PersistentFlags().VisitAll(note)
		for name, mark := range c.Annotations {
			if mark == envMark {
				names = append(names, name)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	slices.Sort(names)
	return slices.Compact(names)
}

// Root returns the command without verbs.
func (a *App) Root(use, short, long, example string) *cobra.Command {
	root := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			return a.fillFromEnv(cmd)
		},
	}
	root.SetHelpCommand(helpCommand(root))
	root.Flags().Bool("version", false, "what the verb version prints") // main answers it
	flags := root.PersistentFlags()
	flags.BoolVar(&a.NoColor, "no-color", false, "no colours; NO_COLOR in the environment does the same")
	flags.BoolVarP(&a.Quiet, "quiet", "q", false, "no progress and no notes; errors are still shown")
	flags.BoolVarP(&a.Verbose, "verbose", "v", false, "where the credentials come from, and one line for each call")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	return root
}

// Group makes a verb of its own verbs: without one of them it shows its help.
func Group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownVerb(cmd, args[0])
		}
		return &Error{Exit: Usage, Err: Usagef("%s needs one of its verbs", cmd.CommandPath()), Next: "see " + cmd.CommandPath() + " --help"}
	}
	return cmd
}

func unknownVerb(cmd *cobra.Command, verb string) error {
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	hint := document.DidYouMean(verb, verbs)
	if hint == "" && cmd.HasParent() {
		hint = "; it has " + strings.Join(verbs, ", ")
	}
	return &Error{Exit: Usage, Err: Usagef("%s has no verb %.40q%s", cmd.CommandPath(), verb, hint), Next: "see " + cmd.CommandPath() + " --help"}
}

// helpCommand is cobra's help, but for a verb that is not there: that is an error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [VERB]",
		Short:   "Help for any verb",
		Example: "  bucketwarden help rule set",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || cmd == nil || len(rest) > 0 {
				return unknownVerb(cmp.Or(cmd, root), cmp.Or(append(rest, args...)...))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// flagError adds what the user may have meant, and says in plain words what a value is
// not.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		err = invalidValue("--"+e.GetFlag().Name, e.GetFlag(), e.GetValue())
	}
	hint := ""
	if given, found := strings.CutPrefix(err.Error(), "unknown flag: --"); found {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		hint = document.DidYouMean("--"+given, names)
	}
	return &Error{Exit: Usage, Err: Usagef("%w%s", err, hint), Next: "see " + cmd.CommandPath() + " --help"}
}

// Exactly is for verbs that take n arguments, which are called names.
func Exactly(n int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return &Error{Exit: Usage, Err: Usagef("%s takes %s, not %d arguments", cmd.CommandPath(), names, len(args)), Next: "see " + cmd.CommandPath() + " --help"}
		}
		return nil
	}
}

// AtLeastOne is for verbs that take one or more arguments.
func AtLeastOne(names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &Error{Exit: Usage, Err: Usagef("%s takes %s", cmd.CommandPath(), names), Next: "see " + cmd.CommandPath() + " --help"}
		}
		return nil
	}
}

// AtMostOne is for verbs that take an argument or none.
func AtMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return &Error{Exit: Usage, Err: Usagef("%s takes %s, not %d arguments", cmd.CommandPath(), name, len(args)), Next: "see " + cmd.CommandPath() + " --help"}
		}
		return nil
	}
}

// None is for verbs without arguments.
func None(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &Error{Exit: Usage, Err: Usagef("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]), Next: "see " + cmd.CommandPath() + " --help"}
	}
	return nil
}
