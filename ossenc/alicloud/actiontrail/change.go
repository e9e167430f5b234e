package actiontrail

import (
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

// Change returns what the event changed, or tried to: a call that failed is
// [history.Attempted]. It has no kind where the event does not concern a bucket's rule, or has no
// time. owner is the account of the bucket, and roles are the function's.
func (e Event) Change(owner string, roles ...string) history.Change {
	call := ossenc.Call{UserType: e.UserType, UserName: e.UserName, AccountID: e.AccountID, UserAgent: e.UserAgent, Owner: owner}
	c := history.Change{ID: e.ID, Time: e.Time, By: call.Actor(), Own: call.HasRole(roles...), Rule: e.Rule, Shown: !e.Rule.IsNone()}
	if c.Own {
		c.Look, _ = ossenc.ParseLook(e.UserAgent)
	}
	kind := kindOf(e.Name)
	switch {
	case kind == "" || e.Time.IsZero():
	case e.ErrorCode != "":
		c.Kind, c.Rule, c.Shown = history.Attempted, ossenc.Rule{}, false
	default:
		c.Kind = kind
	}
	return c
}

func kindOf(call string) history.Kind {
	switch call {
	case "PutBucket":
		return history.Created
	case "PutBucketEncryption":
		return history.RuleSet
	case "DeleteBucketEncryption":
		return history.RuleRemoved
	case "DeleteBucket":
		return history.Deleted
	}
	return ""
}
