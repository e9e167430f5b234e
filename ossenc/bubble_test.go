package ossenc

import (
	"testing"
	"testing/synctest"
)

// bubble is [synctest.Test] for sweeps. With the race detector it skips them: many
// timers in one bubble corrupt the detector's own memory, by chance
// (golang/go#78156). [TestSweep_OnTheRealClock] is what the detector reads instead,
// and make test runs this package without it too.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector and synctest's timers: golang/go#78156")
	}
	synctest.Test(t, f)
}
