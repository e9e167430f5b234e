// Package oss is Alibaba Cloud Object Storage Service (OSS) in memory: one
// http.Handler that answers the bucket-level calls as the service does, byte for
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
// ListBuckets, PutBucket, DeleteBucket, GetBucketInfo, GetBucketLocation, and
// Put, Get and Delete of BucketEncryption and BucketTags. Every other
// sub-resource and every object operation is refused with 501 NotImplemented; a
// known sub-resource with a wrong method with 405 MethodNotAllowed.
//
// # Authentication
//
// V4 header signatures (OSS4-HMAC-SHA256) are verified, with the additional
// headers, the clock (15 minutes) and the security token. Several keys may be
// valid at the same time. V1 signatures and signed URLs are refused.
//
// # Addressing
//
// Path style (/bucket/?encryption) for IP addresses, localhost, [Options.Domain]
// and any host name not named here; virtual-hosted for <bucket>.localhost,
// <bucket>.<Domain> and the real names <bucket>.oss-<region>.aliyuncs.com and
// <bucket>.oss-<region>-internal.aliyuncs.com, which reach this server when the
// client dials through a DialContext of its own. Path style on a real name is
// refused, as the service does.
//
// A real host name decides the region of the endpoint; elsewhere it is the
// region of the signature. A bucket of another region is refused with the
// service's answer that names the right endpoint. GetBucketInfo and ListBuckets
// work from every region.
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
// which several faults of one request are found; the answers to V1 signatures,
// signed URLs, an empty rule and an unknown storage class; lower-case algorithm
// names, which are refused; and the absence of KMSMasterKeyID, rather than an
// empty element, in GetBucketEncryption when no key was set. A query parameter
// with an empty value is signed without an equals sign, as the vendor's signers
// do; ali-oss signs it otherwise and is refused, so pass it null.
//
// Quotas, resource groups, RAM policies and KMS are not modelled: every key of
// an account may do everything to the buckets of that account.
package oss
