// Command bucketwarden is a function for Alibaba Cloud Function Compute that makes
// sure that every OSS bucket has the required default server-side encryption. It
// reads its settings from environment variables (see docs/settings.md) and runs in the
// runtimes go1 and custom.debian12; `make demo` shows it without an account.
package main

import (
	"context"
	"fmt"
	"os"

	"bucketwarden/internal/function"
)

func main() {
	if err := function.Run(context.Background(), os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bucketwarden:", err)
		os.Exit(1)
	}
}
