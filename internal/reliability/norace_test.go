//go:build !race

package reliability_test

import "time"

var raceFlags []string

// invocationTime is what the platform gives one invocation. Everything that the
// function tries again must fit.
const invocationTime = 15 * time.Second
