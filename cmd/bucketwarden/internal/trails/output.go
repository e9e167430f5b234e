package trails

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
)

// output is the flags that say how and where the outcome is written.
type output struct {
	formats      []string
	format, file string
	force        bool
}

func (o *output) flags(c *cobra.Command, formats ...string) {
	o.formats = formats
	c.Flags().StringVarP(&o.format, "format", "f", "", "format: "+strings.Join(formats, ", "))
	c.Flags().StringVarP(&o.file, "output", "o", "", "write to this file; without --format its ending says the format")
	c.Flags().BoolVar(&o.force, "force", false, "replace a file that exists")
	app.FromEnv(c.Flags(), "format")
}

// target is where one outcome goes.
type target struct {
	format, file string
	force        bool
}

func (o *output) target() (target, error) {
	t := target{o.format, o.file, o.force}
	if t.file == "-" {
		t.file = ""
	}
	if t.format == "" && t.file == "" {
		t.format = o.formats[0]
	}
	if t.format == "" {
		t.format = map[string]string{".json": "json", ".csv": "csv", ".html": "html", ".htm": "html", ".txt": "table"}[strings.ToLower(filepath.Ext(t.file))]
	}
	switch {
	case t.format == "":
		return t, app.Usagef("--output %s: its ending does not say the format; add --format, one of %s", t.file, strings.Join(o.formats, ", "))
	case !slices.Contains(o.formats, t.format):
		return t, app.Usagef("--format: %.40q is not one of %s", t.format, strings.Join(o.formats, ", "))
	case t.file != "":
		return t, files.Ready(t.file, t.force) // before anything is read
	}
	return t, nil
}

func (t target) write(a *app.App, body func(io.Writer) error) error {
	if t.file == "" {
		return body(a.Out)
	}
	return files.Write(t.file, t.force, body)
}
