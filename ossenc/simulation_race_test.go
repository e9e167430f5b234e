//go:build race

package ossenc_test

// The race detector takes ten times as long.
const simulatedRuns = 1000
