// Package wire is the chassis under the local stand-ins: what OSS, KMS, STS and
// every further service has in common and none of them is about. It holds the
// access keys, the log of requests, the faults that a test asks for, and the
// listener.
//
//	keys := wire.NewKeys("1234567890123456")  // who may sign
//	log := wire.NewLog[Request](10_000)        // what was asked, bounded
//	var faults wire.Hook[Request, Fault]       // what goes wrong on demand
//	front, err := wire.Listen(ctx, "127.0.0.1:0", handler, nil)
//
// It knows no service and no wire format.
package wire
