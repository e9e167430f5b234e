//go:build !race

package alicloud_test

const simulatedRuns = 2000
