package alicloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
	"bucketwarden/ossenc/internal/flight"
)

const (
	sessionRest = 3 * time.Minute
	stsTimeout  = 15 * time.Second
)

// session is one role that is assumed again whenever less than 3 minutes of it are
// left.
//
// STS is asked in a goroutine of its own, once at a time; callers wait for that as
// long as their context lets them, and what comes too late for one is there for the
// next.
type session struct {
	role       ossenc.Account
	name, host string
	calls      flight.Group[struct{}, ossenc.Credentials] // one at a time, which alone has:
	keys       ossenc.Credentials
	end        time.Time
}

// ShareWithSTS makes what has no transport of ours open its TLS connections as t does:
// the calls of STS, and credentials-go, which sends every call over a clone of
// [http.DefaultTransport]. Call it before the first call.
func ShareWithSTS(t *http.Transport) {
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		d.DialTLSContext = t.DialTLSContext
	}
}

// credentials returns the session's credentials, or the *[Error] why there are
// none.
func (s *session) credentials(ctx context.Context, from ossenc.Credentials) (ossenc.Credentials, error) {
	call, isNew := s.calls.Join(struct{}{}, errNoSession)
	if isNew {
		go func() {
			defer func() { _ = recover() }() // the call has its error
			s.calls.Run(struct{}{}, call, func() (ossenc.Credentials, error) { return s.current(from) }, func(error) bool { return false })
		}()
	}
	got, err := call.Wait(ctx)
	if err != nil {
		return ossenc.Credentials{}, assumeError(ctx, s.role.RoleARN, err)
	}
	return got, nil
}

// current assumes the role with the credentials of the invocation that asks, if need
// be: those that an earlier invocation had may have ended.
func (s *session) current(from ossenc.Credentials) (ossenc.Credentials, error) {
	if time.Until(s.end) > sessionRest {
		return s.keys, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stsTimeout)
	defer cancel()
	r, err := s.request(ctx, from)
	if err != nil {
		return ossenc.Credentials{}, err
	}
	response, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		return ossenc.Credentials{}, err
	}
	defer response.Body.Close()
	body, err := readAtMost(response, maxAnswer+1)
	if err != nil {
		return ossenc.Credentials{}, err
	}
	keys, end, err := readSession(response.StatusCode, body, s.role.ID)
	if err == nil {
		s.keys, s.end = keys, end
	}
	return keys, err
}

// request builds and signs the call of AssumeRole, for an hour: STS's default, and the
// least that a role can have as its maximum. The parameters stand in the query, where the
// vendor's own client of STS puts them; none is a secret.
func (s *session) request(ctx context.Context, from ossenc.Credentials) (*http.Request, error) {
	query := url.Values{"DurationSeconds": {"3600"}, "RoleArn": {s.role.RoleARN}, "RoleSessionName": {s.name}}
	if s.role.ExternalID != "" {
		query.Set("ExternalId", s.role.ExternalID)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+s.host+"/?"+strings.ReplaceAll(query.Encode(), "+", "%20"), nil)
	if err == nil {
		r.Close = true // asked once an hour
		r.Header.Set("User-Agent", "AlibabaCloud "+ossenc.UserAgent)
		r.Header.Set("Accept", "application/json")
		acs3.Sign(r, acs3.Operation{Action: "AssumeRole", Version: "2015-04-01"}, nil, from, time.Now())
	}
	return r, err
}

// errNoSession is an answer that is neither a session nor STS's word why there is
// none.
var errNoSession = errors.New("an answer that is not the service's")

// refusal is an error answer of STS.
type refusal RPCFailure

// Error is never shown: see [assumeError].
func (*refusal) Error() string { return "refused" }

// readSession reads an answer: a whole session with 200, of a role of the account, each
// member once and no error beside it. Half a session cannot act for its account, and
// nothing else may.
func readSession(status int, body []byte, account string) (ossenc.Credentials, time.Time, error) {
	var a struct {
		Code, Message, RequestID string
		AssumedRoleUser          map[string]string
		Credentials              struct{ AccessKeyID, AccessKeySecret, SecurityToken, Expiration string }
	}
	if len(body) > maxAnswer || json.Unmarshal(body, &a) != nil || IsAmbiguous(body) {
		return ossenc.Credentials{}, time.Time{}, errNoSession
	}
	c := a.Credentials
	keys := ossenc.Credentials{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken}
	remember(keys)
	end, err := time.Parse("2006-01-02T15:04:05Z", c.Expiration)
	user := a.AssumedRoleUser["Arn"]
	switch {
	case status >= http.StatusBadRequest && a.Code != "":
		err = &refusal{Op: "AssumeRole", Status: status, Code: a.Code, Message: a.Message, RequestID: a.RequestID}
	case err != nil, status != http.StatusOK, a.Code != "", keys.Empty(), keys.SecurityToken == "",
		user != "" && !strings.HasPrefix(user, "acs:ram::"+account+":"):
		err = errNoSession
	default:
		return keys, end, nil
	}
	return ossenc.Credentials{}, time.Time{}, err
}

// assumeError returns the *[Error] for why there is no session.
func assumeError(ctx context.Context, roleARN string, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		f := RPCFailure(*r) // r is every waiting caller's
		f.Subject = roleARN
		return f.Err(ctx)
	}
	if err == errNoSession {
		err = nil
	}
	return NoAnswer(ctx, "AssumeRole", roleARN, err)
}
