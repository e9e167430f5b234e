//go:build race

package main

// raceFlags build the command with the race detector too: a race in it ends the
// process with an error, and so the test.
var raceFlags = []string{"-race"}
