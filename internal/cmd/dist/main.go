// Command dist is what make dist and make install run: it builds the command for
// people. Without arguments it builds all systems into dist/command; with -install
// it builds this one's into a directory.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"bucketwarden/internal/dist"
)

func main() {
	install := flag.String("install", "", "build for this system only, into this directory")
	flag.Parse()
	if err := run(context.Background(), *install); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, install string) error {
	r, err := dist.Current(ctx, ".")
	if err != nil {
		return err
	}
	if install == "" {
		return r.All(ctx, ".", filepath.Join("dist", "command"), os.Stdout)
	}
	name := "bucketwarden"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	out := filepath.Join(install, name)
	if err := r.Build(ctx, ".", out, dist.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}); err != nil {
		return err
	}
	fmt.Println("installed", out)
	if hint := dist.PathHint(install, filepath.SplitList(os.Getenv("PATH"))); hint != "" {
		fmt.Println(hint)
	}
	return nil
}
