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
	// Rule is the rule that a PutBucketEncryption set, if the record shows it; none
	// otherwise.
	Rule Rule `json:"-"`
}

// Left returns the rule that the call left: none after a removal. It is nil where the
// record does not show it.
func (t Trigger) Left() *Rule {
	switch {
	case t.Call == "DeleteBucketEncryption":
		return &Rule{}
	case t.Call == "PutBucketEncryption" && !t.Rule.IsNone():
		return &t.Rule
	}
	return nil
}
