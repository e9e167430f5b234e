package remote

import (
	"context"
	"io"
	"log"
	"os/exec"
	"runtime"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
)

// browserCommand returns the program that opens an address, and its arguments before
// the address; none where there is no screen.
func browserCommand(goos string, env map[string]string) []string {
	switch {
	case env["BROWSER"] != "":
		return strings.Fields(env["BROWSER"])
	case goos == "darwin":
		return []string{"open"}
	case goos == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	case env["DISPLAY"] != "" || env["WAYLAND_DISPLAY"] != "":
		return []string{"xdg-open"}
	}
	return nil
}

// browse opens the address. Where that fails, a person can.
func browse(ctx context.Context, a *app.App, address string) {
	command := browserCommand(runtime.GOOS, a.Env)
	if len(command) == 0 {
		a.Notef("There is no screen here: open the address in a browser of this machine.")
		return
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], append(command[1:], address)...)
	if err := cmd.Start(); err != nil {
		a.Notef("No browser can be started here: open the address yourself.")
		return
	}
	go func() { _ = cmd.Wait() }() // what the browser makes of it, the person sees
}

// quiet swallows what net/http says about connections that break off.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
