package fcruntime

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"bucketwarden/ossenc"
)

// The platform's headers, the same in both runtimes.
const (
	headerDeadline    = "X-Fc-Function-Deadline" // epoch, ms
	headerTimeout     = "X-Fc-Function-Timeout"  // s
	headerRetryCount  = "X-Fc-Retry-Count"
	headerBaggage     = "X-Fc-Tracing-Opentracing-Span-Baggages"
	headerRequestID   = "X-Fc-Request-Id"
	headerControlPath = "X-Fc-Control-Path"
	headerKeyID       = "X-Fc-Access-Key-Id"
	headerKeySecret   = "X-Fc-Access-Key-Secret"
	headerToken       = "X-Fc-Security-Token"
	headerStatus      = "X-Fc-Status"
)

// defaultTimeout is assumed where the platform names none, in seconds.
const defaultTimeout = 60

// deadlineIn returns when the platform stops waiting for the answer.
func deadlineIn(h http.Header, now time.Time) time.Time {
	if ms, err := strconv.ParseInt(h.Get(headerDeadline), 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms)
	}
	return now.Add(time.Duration(timeoutIn(h)) * time.Second)
}

func timeoutIn(h http.Header) int {
	if s, err := strconv.Atoi(h.Get(headerTimeout)); err == nil && s > 0 {
		return s
	}
	return defaultTimeout
}

// mend repairs the headers that the SDK parses. One that it cannot parse makes
// it drop the invocation without a word, and the caller waits for its time-out.
func mend(h http.Header, now time.Time) {
	h.Set(headerDeadline, strconv.FormatInt(deadlineIn(h, now).UnixMilli(), 10))
	h.Set(headerTimeout, strconv.Itoa(timeoutIn(h)))
	if _, err := strconv.Atoi(h.Get(headerRetryCount)); err != nil {
		h.Del(headerRetryCount)
	}
	if !isBaggage(h.Get(headerBaggage)) {
		h.Del(headerBaggage)
	}
}

func isBaggage(s string) bool {
	if s == "" { // nearly always
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	return err == nil && json.Unmarshal(raw, &map[string]string{}) == nil
}

// takeIdentity returns a context with the identity in h, and removes the keys
// from h: what is behind it does not need them.
func takeIdentity(ctx context.Context, h http.Header) context.Context {
	defer func() {
		for _, name := range []string{headerKeyID, headerKeySecret, headerToken} {
			h.Del(name)
		}
	}()
	return ossenc.WithIdentity(ctx, ossenc.Identity{
		Credentials: ossenc.Credentials{
			AccessKeyID:     h.Get(headerKeyID),
			AccessKeySecret: h.Get(headerKeySecret),
			SecurityToken:   h.Get(headerToken),
		},
		Region:    h.Get("X-Fc-Region"),
		AccountID: h.Get("X-Fc-Account-Id"),
	})
}
