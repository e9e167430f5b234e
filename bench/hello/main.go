// Command hello is the least that a command over the same library can be: one verb
// that prints a line. What it costs, every command with this library costs.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "hello"}
	root.AddCommand(&cobra.Command{Use: "version", Run: func(*cobra.Command, []string) { fmt.Println("hello") }})
	if root.Execute() != nil {
		os.Exit(1)
	}
}
