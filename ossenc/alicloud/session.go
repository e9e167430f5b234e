package alicloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/internal/flight"

	"github.com/aliyun/credentials-go/credentials/providers"
)

const sessionSeconds = 3600 // STS's default, and the least that a role can have as its maximum

// session is one role that is assumed again whenever credentials-go finds less
// than 3 minutes of it left.
//
// credentials-go's provider of type ram_role_arn is not safe for concurrent use,
// takes no context and may need 15 seconds. So it runs in a goroutine of its own,
// one at a time; callers wait for that as long as their context lets them, and
// what comes too late for one is there for the next.
type session struct {
	role     ossenc.Account
	build    func() (providers.CredentialsProvider, error)
	provider providers.CredentialsProvider
	source   *source
	calls    flight.Group[struct{}, ossenc.Credentials] // one at a time
}

// errNotWhole is a session without one of its three parts: it cannot act for its
// account, and nothing else may.
var errNotWhole = errors.New("STS answered with a session that has no access key, no secret or no token")

// source hands the credentials of the invocation that asks to credentials-go.
// Those that an earlier invocation had may have ended by the time the role is
// assumed again.
type source struct{ current ossenc.Credentials }

// GetCredentials returns the current credentials.
func (s *source) GetCredentials() (*providers.Credentials, error) {
	return &providers.Credentials{
		AccessKeyId:     s.current.AccessKeyID,
		AccessKeySecret: s.current.AccessKeySecret,
		SecurityToken:   s.current.SecurityToken,
		ProviderName:    s.GetProviderName(),
	}, nil
}

// GetProviderName names for STS where credentials come from.
func (*source) GetProviderName() string { return "invocation" }

// ShareWithSTS makes credentials-go, which takes no transport, open its TLS connections
// as t does: it sends every call over a clone of [http.DefaultTransport]. Call it before
// the first call.
func ShareWithSTS(t *http.Transport) {
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		d.DialTLSContext = t.DialTLSContext
	}
}

func newSession(role ossenc.Account, name, stsHost string) (*session, error) {
	s := &session{role: role, source: &source{}}
	s.build = func() (providers.CredentialsProvider, error) {
		return providers.NewRAMRoleARNCredentialsProviderBuilder().
			WithCredentialsProvider(s.source).
			WithRoleArn(role.RoleARN).
			WithExternalId(role.ExternalID).
			WithRoleSessionName(name).
			WithDurationSeconds(sessionSeconds).
			WithStsEndpoint(stsHost).
			Build()
	}
	var err error
	if s.provider, err = s.build(); err != nil {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Invalid, Message: inUse.Line(err.Error())}
	}
	return s, nil
}

// credentials returns the session's credentials, or the *[Error] why there are
// none.
func (s *session) credentials(ctx context.Context, from ossenc.Credentials) (ossenc.Credentials, error) {
	call, isNew := s.calls.Join(struct{}{}, errors.New("panic in credentials-go")) // at an answer without Expiration
	if isNew {
		go s.assume(call, from)
	}
	got, err := call.Wait(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return ossenc.Credentials{}, NoAnswer(ctx, "AssumeRole", s.role.RoleARN, ctx.Err())
	case err != nil: // as credentials-go returned it: not safe to show
		return ossenc.Credentials{}, assumeError(ctx, s.role.RoleARN, err)
	}
	return got, nil
}

func (s *session) assume(call *flight.Call[ossenc.Credentials], from ossenc.Credentials) {
	defer func() { _ = recover() }() // the call has its error
	s.calls.Run(struct{}{}, call, func() (ossenc.Credentials, error) {
		s.source.current = from
		got, err := s.provider.GetCredentials()
		if err != nil {
			return ossenc.Credentials{}, err
		}
		keys := ossenc.Credentials{AccessKeyID: got.AccessKeyId, AccessKeySecret: got.AccessKeySecret, SecurityToken: got.SecurityToken}
		remember(keys)
		if !keys.Empty() && keys.SecurityToken != "" {
			return keys, nil
		}
		if fresh, err := s.build(); err == nil { // the old one would keep the session for an hour
			s.provider = fresh
		}
		return ossenc.Credentials{}, errNotWhole
	}, func(error) bool { return false })
}

// assumeError reads the errors of credentials-go, which are texts: STS's answer
// behind a fixed beginning. All other texts but the network's are about an answer
// that is not STS's.
func assumeError(ctx context.Context, roleARN string, err error) error {
	if errors.Is(err, errNotWhole) {
		return &ossenc.Error{Op: "AssumeRole", Code: ossenc.Unavailable, Message: roleARN + ": " + errNotWhole.Error()}
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return NoAnswer(ctx, "AssumeRole", roleARN, u)
	}
	body, answered := strings.CutPrefix(err.Error(), "refresh session token failed: ")
	var a struct{ Code, Message, RequestID string }
	if !answered || json.Unmarshal([]byte(body), &a) != nil || a.Code == "" {
		return NoAnswer(ctx, "AssumeRole", roleARN, nil)
	}
	return RPCFailure{Op: "AssumeRole", Subject: roleARN, Code: a.Code, Message: a.Message, RequestID: a.RequestID}.Err(ctx)
}
