//go:build race

package alicloud_test

// The race detector takes ten times as long.
const simulatedRuns = 500
