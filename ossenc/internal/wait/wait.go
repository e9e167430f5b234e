// Package wait pauses for as long as a context allows.
package wait

import (
	"context"
	"time"
)

// Sleep waits d, or returns false at once when ctx would end before.
func Sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
