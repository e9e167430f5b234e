//go:build !race

package ossenc

const raceDetector = false
