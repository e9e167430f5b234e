// Command package builds what is deployed: dist/bucketwarden.zip, which s.yaml
// uploads, and the same files in dist/code, which s.local.yaml runs.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bucketwarden/internal/deploy"
)

func main() {
	if err := run(context.Background(), ".", "dist", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, dist string, out io.Writer) error {
	files, err := deploy.Files(ctx, root)
	if err != nil {
		return err
	}
	code := filepath.Join(dist, "code")
	if err := os.RemoveAll(code); err != nil { // a policy that was deleted must not stay
		return err
	}
	if err := os.MkdirAll(code, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(code, f.Name), f.Data, f.Mode); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s/%s  %d bytes\n", code, f.Name, len(f.Data))
	}
	var z bytes.Buffer
	if err := deploy.Zip(&z, files); err != nil {
		return err
	}
	name := filepath.Join(dist, "bucketwarden.zip")
	if err := os.WriteFile(name, z.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %d bytes, sha256 %x\n", name, z.Len(), sha256.Sum256(z.Bytes()))
	return nil
}
