// Package rpc is the gateway in front of Alibaba Cloud's RPC-style
// services, in memory: it verifies signatures, credentials and clocks, hands
// the call to an [Action], and renders the answer. The packages localkms and
// localsts are such services.
//
// # Signatures
//
// Both versions that the vendor's clients send are verified, as the real gateway
// accepts both: ACS3-HMAC-SHA256 in the Authorization header, and version 1.0
// (HMAC-SHA1) in the parameters. The body's hash, the clock (15 minutes), the
// nonce and the security token count too.
//
// # Answers
//
// JSON only. An error has HttpStatus, Code, Message, RequestId and HostId, with
// the documented statuses and texts. SignatureDoesNotMatch tells the string that
// the server signed, as the real one does: in version 1.0 that string holds the
// caller's security token, so callers must not show it.
//
// # Trouble on demand
//
// [Gateway.SetFault] delays, breaks or replaces answers. [Gateway.Requests] tells
// what was asked.
//
// # Not from the documentation
//
// This package's own choice, where nothing is documented: the order in which
// several faults of one request are found, and the statuses of the
// InvalidSecurityToken family, which are 400 here. RAM policies are not modelled.
package rpc
