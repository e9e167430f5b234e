// Command package builds what is deployed: dist/bucketwarden.zip, which s.yaml
// uploads, and the same files in dist/code, which s.local.yaml runs. With -policy it
// packs a policy, which must be without a mistake.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bucketwarden/internal/deploy"
)

func main() {
	policy := flag.String("policy", "", "the policy to pack, as "+deploy.Policy+"; policy.yaml of this folder without it, if there is one")
	flag.Parse()
	if err := run(context.Background(), ".", *policy, "dist", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, policy, dist string, out io.Writer) error {
	files, err := deploy.Files(ctx, root, policy, out)
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
	if sYAML, err := os.ReadFile(filepath.Join(root, "s.yaml")); err == nil && len(files) > 1 && !deploy.SetsPolicy(string(sYAML)) {
		fmt.Fprintln(out, "warning: no setting in s.yaml names the policy, so the function would not read it: see docs/s-variants.md, A policy")
	}
	fmt.Fprintf(out, "%s  %d bytes, sha256 %x\n", name, z.Len(), sha256.Sum256(z.Bytes()))
	return nil
}
