//go:build !race

package ossenc_test

const simulatedRuns = 5000
