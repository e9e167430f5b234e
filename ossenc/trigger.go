package ossenc

import "time"

// Trigger is the recorded call that made a task: who changed the bucket, and when. It
// is shown, and decides nothing.
type Trigger struct {
	Actor
	// Call is the operation, such as PutBucketEncryption.
	Call string `json:"call"`
	// At is when it was made; zero if the record does not say it.
	At time.Time `json:"at,omitzero"`
	// ID is the request ID of the call.
	ID string `json:"-"`
}
