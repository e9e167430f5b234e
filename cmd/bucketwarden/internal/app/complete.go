package app

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Complete makes shells complete the values of flags, by the flags' names, and makes a
// shell that there is no completion for an error.
func Complete(root *cobra.Command, values map[string][]string) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if all := values[f.Name]; all != nil { // fails only for a flag that is not there
				_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp))
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil && c != root {
		Group(c)
		c.Example = "  " + c.CommandPath() + " bash > /etc/bash_completion.d/" + root.Name()
		for _, shell := range c.Commands() {
			shell.Example = "  " + shell.CommandPath()
		}
	}
}
