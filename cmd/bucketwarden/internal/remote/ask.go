package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

const (
	// maxPart bounds one answer, in bytes. The function ends a part at 4 MB and a row.
	maxPart = 16 << 20
	// tries is how often a part is asked for, where the failure may pass.
	tries = 3
	// maxPause is how long the function may make the next try wait.
	maxPause = 30 * time.Second
)

// part asks for one part, again where a failure may pass: a report changes nothing.
func (c *collector) part(ctx context.Context, after string) (*part, error) {
	pause := c.pause
	for n := 1; ; n++ {
		p, wait, err := c.once(ctx, after)
		if err == nil || !c.mayPass(err) || n == tries || ctx.Err() != nil {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(max(pause, wait)):
		}
		pause *= 2
	}
}

// once asks for one part. wait is how long the function asks to be left alone.
func (c *collector) once(ctx context.Context, after string) (p *part, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, errors.New("the function gives no answer in "+c.patience.String()))
	defer cancel()
	q := request{method: http.MethodGet, path: "/report", query: url.Values{"format": {"json"}}, header: http.Header{"Accept": {"application/json"}}}
	for name, value := range map[string]string{"prefix": c.asked.Prefix, "region": c.asked.Region, "after": after} {
		if value != "" {
			q.query.Set(name, value)
		}
	}
	got, err := c.to.send(ctx, q)
	if err != nil {
		return nil, 0, failedVia(err)
	}
	defer got.body.Close()
	body, err := io.ReadAll(io.LimitReader(got.body, maxPart+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, 0, context.Cause(ctx)
	case err != nil:
		return nil, 0, &report.Error{Code: ossenc.Unavailable, Detail: "the function's answer breaks off"}
	case got.status != http.StatusOK:
		return nil, retryAfter(got.header), problem(got, body)
	case len(body) > maxPart:
		return nil, 0, &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("the function's answer has more than %d MB, which no report has", maxPart>>20)}
	}
	if p, err = readPart(body); err != nil {
		return nil, 0, &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("the function's answer cannot be used: %w", err)}
	}
	return p, 0, nil
}

// failedVia says what to do about a request without an answer that can be used, with the
// names of the flags of --via.
func failedVia(err error) error {
	e, ok := errors.AsType[*ossenc.Error](err)
	switch {
	case !ok:
		return err
	case e.OSSCode == "FunctionNotFound":
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "--via, --via-region and --via-account say which function; --via-region is the function's own region"}
	case e.Code == ossenc.Denied:
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "the key needs docs/ram/person-http.json, and this machine's clock must be right"}
	}
	return &app.Error{Exit: app.Incomplete, Err: err}
}

// problem is an answer that is not a report. Its text is the function's or the
// platform's.
func problem(got *answer, body []byte) error {
	text := fmt.Sprintf("the function answers %d %s", got.status, http.StatusText(got.status))
	code := ossenc.Unavailable
	var says struct {
		Code   ossenc.Code
		Detail string
	}
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") && json.Unmarshal(body, &says) == nil && says.Detail != "" {
		text += ": " + term.Clean(term.End(says.Detail, 500))
	}
	switch {
	case slices.Contains(ossenc.Codes(), says.Code):
		code = says.Code
	case got.status/100 == 4 && got.status != http.StatusTooManyRequests:
		code = ossenc.Denied
	}
	return &app.Error{Exit: app.Incomplete, Err: &report.Error{Code: code, Detail: text}, Next: advice(got)}
}

// retryAfter is the pause that an answer asks for.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxPause)
}

// mayPass reports whether a failure may be gone a second later. One without a code is of
// the network, or the function was ended; before the first part it is more likely a
// mistake in the address.
func (c *collector) mayPass(err error) bool {
	code := ossenc.Code("")
	if e, ok := errors.AsType[*report.Error](err); ok {
		code = e.Code
	} else if e, ok := errors.AsType[*ossenc.Error](err); ok {
		code = e.Code
	} else if _, ok := errors.AsType[*app.Error](err); !ok && c.first != nil {
		return true
	}
	return code == ossenc.Unavailable || code == ossenc.Throttled || code == ossenc.Deadline
}
