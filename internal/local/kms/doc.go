// Package kms is Alibaba Cloud Key Management Service (KMS) in memory: one
// http.Handler that answers DescribeKey (API version 2016-01-20) as the service
// does. Tests and local runs point an unmodified client at it.
//
//	server := localkms.New(localkms.Options{})
//	server.AddAccessKey(localrpc.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"})
//	server.PutKey(localkms.Key{ID: "key-1", Region: "cn-hangzhou", Aliases: []string{"alias/payments"}})
//	http.ListenAndServe("127.0.0.1:9001", server)
//
// # Regions
//
// A request does not name its region: its host does. The real names
// kms.<region>.aliyuncs.com and kms-vpc.<region>.aliyuncs.com reach this server
// when the client dials through a DialContext of its own. Elsewhere the region is
// Options.Region, or that of [Server.In].
//
// # Names of a key
//
// An ID, an alias (of the caller's account, in the region) or a key ARN; a key of
// another account has to be named by its ARN, and is found only if it is shared
// with the caller's account.
//
// Authentication, faults and the log of requests are those of package localrpc.
//
// # Not from the documentation
//
// The answer to an ARN of another region, which is Forbidden.KeyNotFound here; to
// a name that has no valid form, which is InvalidParameter; and to a key of
// another account that is not shared, which is Forbidden.NoPermission.
package kms
