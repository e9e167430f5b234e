package reliability_test

import (
	"time"

	localoss "bucketwarden/internal/local/oss"
)

// outcome is a verdict with its code, as in "unknown/throttled", or several of
// which time decides.
type outcome string

const (
	fixed        outcome = "fixed/"
	compliant    outcome = "compliant/"
	wouldFix     outcome = "would_fix/"
	gone         outcome = "gone/"
	unavailable  outcome = "unknown/unavailable"
	throttled    outcome = "unknown/throttled"
	denied       outcome = "unknown/denied"
	deadline     outcome = "unknown/deadline"
	unrecognized outcome = "unknown/unrecognized"
	unconfirmed  outcome = "unknown/unconfirmed"
)

// fault is one way in which things go wrong for one bucket, and what must come of
// it. The bucket has no rule at first, or one of KMS where it is to be removed,
// and KMS+SM4 is wanted.
type fault struct {
	name string
	// prepare changes the bucket beforehand.
	prepare func(c *cell)
	// look and write spoil the nth such call, counted from 1.
	look, write func(c *cell, n int) *localoss.Fault

	change outcome // of what writes
	show   outcome // of what only looks; would_fix if empty
	remove outcome // of removing the rule; like change if empty
	put    outcome // of a PUT, which waits for no late bucket; like change if empty
	listed outcome // for a report and a sweep, which find the bucket in a list; empty for show and put
}

// always and once make a fault of every call, or of the first only.
func always(f localoss.Fault) func(*cell, int) *localoss.Fault {
	return func(*cell, int) *localoss.Fault { return &f }
}

func once(f localoss.Fault) func(*cell, int) *localoss.Fault { return only(1, f) }

func only(nth int, f localoss.Fault) func(*cell, int) *localoss.Fault {
	return func(_ *cell, n int) *localoss.Fault {
		if n == nth {
			return &f
		}
		return nil
	}
}

// after spoils the looks behind the first one, up to the last-th.
func after(last int, f localoss.Fault) func(*cell, int) *localoss.Fault {
	return func(_ *cell, n int) *localoss.Fault {
		if n > 1 && n <= last {
			return &f
		}
		return nil
	}
}

// meanwhile lets somebody else act right before the nth call.
func meanwhile(nth int, act func(c *cell)) func(*cell, int) *localoss.Fault {
	return func(c *cell, n int) *localoss.Fault {
		if n == nth {
			act(c)
		}
		return nil
	}
}

func sets(r localoss.Rule) func(*cell) { return func(c *cell) { c.oss.SetRule(c.bucket, r) } }

func vanish(c *cell) { c.oss.DeleteBucket(c.bucket) }

var (
	reset    = localoss.Fault{Reset: true}
	undone   = localoss.Fault{Reset: true, After: true} // done, but nobody hears of it
	cutOff   = localoss.Fault{Truncate: true}
	slow     = localoss.Fault{Delay: time.Minute}
	drip     = localoss.Fault{Drip: time.Second}
	flood    = localoss.Fault{Pad: 12 << 20}
	busy     = localoss.Fault{Status: 429, Code: "TooManyRequests"}
	broken   = localoss.Fault{Code: "InternalError"}
	qps      = localoss.Fault{Code: "MetaOperationQpsLimitExceeded"}
	total    = localoss.Fault{Code: "TotalQpsLimitExceeded"}
	later    = localoss.Fault{Code: "ServiceUnavailable", RetryAfter: time.Second}
	skewed   = localoss.Fault{Code: "RequestTimeTooSkewed"}
	expired  = localoss.Fault{Code: "SecurityTokenExpired"}
	rotated  = localoss.Fault{Code: "InvalidAccessKeyId"}
	refusal  = localoss.Fault{Code: "AccessDenied"}
	noRule   = localoss.Fault{Code: "NoSuchServerSideEncryptionRule"}
	noBucket = localoss.Fault{Code: "NoSuchBucket"}

	page    = localoss.Fault{Body: []byte("<html><body>Welcome to the hotel's network</body></html>"), ContentType: "text/html"}
	nothing = localoss.Fault{Body: []byte{}}
	gateway = localoss.Fault{Status: 502, Body: []byte("null"), ContentType: "application/json"}
	newRule = localoss.Fault{Body: []byte("<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES512</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>")}
	claimed = localoss.Fault{Status: 403, Code: "NoSuchServerSideEncryptionRule"} // not the answer that means it

	named = localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1", KMSDataEncryption: "SM4"}
	both  = localoss.Rule{Algorithm: "KMS", KMSDataEncryption: "SM4"}
	aes   = localoss.Rule{Algorithm: "AES256"}
	none  = localoss.Rule{}
)

// wrongRegion is OSS's answer to a request in the wrong region, with the endpoint
// that it names.
func wrongRegion(endpoint string) *localoss.Fault {
	return &localoss.Fault{Status: 403, Body: []byte("<Error><Code>AccessDenied</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message><Endpoint>" + endpoint + "</Endpoint></Error>")}
}

func inCircles(c *cell, n int) *localoss.Fault {
	return wrongRegion([]string{"oss-cn-beijing.aliyuncs.com", "oss-cn-hangzhou.aliyuncs.com"}[n%2])
}

func drops(keep localoss.Rule) localoss.Fault {
	return localoss.Fault{Keep: func(localoss.Rule) localoss.Rule { return keep }}
}

// faults is one dimension of the matrix.
var faults = []fault{
	{name: "none", change: fixed},
	{name: "as wanted already", prepare: sets(both), change: compliant, show: compliant, remove: fixed},
	{name: "stronger already", prepare: sets(named), change: compliant, show: compliant, remove: fixed},

	{name: "reset/look, once", look: once(reset), change: fixed},
	{name: "reset/look, always", look: always(reset), change: unavailable, show: unavailable},
	{name: "reset/before the write, once", write: once(reset), change: fixed},
	{name: "reset/before the write, always", write: always(reset), change: "blocked/unavailable"},
	{name: "reset/after the write, once", write: once(undone), change: fixed},
	{name: "reset/after the write, always", write: always(undone), change: fixed},
	{name: "reset/read-back, once", look: only(2, reset), change: fixed},
	{name: "reset/read-back, always", look: after(99, reset), change: unavailable + "|" + deadline},
	{name: "half an answer/look, once", look: once(cutOff), change: fixed},
	{name: "half an answer/look, always", look: always(cutOff), change: unavailable, show: unavailable},
	{name: "half an answer/write", write: always(cutOff), change: fixed},
	{name: "half an answer/read-back, once", look: only(2, cutOff), change: fixed},

	{name: "slow/look", look: always(slow), change: deadline, show: deadline},
	{name: "slow/write", write: always(slow), change: deadline},
	{name: "slow/read-back", look: after(99, slow), change: deadline},
	{name: "drip/look", look: always(drip), change: deadline, show: deadline},
	{name: "flood/look", look: always(flood), change: unavailable, show: unavailable},
	{name: "flood/write", write: always(flood), change: fixed},

	{name: "429/once", look: once(busy), write: once(busy), change: fixed},
	{name: "429/look, always", look: always(busy), change: throttled, show: throttled + "|" + deadline},
	{name: "429/write, always", write: always(busy), change: "blocked/throttled"},
	{name: "500/once", look: once(broken), write: once(broken), change: fixed},
	{name: "500/look, always", look: always(broken), change: unavailable, show: unavailable},
	{name: "500/write, always", write: always(broken), change: "blocked/unavailable"},
	{name: "503 QPS/once", look: once(qps), write: once(total), change: fixed},
	{name: "503 QPS/look, always", look: always(qps), change: throttled, show: throttled + "|" + deadline},
	{name: "503 QPS/write, always", write: always(total), change: "blocked/throttled"},
	{name: "503 with Retry-After/once", look: once(later), write: once(later), change: fixed},

	{name: "clock/skewed", look: always(skewed), change: denied, show: denied},
	{name: "token/expired", look: always(expired), change: denied, show: denied},
	{name: "token/expired before the write", write: always(expired), change: "blocked/denied"},
	{name: "token/expired before the read-back", look: after(99, expired), change: denied},
	{name: "token/rotated away", look: always(rotated), change: denied, show: denied},
	{name: "right/to look is missing", look: always(refusal), change: denied, show: denied},
	{name: "right/to write is missing", write: always(refusal), change: "blocked/denied"},

	{name: "region/another one", prepare: moves("cn-beijing"), change: fixed},
	{name: "region/in circles", look: inCircles, change: denied, show: denied},
	{name: "region/of an evil host", look: evil, change: denied, show: denied},
	{name: "region/nonsense", look: always(*wrongRegion("oss-evil.aliyuncs.com")), change: denied, show: denied},
	{name: "region/another one at the write", write: always(*wrongRegion("oss-cn-beijing.aliyuncs.com")), change: "blocked/denied"},

	{name: "bucket/late", prepare: hides(3), change: fixed, show: gone, remove: gone, put: gone},
	{name: "bucket/never there", prepare: vanish, change: "unknown/not_yet", show: gone, remove: gone, put: gone, listed: deadline},
	{name: "bucket/vanishes before the write", write: meanwhile(1, vanish), change: gone},
	{name: "bucket/vanishes before the read-back", look: meanwhile(2, vanish), change: gone},

	{name: "read-back/lags", look: after(4, noRule), change: fixed},
	{name: "read-back/lags for good", look: after(99, noRule), change: unconfirmed, remove: fixed},
	{name: "read-back/bucket unknown again", look: only(2, noBucket), change: gone},
	{name: "another writer/stronger, before the write", write: meanwhile(1, sets(named)), change: fixed},
	{name: "another writer/weaker, before the write", write: meanwhile(1, sets(aes)), change: fixed},
	{name: "another writer/stronger, before the read-back", look: meanwhile(2, sets(named)), change: fixed, remove: unconfirmed},
	{name: "another writer/weaker, before the read-back", look: meanwhile(2, sets(aes)), change: unconfirmed},
	{name: "another writer/removed, before the read-back", look: meanwhile(2, sets(none)), change: unconfirmed, remove: fixed},
	{name: "another writer/stronger, before the second try", write: strongerThenFine, change: fixed, remove: fixed},

	{name: "OSS drops/the data encryption", write: always(drops(localoss.Rule{Algorithm: "KMS"})), change: unconfirmed, remove: fixed},
	{name: "OSS drops/everything", write: always(drops(none)), change: unconfirmed, remove: fixed},
	{name: "OSS has/a rule of tomorrow", look: always(newRule), change: unrecognized, show: unrecognized},
	{name: "OSS has/a rule of tomorrow at the read-back", look: after(99, newRule), change: unrecognized},
	{name: "OSS says/no rule, and 403", look: always(claimed), change: denied, show: denied},
	{name: "not OSS/a page", look: always(page), change: unavailable, show: unavailable},
	{name: "not OSS/a page for the write", write: always(page), change: "blocked/unavailable"},
	{name: "not OSS/nothing", look: always(nothing), change: unrecognized, show: unrecognized},
	{name: "not OSS/a gateway's JSON", look: always(gateway), change: unavailable, show: unavailable},
	{name: "KMS/key disabled", write: always(localoss.Fault{Status: 409, Code: "KeyDisabled"}), change: "blocked/refused"},
}

func hides(n int) func(*cell) { return func(c *cell) { c.oss.AppearAfter(c.bucket, n) } }

func moves(region string) func(*cell) {
	return func(c *cell) { c.oss.PutBucket(localoss.Bucket{Name: c.bucket, Region: region, Rule: c.kind.start}) }
}

// strongerThenFine fails the first write, and somebody uses the time to the next.
func strongerThenFine(c *cell, n int) *localoss.Fault {
	if n > 1 {
		return nil
	}
	c.oss.SetRule(c.bucket, named)
	return &later
}

// evil names an endpoint where nobody must be seen.
func evil(c *cell, _ int) *localoss.Fault { return wrongRegion(c.evil) }
