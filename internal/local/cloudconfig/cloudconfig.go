// Package cloudconfig is Alibaba Cloud's Cloud Config, as far as a custom rule on
// Function Compute meets it, in memory: it makes the events of a rule, each with a
// result token, and takes evaluations by PutEvaluations.
//
// The common gateway verifies the signature. PutEvaluations verifies the token, and
// every member of every evaluation. What a wrong or an expired token is answered
// with is this package's own choice: Cloud Config does not publish it.
package cloudconfig

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"bucketwarden/internal/local/rpc"
)

// Version is that of the API.
const Version = "2020-09-07"

// Evaluation is one result that was submitted.
type Evaluation struct {
	AccountID  json.Number `json:"accountId"`
	ResourceID string      `json:"complianceResourceId"`
	Type       string      `json:"complianceResourceType"`
	Region     string      `json:"complianceRegionId"`
	Ordering   json.Number `json:"orderingTimestamp"`
	Compliance string      `json:"complianceType"`
	Annotation string      `json:"annotation"`
}

// Server is the service. It is safe for concurrent use.
type Server struct {
	*rpc.Gateway

	mu      sync.Mutex
	now     func() time.Time
	life    time.Duration // of a token
	tokens  map[string]token
	results map[string]Evaluation // by account and resource
	calls   int
}

type token struct {
	expires time.Time
	scope   string // the resource that it is for; empty for a periodic run
}

// New returns a Cloud Config without results.
func New(o rpc.Options) *Server {
	s := &Server{now: o.Now, life: time.Hour, tokens: map[string]token{}, results: map[string]Evaluation{}}
	if s.now == nil {
		s.now = time.Now
	}
	s.Gateway = rpc.New(o, Version, map[string]rpc.Action{"PutEvaluations": s.putEvaluations})
	return s
}

// Results returns the results of a rule by account and resource, such as
// 1234567890123456/demo-payments.
func (s *Server) Results() map[string]Evaluation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Evaluation{}
	for name, e := range s.results {
		all[name] = e
	}
	return all
}

// Submitted returns how many times evaluations were accepted.
func (s *Server) Submitted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// SetTokenLife says how long the result tokens from now on can be used; an hour if
// it is not called.
func (s *Server) SetTokenLife(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = d
}

// Token returns a new result token; resource is what it is for, empty for a
// periodic run.
func (s *Server) Token(resource string) string {
	var b [27]byte
	rand.Read(b[:])
	text := base64.StdEncoding.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[text] = token{s.now().Add(s.life), resource}
	return text
}

// Change returns the event for a bucket that was changed.
func (s *Server) Change(account, region, bucket string) []byte {
	at := s.now().UnixMilli()
	return marshal(map[string]any{
		"orderingTimestamp": at, "resultToken": s.Token(bucket), "ruleParameters": map[string]any{},
		"invokingEvent": map[string]any{
			"messageType": "ConfigurationItemChangeNotification", "configurationType": "COMMON", "accountId": json.Number(account),
			"configurationItem": map[string]any{
				"accountId": json.Number(account), "regionId": region, "resourceId": bucket, "resourceName": bucket, "resourceType": "ACS::OSS::Bucket",
				"configuration": `{"ServerSideEncryptionRule":{"SSEAlgorithm":"None"}}`, "captureTime": at, "resourceCreationTime": at, "resourceStatus": "", "tags": "",
			},
		},
	})
}

// Periodic returns the event of a periodic run.
func (s *Server) Periodic(account string) []byte {
	return marshal(map[string]any{
		"orderingTimestamp": s.now().UnixMilli(), "resultToken": s.Token(""), "ruleParameters": map[string]any{},
		"invokingEvent": map[string]any{
			"messageType": "ScheduledNotification", "configurationType": "NONE", "accountId": json.Number(account), "configurationItem": map[string]any{},
		},
	})
}

func (s *Server) putEvaluations(c *rpc.Call) (map[string]any, *rpc.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.tokens[c.Params.Get("ResultToken")]
	switch {
	case c.Params.Get("ResultToken") == "":
		return nil, failed("MissingParameter", "ResultToken is mandatory for this action.")
	case !known:
		return nil, failed("InvalidResultToken", "The specified ResultToken is not valid: "+c.Params.Get("ResultToken"))
	case !c.Now.Before(t.expires):
		return nil, failed("ResultTokenExpired", "The specified ResultToken is expired.")
	case c.HTTP.URL.RawQuery != "":
		return nil, failed("InvalidParameter", "The parameters are sent in the body.")
	}
	evaluations, f := read(c.Params.Get("Evaluations"), t)
	if f != nil {
		return nil, f
	}
	s.calls++
	if c.Params.Get("DeleteMode") == "true" {
		if t.scope != "" {
			return nil, failed("InvalidParameter", "DeleteMode is for periodic runs.")
		}
		clear(s.results)
	}
	for _, e := range evaluations {
		name := e.AccountID.String() + "/" + e.ResourceID
		if old, ok := s.results[name]; !ok || number(old.Ordering) <= number(e.Ordering) {
			s.results[name] = e
		}
	}
	return map[string]any{"Result": true}, nil
}

// read verifies every member.
func read(text string, t token) ([]Evaluation, *rpc.Failure) {
	var list []Evaluation
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil, failed("InvalidParameter", "Evaluations is not a list.")
	}
	types := []string{"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "IGNORED", "INSUFFICIENT_DATA"}
	for i, e := range list {
		problem := ""
		switch {
		case number(e.AccountID) == 0:
			problem = "accountId"
		case e.ResourceID == "" || t.scope != "" && e.ResourceID != t.scope:
			problem = "complianceResourceId"
		case e.Type != "ACS::OSS::Bucket":
			problem = "complianceResourceType"
		case e.Region == "":
			problem = "complianceRegionId"
		case number(e.Ordering) == 0:
			problem = "orderingTimestamp"
		case !slices.Contains(types, e.Compliance):
			problem = "complianceType"
		case len(e.Annotation) > 256:
			problem = "annotation"
		}
		if problem != "" {
			return nil, failed("InvalidParameter", fmt.Sprintf("Evaluations[%d].%s is not valid.", i, problem))
		}
	}
	return list, nil
}

func number(n json.Number) int64 {
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil {
		return 0
	}
	return i
}

func failed(code, message string) *rpc.Failure {
	return &rpc.Failure{Status: 400, Code: code, Message: message}
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("cloudconfig: " + err.Error()) // impossible: maps, strings and numbers
	}
	return b
}
