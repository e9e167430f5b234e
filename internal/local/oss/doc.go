// Package oss is Alibaba Cloud Object Storage Service (OSS) in memory: one
// http.Handler that answers calls on buckets and objects as the service does, byte for
// byte where the wire is documented. Tests and local runs point an unmodified
// OSS client at it.
//
//	server := localoss.New(localoss.Options{})
//	server.AddKey(localoss.Key{AccessKeyID: "id", AccessKeySecret: "secret"})
//	server.PutBucket(localoss.Bucket{Name: "example-bucket", Region: "cn-hangzhou"})
//	http.ListenAndServe("127.0.0.1:9000", server)
//
// # Operations
//
// Buckets: Put, Delete, List (with tags and resource groups), Info, Location, Stat,
// Acl, Versioning (the status only), Encryption, Tags. Objects: Put, Get, Head,
// Delete and DeleteMultiple, Copy, Acl, multipart uploads, and both lists. Regions:
// Describe. A known sub-resource with a wrong method is refused with 405
// MethodNotAllowed, every other operation with 400 NotImplemented: the service's own
// status, 501, would make clients try again for half a minute. An absent bucket is
// reported before either. A sub-resource that belongs to something else, such as the
// tags of an object, is one of those operations: it is never answered as the plain
// call, which would overwrite or delete.
//
// An upload is encrypted as its own headers say, or else by the rule of the bucket,
// and answers so. A KMS key that [Options.KMS] does not know, or that it cannot use,
// fails the upload. Objects that are older than a rule stay as they are.
//
// # Authentication
//
// V4 signatures (OSS4-HMAC-SHA256) in the header or in a signed URL are verified,
// with the additional headers, the clock (15 minutes) and the security token; the
// date is that of x-oss-date or Date. Several keys may be valid at the same time. V1
// signatures are refused, with the line to change in the client that sent one.
//
// # Memory
//
// Objects, parts and uploads under way take at most [Options.MaxBytes].
//
// # Addressing
//
// Path style (/bucket/?encryption) for IP addresses, localhost, [Options.Domain]
// and any host name not named here; virtual-hosted for <bucket>.localhost,
// <bucket>.<Domain> and the real names <bucket>.oss-<region>.aliyuncs.com,
// <bucket>.oss-<region>-internal.aliyuncs.com and
// <bucket>.<region>.oss.aliyuncs.com (dual-stack), which reach this server when the
// client dials through a DialContext of its own. Path style on a real name is
// refused, as the service does.
//
// A real host name decides the region of the endpoint; elsewhere it is the
// region of the signature. A bucket of another region is refused with the
// service's answer that names the right endpoint. GetBucketInfo and ListBuckets
// work from every region. A region that does not exist is refused.
//
// # Trouble on demand
//
// [Server.SetFault] delays, breaks or replaces answers, before or after the
// operation took place. [Server.SetReadLag] and [Server.AppearAfter] make reads
// and new buckets lag behind. [Server.Requests] tells what was asked.
//
// # Not from the documentation
//
// This package's own choice, where the service documents nothing: the order in
// which several faults of one request are found; the answers to V1 signatures, to a
// query with two sub-resources or one that cannot be read, to a part number without an
// upload, to an empty rule and an unknown storage class; which
// of the documented KMS codes an upload ends with; lower-case algorithm names, which
// are refused; and the absence of KMSMasterKeyID, rather than an empty element, in
// GetBucketEncryption when no key was set. A query parameter with an empty value is
// signed without an equals sign, as the vendor's signers do; ali-oss signs it
// otherwise and is refused, so pass it null. An error has an EC only where a
// published source states it.
//
// Quotas, RAM policies, anonymous reads and versions of objects are not modelled:
// every key of an account may do everything to the buckets of that account.
package oss
