// Command settingscheck reads the settings of s.yaml, of s.local.yaml and of the
// variants in docs/s-variants.md as the function reads them when it starts. What stops
// the function stops this.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"bucketwarden/internal/deploy"
)

func main() {
	policy := flag.String("policy", "", "the policy that is packed")
	flag.Parse()
	env := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	read, left, err := deploy.CheckProject(".", *policy, env)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, name := range read {
		fmt.Printf("%s: the settings are as the function reads them\n", name)
	}
	for _, name := range left {
		fmt.Printf("%s: not tried, because s.yaml has other lines there\n", name)
	}
}
