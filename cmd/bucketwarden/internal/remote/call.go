package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
)

// The methods of the function's routes.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// caller is what the flags of call say.
type caller struct {
	Target
	headers    []string
	data       string
	output     string
	force, yes bool
}

// CallCommand makes one request to the deployed function.
func CallCommand(a *app.App) *cobra.Command {
	var c caller
	cmd := &cobra.Command{
		Use:   "call METHOD PATH",
		Short: "Make one HTTP request to the deployed function, signed with your key",
		Long: `Make one HTTP request to the deployed function and print its answer. The request
is signed with your key, or has a token, or goes to the function by its name,
which needs no HTTP trigger. docs/http.md lists the paths.

Requests other than GET and HEAD can change something, so they ask, and need
--yes where there is no terminal. The status is 0 for an answer 2xx, 2 for 409
(refused), and 3 for every other answer or none.`,
		Example: `  bucketwarden call GET /report --url https://bucketwarden-abcdefghij.cn-hangzhou.fcapp.run
  bucketwarden call GET "/report?format=csv" --function bucketwarden --output report.csv
  bucketwarden call GET /buckets/my-bucket/encryption --url https://bucketwarden.example.com --token-file token
  bucketwarden call POST /sweep --function bucketwarden --data {"mode":"report"} --yes`,
		Args: app.Exactly(2, "a method and a path"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), a, args[0], args[1]) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return methods, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags(cmd)
	s := cmd.Flags()
	s.StringArrayVarP(&c.headers, "header", "H", nil, "a header, such as \"Accept: text/csv\"; repeatable")
	s.StringVarP(&c.data, "data", "d", "", "the body; @FILE reads a file, @- the input")
	s.StringVarP(&c.output, "output", "o", "", "write the answer to this file")
	s.BoolVar(&c.force, "force", false, "replace the file of --output")
	s.BoolVarP(&c.yes, "yes", "y", false, "do not ask before a request that can change something")
	return cmd
}

// read makes the request of the arguments and flags.
func (c *caller) read(a *app.App, method, target string) (request, error) {
	method = strings.ToUpper(method)
	if !slices.Contains(methods, method) {
		return request{}, app.Usagef("%.20q is not a method of the function: %s", method, strings.Join(methods, ", "))
	}
	q, err := newRequest(method, target)
	if err != nil {
		return q, app.Usagef("%w", err)
	}
	if q.body, err = c.body(a); err != nil {
		return q, err
	}
	if len(q.body) > 0 && isReading(method) {
		return q, app.Usagef("--data: %s has no body", method)
	}
	if len(q.body) > 0 {
		q.header.Set("Content-Type", "application/json")
	}
	for _, h := range c.headers {
		name, value, ok := strings.Cut(h, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || !isHeaderName(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return q, app.Usagef("--header: write it as \"Name: value\"")
		}
		if isKept(name) {
			return q, app.Usagef("--header: %s is set by this command or by the platform", name)
		}
		q.header.Set(name, value)
	}
	return q, nil
}

func (c *caller) body(a *app.App) ([]byte, error) {
	file, isFile := strings.CutPrefix(c.data, "@")
	data := []byte(c.data)
	if isFile {
		var err error
		if data, err = readFile(a, file); err != nil {
			return nil, app.Usagef("--data: %w", err)
		}
	}
	if len(data) > maxBody {
		return nil, app.Usagef("--data: %d bytes; the function takes at most %d", len(data), maxBody)
	}
	return data, nil
}

// isKept reports whether a header is the signer's, the connection's or the
// platform's, so that neither a caller nor a browser sets it.
func isKept(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"x-acs-", "x-fc-", "proxy-", "sec-", "x-forwarded"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"authorization", "cookie", "host", "date", "connection", "keep-alive", "te", "trailer",
		"transfer-encoding", "upgrade", "content-length", "user-agent", "expect", "origin", "referer", "forwarded",
	}, name)
}

func isHeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func (c *caller) run(ctx context.Context, a *app.App, method, target string) error {
	q, err := c.read(a, method, target)
	if err != nil {
		return err
	}
	if c.output != "" {
		if err := files.Ready(c.output, c.force); err != nil {
			return err
		}
	}
	to, where, err := c.Open(ctx, a)
	if err != nil {
		return err
	}
	if !isReading(q.method) && !c.yes {
		if err := ask(ctx, a, fmt.Sprintf("Send %s %s to %s?", q.method, q.path, where), "give --yes to send it"); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errors.New("the time of --timeout is over"))
	defer cancel()
	begun := time.Now()
	stop := a.Terminal().Progress("Waiting for the function").Ticking()
	got, err := to.send(ctx, q)
	stop()
	if err != nil {
		return failed(err)
	}
	defer got.body.Close()
	if a.Verbose {
		fmt.Fprintf(a.Err, "%s %s at %s: %d in %s\n", q.method, q.path, where, got.status, time.Since(begun).Round(time.Millisecond))
	}
	if err := c.print(a, got); err != nil {
		return err
	}
	return outcome(got)
}

// print writes the body. An error answer never becomes the file that was asked for.
func (c *caller) print(a *app.App, got *answer) error {
	if c.output == "" || got.status/100 != 2 {
		_, err := io.Copy(a.Out, got.body)
		return err
	}
	return files.Write(c.output, c.force, func(w io.Writer) error {
		_, err := io.Copy(w, got.body)
		return err
	})
}

// outcome is the status of an answer.
func outcome(got *answer) error {
	switch {
	case got.status/100 == 2:
		return nil
	case got.status == http.StatusConflict:
		return &app.Error{Exit: app.Findings, Err: errors.New("the function refused it (409)")}
	}
	return &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("the answer is %d %s", got.status, http.StatusText(got.status)), Next: advice(got)}
}

// advice is what to do about an answer that is not the function's own but the
// platform's.
func advice(got *answer) string {
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
		return ""
	}
	if got.status == http.StatusForbidden || got.status == http.StatusUnauthorized {
		return "the platform refused the key or the signature, not the function; the key needs docs/ram/person-http.json, and this machine's clock must be right"
	}
	return ""
}

// ask puts a question where there is a person to answer it.
func ask(ctx context.Context, a *app.App, question, next string) error {
	t := a.Terminal()
	switch {
	case !t.Asks():
		return &app.Error{Exit: app.Usage, Err: errors.New("nothing was sent: there is no terminal to ask on"), Next: next}
	case t.Ask(ctx, question):
		return nil
	case a.Stopping():
		return app.End(app.Interrupted)
	}
	return &app.Error{Exit: app.Findings, Err: errors.New("nothing was sent")}
}
