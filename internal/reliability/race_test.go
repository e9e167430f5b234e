//go:build race

package reliability_test

import "time"

// raceFlags build the function with the race detector too: a race in it ends the
// process, and so every cell.
var raceFlags = []string{"-race"}

// invocationTime is longer because everything is slower.
const invocationTime = 30 * time.Second
