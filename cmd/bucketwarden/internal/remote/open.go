package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
)

// idleTime ends a proxy that was forgotten.
const idleTime = 30 * time.Minute

// changing are the methods that --write can let pass.
var changing = []string{http.MethodPost, http.MethodPut, http.MethodDelete}

// opener is what the flags of open say.
type opener struct {
	Target
	write          []string
	noBrowser, yes bool
}

// OpenCommand shows the deployed function's page in a browser.
func OpenCommand(a *app.App) *cobra.Command {
	var o opener
	cmd := &cobra.Command{
		Use:   "open [PATH]",
		Short: "Show the deployed function's page in your browser",
		Long: `Show the deployed function's page in your browser. A proxy on this machine
(127.0.0.1) signs each request with your key, or sends a token, or invokes the
function by its name. The platform's own domain makes browsers download every
page; the proxy shows them.

Only the browser that opens the first address gets in, and that address opens
once. Only GET and HEAD pass. The proxy ends with ^C, and by itself after 30
minutes without a request. PATH is /report if not given.`,
		Example: `  bucketwarden open --url https://bucketwarden-abcdefghij.cn-hangzhou.fcapp.run
  bucketwarden open --function bucketwarden --profile prod
  bucketwarden open "/report?lang=zh" --url https://bucketwarden.example.com --token-file token`,
		Args: app.AtMostOne("a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			start := "/report"
			if len(args) > 0 {
				start = args[0]
			}
			return o.run(cmd.Context(), a, start)
		},
	}
	o.Flags(cmd)
	s := cmd.Flags()
	s.StringSliceVar(&o.write, "write", nil, "let these methods pass too, after a question; POST,PUT,DELETE without a list")
	s.Lookup("write").NoOptDefVal = strings.Join(changing, ",")
	s.BoolVar(&o.noBrowser, "no-browser", false, "print the address, and do not start a browser")
	s.BoolVarP(&o.yes, "yes", "y", false, "do not ask for --write")
	return cmd
}

func (o *opener) run(ctx context.Context, a *app.App, start string) error {
	if _, err := newRequest(http.MethodGet, start); err != nil {
		return app.Usagef("%w", err)
	}
	for i, m := range o.write {
		if o.write[i] = strings.ToUpper(m); !slices.Contains(changing, o.write[i]) {
			return app.Usagef("--write: %.20q is not one of %s", m, strings.Join(changing, ", "))
		}
	}
	to, where, err := o.Open(ctx, a)
	if err != nil {
		return err
	}
	if len(o.write) > 0 && !o.yes {
		a.Notef("With --write the page in the browser can send %s to the function, and change rules.", strings.Join(o.write, ", "))
		if err := ask(ctx, a, "Let them pass?", "give --yes to let them pass"); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d := newDoor(to, listener.Addr().String(), start)
	d.methods = append(d.methods, o.write...)
	d.timeout = o.timeout
	watch := newActivity(a.Terminal(), a.Notef)
	d.note, d.began = watch.line, watch.begin
	fmt.Fprintf(a.Out, "%s\n", d.first())
	a.Notef("This is %s. The address opens once, in one browser. ^C ends it.", where)
	if !o.noBrowser {
		browse(ctx, a, d.first())
	}
	return serve(ctx, a, listener, d, watch)
}

// serve answers until ^C or until it was idle for long enough.
func serve(ctx context.Context, a *app.App, listener net.Listener, d *door, watch *activity) error {
	server := newServer(d)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	a.EndsByInterrupt()
	select {
	case <-ctx.Done():
		a.Notef("stopping")
	case <-watch.idle:
		a.Notef("no request for %d minutes: stopping", int(idleTime.Minutes()))
	case err := <-failed:
		return err
	}
	return server.Close()
}

func newServer(d *door) *http.Server {
	return &http.Server{
		Handler: d, DisableGeneralOptionsHandler: true, ErrorLog: quiet(), MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
	}
}

// contextFor ends with the browser's request, or after the time.
func contextFor(r *http.Request, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(r.Context(), timeout, errors.New("the time of --timeout is over"))
}

// activity watches the requests: it shows a person that something is waited for, and
// knows when nothing has happened for long.
type activity struct {
	idle chan struct{} // closed when nothing happened for idleTime

	terminal *term.Terminal
	print    func(format string, args ...any)

	mu      sync.Mutex
	running int
	stop    func() // of the progress line
	timer   *time.Timer
	once    sync.Once
}

func newActivity(t *term.Terminal, print func(string, ...any)) *activity {
	w := &activity{idle: make(chan struct{}), terminal: t, print: print}
	w.timer = time.AfterFunc(idleTime, w.tired)
	return w
}

func (w *activity) tired() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == 0 {
		w.once.Do(func() { close(w.idle) })
	}
}

// begin counts a request; what it returns counts its end.
func (w *activity) begin() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running++
	w.timer.Stop()
	if w.running == 1 {
		w.stop = w.terminal.Progress("Waiting for the function").Ticking()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.running--; w.running == 0 {
			w.stop()
			w.timer.Reset(idleTime)
		}
	}
}

// line writes a line for a person.
func (w *activity) line(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running > 0 { // the progress line comes again by itself
		w.stop()
		w.stop = w.terminal.Progress("Waiting for the function").Ticking()
	}
	w.print("%s", term.Clean(text))
}
