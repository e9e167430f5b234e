// Package sts is Alibaba Cloud Security Token Service (STS) in memory: one
// http.Handler that answers AssumeRole (API version 2015-04-01) as the service
// does. Tests and local runs point an unmodified client at it.
//
//	server := localsts.New(localsts.Options{OnIssue: func(i localsts.Issued) { oss.AddKey(...) }})
//	server.AddAccessKey(localrpc.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"})
//	server.PutRole(localsts.Role{ARN: "acs:ram::2222222222222222:role/warden", Trusts: []string{"1234567890123456"}})
//	web := httptest.NewTLSServer(server)
//
// credentials-go speaks HTTPS only, to a host that may have a port. A program
// trusts this server when SSL_CERT_FILE names a file with its certificate, which
// is web.Certificate() above.
//
// What is issued expires, may itself assume roles, and is passed to
// [Options.OnIssue], so that other local services can accept it.
//
// Authentication, faults and the log of requests are those of package localrpc.
//
// # Not from the documentation
//
// A role that does not trust the caller's account, or wants another external ID,
// is refused with NoPermission; a session policy is accepted and not applied.
package sts
