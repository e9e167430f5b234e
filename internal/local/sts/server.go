package sts

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	localrpc "bucketwarden/internal/local/rpc"
)

// Options configures a [Server]. The zero value is ready to use.
type Options struct {
	localrpc.Options
	// OnIssue receives all credentials before the caller gets them. It may be
	// called from several goroutines.
	OnIssue func(Issued)
}

// Issued are temporary credentials of a role.
type Issued struct {
	// AccessKey signs requests until it expires; its AccountID is the role's.
	localrpc.AccessKey
	// RoleARN is the role that was assumed.
	RoleARN string
}

// Role may be assumed.
type Role struct {
	// ARN names the role: acs:ram::<account>:role/<name>.
	ARN string
	// Trusts are the accounts that may assume it.
	Trusts []string
	// ExternalID must be given by who assumes the role, if it is not empty.
	ExternalID string
	// MaxSession bounds the life of credentials. Default 1 hour.
	MaxSession time.Duration
}

const (
	minSession     = 15 * time.Minute
	defaultSession = time.Hour
)

// Server is the service. It is safe for use by several goroutines.
type Server struct {
	*localrpc.Gateway
	onIssue func(Issued)

	mu    sync.Mutex // guards roles
	roles map[string]Role
}

// New returns a server without roles and access keys.
func New(opts Options) *Server {
	s := &Server{onIssue: opts.OnIssue, roles: map[string]Role{}}
	s.Gateway = localrpc.New(opts.Options, "2015-04-01", map[string]localrpc.Action{
		"AssumeRole":        s.assumeRole,
		"GetCallerIdentity": s.getCallerIdentity,
	})
	return s
}

// PutRole creates the role, or replaces the one with this ARN.
func (s *Server) PutRole(r Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[r.ARN] = r
}

var (
	arnPattern     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^acs:ram::([0-9]+):role/([A-Za-z0-9.@_-]+)$`) })
	sessionPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`) })
)

func (s *Server) assumeRole(c *localrpc.Call) (map[string]any, *localrpc.Failure) {
	arn, session := c.Params.Get("RoleArn"), c.Params.Get("RoleSessionName")
	parts := arnPattern().FindStringSubmatch(arn)
	switch {
	case parts == nil:
		return nil, invalid("RoleArn", "The parameter RoleArn is wrongly formed.")
	case !sessionPattern().MatchString(session):
		return nil, invalid("RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
	}
	s.mu.Lock()
	role, ok := s.roles[arn]
	s.mu.Unlock()
	switch {
	case !ok:
		return nil, &localrpc.Failure{Status: 404, Code: "EntityNotExist.Role", Message: "The specified Role not exists."}
	case !slices.Contains(role.Trusts, c.AccountID), role.ExternalID != "" && role.ExternalID != c.Params.Get("ExternalId"):
		return nil, &localrpc.Failure{Status: 403, Code: "NoPermission", Message: "You are not authorized to do this action. You should be authorized by RAM."}
	}
	life, f := role.life(c.Params.Get("DurationSeconds"))
	if f != nil {
		return nil, f
	}
	return s.issue(role, parts[1], session, c.Now.Add(life)), nil
}

func invalid(parameter, message string) *localrpc.Failure {
	return &localrpc.Failure{Status: 400, Code: "InvalidParameter." + parameter, Message: message}
}

// life is how long credentials are valid.
func (r Role) life(seconds string) (time.Duration, *localrpc.Failure) {
	longest := max(r.MaxSession, minSession)
	if r.MaxSession == 0 {
		longest = defaultSession
	}
	if seconds == "" {
		return min(defaultSession, longest), nil
	}
	n, err := strconv.Atoi(seconds)
	if err != nil || n < int(minSession.Seconds()) || n > int(longest.Seconds()) {
		return 0, invalid("DurationSeconds", fmt.Sprintf("The Min/Max value of DurationSeconds is %s/%s.", minSession, longest))
	}
	return time.Duration(n) * time.Second, nil
}

func (s *Server) issue(r Role, account, session string, expires time.Time) map[string]any {
	issued := Issued{localrpc.AccessKey{
		AccessKeyID:     "STS." + rand.Text(),
		AccessKeySecret: rand.Text(),
		SecurityToken:   rand.Text() + rand.Text(),
		Expires:         expires,
		AccountID:       account,
		Name:            r.name() + "/" + session,
	}, r.ARN}
	s.AddAccessKey(issued.AccessKey)
	if s.onIssue != nil {
		s.onIssue(issued)
	}
	return map[string]any{
		"Credentials": map[string]string{
			"AccessKeyId":     issued.AccessKeyID,
			"AccessKeySecret": issued.AccessKeySecret,
			"SecurityToken":   issued.SecurityToken,
			"Expiration":      expires.UTC().Format("2006-01-02T15:04:05Z"),
		},
		"AssumedRoleUser": map[string]string{
			"Arn":           r.ARN + "/" + session,
			"AssumedRoleId": roleID(account) + ":" + session,
		},
	}
}

// name is what stands behind role/ in the ARN.
func (r Role) name() string { return arnPattern().FindStringSubmatch(r.ARN)[2] }

// roleID is one for all roles of an account.
func roleID(account string) string { return "3" + account[:min(len(account), 15)] }
