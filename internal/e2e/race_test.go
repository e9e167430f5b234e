//go:build race

package e2e

// raceFlags build the function with the race detector too: a race in it ends
// the process with an error, and so the story.
var raceFlags = []string{"-race"}
