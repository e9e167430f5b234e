// Package alicloud speaks to Alibaba Cloud for package ossenc: OSS for rules, tags
// and lists of buckets, and STS for the roles of other accounts. Package kms below
// speaks to Key Management Service.
//
// # What to call
//
// [NewClient] over [NewTransport] gives an [ossenc.Store] and [ossenc.Lister];
// [Accounts] is an [ossenc.Accounts]. Calls are signed with the credentials of the
// context's [ossenc.Identity], or with those of a [Chain].
//
// # What it promises
//
//   - Every error is an *[ossenc.Error] whose text is one short line without any
//     part of the credentials.
//   - Only an answer of OSS that says so is "no rule", "no tags" or "no buckets".
//   - Signed requests follow no redirect, and go to hosts of OSS or to those that
//     [Endpoints] names.
package alicloud
