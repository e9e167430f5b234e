// Package ossenc keeps the default server-side encryption rule of Object
// Storage Service (OSS) buckets at least as strong as required.
//
// # What to call
//
// [Warden.Ensure] brings one bucket to the required rule and says in a [Result]
// what it found and what is current now; [Warden.Sweep] does so for every bucket.
// Both ask a [Policy] what is required: package policy reads one from a file, or
// makes one of a single rule. [Store.Get] reads a bucket's rule; the Store for OSS,
// the [Lister], the [Keys] of KMS and the [Accounts] of other accounts are in package
// alicloud. [Decide] is the decision alone: pure, no I/O. The examples show each.
//
// # What it promises
//
//   - The decision comes from the rule that OSS reports now, never from what an
//     event said.
//   - In [Floor], what is written is the least rule that is at least as strong
//     as both the current and the required one ([Join]); no call weakens a rule.
//   - A rule that cannot be read, or that this version does not know, is never
//     taken for "no rule": nothing is written and the verdict is [Unknown].
//   - [Fixed] means that the rule was read back after the write.
//
// # What it cannot promise
//
// OSS has no conditional PutBucketEncryption, so another writer between the
// read and the write is overwritten, and a write that OSS carries out late
// overwrites what was set meanwhile. What remains is at least as strong as
// required; a stronger rule that is lost so is restored by no event and no sweep.
// A default rule covers new objects that name no encryption of their own; existing
// objects stay as they are.
package ossenc

// UserAgent marks our requests in access logs and in ActionTrail records, where it
// distinguishes our own writes from those of others.
const UserAgent = "bucketwarden"
