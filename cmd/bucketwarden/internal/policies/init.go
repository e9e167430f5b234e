package policies

import (
	"embed"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/ossenc/policy/policytest"
)

//go:embed template
var template embed.FS

func initCommand(a *app.App) *cobra.Command {
	force := false
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Begin a policy and its expectations: policy.yaml and policy_test.yaml",
		Example: `  bucketwarden policy init
  bucketwarden policy init company.yaml`,
		Args: app.AtMostOne("a policy file"),
		RunE: func(_ *cobra.Command, args []string) error {
			file := "policy.yaml"
			if len(args) > 0 {
				file = args[0]
			}
			return begin(a, file, force)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace files that exist")
	return c
}

func begin(a *app.App, file string, force bool) error {
	for from, to := range map[string]string{"template/policy.yaml": file, "template/policy_test.yaml": policytest.FileBeside(file)} {
		text, err := template.ReadFile(from)
		if err != nil {
			return err
		}
		if err := files.Write(to, force, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.Out, "%s and %s are there. They require AES256 or stronger of every bucket.\nnext: edit them, then run: bucketwarden policy check %s && bucketwarden policy test %s\n", file, policytest.FileBeside(file), file, file)
	return err
}
