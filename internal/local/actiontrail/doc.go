// Package actiontrail is Alibaba Cloud's ActionTrail in memory, as far as it is asked
// what happened: LookupEvents, with the events of the local OSS.
//
//	trail := actiontrail.New(actiontrail.Options{})
//	oss := localoss.New(localoss.Options{OnCall: func(r localoss.Request) { trail.Add(r) }})
//	http.ListenAndServe(addr, trail.In("cn-hangzhou"))
//
// [Server.Add] enters one call, with who made it as the access key says. The gateway
// verifies signatures. An endpoint answers with the events of its own region, and with
// those of the caller's own account.
//
// # As documented
//
// Events can be asked for ten minutes after they happened ([Server.SetDelay]). An
// account has two calls a second, over all regions. One answer has at most 50 events,
// the newest first unless the caller says otherwise; NextToken belongs to all other
// parameters. One or two keys count, of the pairs that are allowed; of more than two
// the first two count, and of a key that comes twice the second. The time is whole
// seconds, and covers at most 90 days within the last 90.
//
// # What no source confirms
//
// Whether a record of PutBucketEncryption has the rule, and whether it is found by the
// bucket's name: [Server.SetShape] has all four answers. The codes of a forbidden pair,
// a wrong time and a wrong NextToken, and the form of the rule in a record, are this
// package's own choice.
package actiontrail
