package alicloud_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	localoss "bucketwarden/internal/local/oss"
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// network is the way to OSS, which may be closed.
type network struct{ *world }

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	dice := n.dice(r.Header.Get("Authorization"), r.Method, r.URL.String())
	refused := !n.calm && dice.IntN(400) < n.trouble
	n.mu.Unlock()
	if refused {
		select { // no two in one instant
		case <-time.After(time.Duration(dice.Int64N(int64(time.Millisecond)))):
		case <-r.Context().Done():
		}
		return nil, errRefused
	}
	if strings.HasPrefix(r.URL.Host, "kms.") {
		return n.describeKey(r)
	}
	return wire{n.oss}.RoundTrip(r)
}

// fault is what becomes of one call: it takes its time, and goes wrong as often
// as this world has trouble.
func (w *world) fault(r localoss.Request) *localoss.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	dice := w.dice(r.AccessKeyID, r.Bucket, r.Operation)
	f := localoss.Fault{Delay: time.Millisecond + time.Duration(dice.Int64N(int64(50*time.Millisecond)))}
	if !w.calm && dice.IntN(100) < w.trouble {
		w.spoil(&f, r, dice)
	}
	return w.ledger.Attempt(r, &f)
}

func (w *world) spoil(f *localoss.Fault, r localoss.Request, dice *rand.Rand) {
	f.After = dice.IntN(100) < 40
	switch dice.IntN(14) {
	case 0, 1:
		f.Reset = true
	case 2, 3:
		f.Truncate = true
	case 4:
		f.Status, f.Code = 500, "InternalError"
	case 5:
		f.Code = anyOf(dice, "ServiceUnavailable", "MetaOperationQpsLimitExceeded", "TotalQpsLimitExceeded")
	case 6:
		f.Status, f.Code = 429, "TooManyRequests"
	case 7:
		f.Delay += time.Duration(dice.Int64N(int64(30 * time.Second)))
	case 8:
		f.Code = anyOf(dice, "AccessDenied", "SecurityTokenExpired", "InvalidAccessKeyId", "RequestTimeTooSkewed")
	case 9:
		f.Body = []byte(anyOf(dice, "", "<html>", "<ServerSideEncryptionRule/>", wrongRegion("cn-hangzhou"), wrongRegion("cn-beijing"), wrongRegion("evil")))
		f.Status = anyOf(dice, 200, 403, 404)
	case 10:
		if w.lag > 0 {
			return // an old look would show a rule that was stronger, and nobody could know
		}
		f.Keep = func(k localoss.Rule) localoss.Rule { return localoss.Rule{Algorithm: k.Algorithm} }
	case 11:
		f.Body = []byte(`<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES512</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>`)
	default: // somebody is in between
		if _, ok := w.oss.Bucket(r.Bucket); ok {
			w.oss.SetRule(r.Bucket, w.anyRule(dice))
			w.unheard[r.Bucket] = true
		}
	}
}

func wrongRegion(region string) string {
	return "<Error><Code>AccessDenied</Code><Message>m</Message><Endpoint>oss-" + region + ".aliyuncs.com</Endpoint></Error>"
}
