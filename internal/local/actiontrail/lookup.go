package actiontrail

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"bucketwarden/internal/local/rpc"
)

// timeForm is the form of the API: UTC, no fractions.
const timeForm = "2006-01-02T15:04:05Z"

// pairs are the keys that may stand together, beside each key alone.
var pairs = map[string][]string{
	"ServiceName":  {"EventName", "User", "PrincipalId", "RoleName", "ResourceName", "EventRW", "SensitiveAction", "EventType"},
	"ResourceName": {"ResourceType", "EventName", "User", "RoleName", "ServiceName"},
	"EventType":    {"EventName"},
}

// keys are those that a query may have.
var keys = []string{
	"ServiceName", "EventName", "User", "EventId", "ResourceType", "ResourceName", "EventRW", "EventAccessKeyId",
	"SensitiveAction", "SourceIpAddress", "EventType", "RoleName", "PrincipalId",
}

type attribute struct{ key, value string }

type query struct {
	attributes []attribute
	from, to   time.Time
	forward    bool
	size       int
	after      int // number of the last event of the page before; 0 for none
	signature  string
}

func (s *Server) lookupEvents(c *rpc.Call) (map[string]any, *rpc.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil && s.refused(c.Key) {
		return nil, &rpc.Failure{Status: http.StatusForbidden, Code: "NoPermission", Message: "You are not authorized to do this action. Resource: * Action: actiontrail:LookupEvents"}
	}
	if !s.admit(c.AccountID, c.Now) {
		return nil, &rpc.Failure{Status: http.StatusBadRequest, Code: "Throttling.User", Message: "Request was denied due to user flow control."}
	}
	q, f := readQuery(c)
	if f != nil {
		return nil, f
	}
	found := s.find(c.AccountID, s.regionOf(c.HTTP), q, c.Now)
	answer := map[string]any{"StartTime": q.from.Format(timeForm), "EndTime": q.to.Format(timeForm)}
	if len(found) > q.size {
		found = found[:q.size]
		answer["NextToken"] = q.token(found[q.size-1].number)
	}
	events := make([]any, len(found))
	for i, e := range found {
		events[i] = e.members
	}
	answer["Events"] = events
	return answer, nil
}

// admit counts the calls of the last second. It needs the lock.
func (s *Server) admit(account string, now time.Time) bool {
	recent := slices.DeleteFunc(s.calls[account], func(t time.Time) bool { return now.Sub(t) >= time.Second })
	ok := s.rate == 0 || len(recent) < s.rate
	if ok {
		recent = append(recent, now)
	}
	s.calls[account] = recent
	return ok
}

// find returns one event more than a page has, if there are more. It needs the lock.
func (s *Server) find(account, region string, q query, now time.Time) []entry {
	var found []entry
	for _, e := range s.records {
		if e.account == account && e.region == region && !e.time.Before(q.from) && !e.time.After(q.to) && now.Sub(e.time) >= s.delay && q.matches(e) {
			found = append(found, e)
		}
	}
	sort.SliceStable(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if !q.forward {
			a, b = b, a
		}
		return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.number, b.number)) < 0
	})
	if i := slices.IndexFunc(found, func(e entry) bool { return e.number == q.after }); i >= 0 {
		found = found[i+1:]
	}
	return found[:min(len(found), q.size+1)]
}

func readQuery(c *rpc.Call) (query, *rpc.Failure) {
	q := query{size: 20, forward: c.Params.Get("Direction") == "FORWARD"}
	var f *rpc.Failure
	if q.attributes, f = attributes(c); f != nil {
		return q, f
	}
	if d := c.Params.Get("Direction"); d != "" && d != "FORWARD" && d != "BACKWARD" {
		return q, refused("InvalidParameterDirection", "Direction is FORWARD or BACKWARD.")
	}
	if text := c.Params.Get("MaxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > PageSize {
			return q, refused("InvalidParameterMaxResults", "MaxResults is 1 to 50.")
		}
		q.size = n
	}
	if f := q.times(c); f != nil {
		return q, f
	}
	q.signature = fingerprint(c)
	if token := c.Params.Get("NextToken"); token != "" {
		if !q.resume(token) {
			return q, refused("InvalidParameterNextToken", "NextToken belongs to another query.")
		}
	}
	return q, nil
}

// times reads the time of the query: both ends or none.
func (q *query) times(c *rpc.Call) *rpc.Failure {
	from, to := c.Params.Get("StartTime"), c.Params.Get("EndTime")
	if from == "" && to == "" {
		q.from, q.to = c.Now.Add(-7*24*time.Hour), c.Now
		return nil
	}
	var err, otherErr error
	q.from, err = time.Parse(timeForm, from)
	q.to, otherErr = time.Parse(timeForm, to)
	switch {
	case err != nil || otherErr != nil || q.to.Before(q.from):
		return refused("InvalidQueryParameter", "StartTime and EndTime are YYYY-MM-DDThh:mm:ssZ, and in this order.")
	case q.to.Sub(q.from) > Kept || c.Now.Sub(q.from) > Kept+time.Minute:
		return refused("InvalidQueryParameter", "The time is at most 90 days, within the last 90 days.")
	}
	return nil
}

// attributes reads LookupAttribute.N: the first two count, of a key that comes twice
// the second.
func attributes(c *rpc.Call) ([]attribute, *rpc.Failure) {
	var all []attribute
	for n := 1; n <= 2; n++ {
		prefix := fmt.Sprintf("LookupAttribute.%d.", n)
		a := attribute{c.Params.Get(prefix + "Key"), c.Params.Get(prefix + "Value")}
		if a.key == "" {
			break
		}
		if !slices.Contains(keys, a.key) {
			return nil, refused("InvalidParameterLookupAttribute", "There is no key "+a.key+".")
		}
		if len(all) == 1 && all[0].key == a.key {
			all = nil
		}
		all = append(all, a)
	}
	if len(all) == 2 && !slices.Contains(pairs[all[0].key], all[1].key) && !slices.Contains(pairs[all[1].key], all[0].key) {
		return nil, refused("InvalidParameterLookupAttribute", "The keys "+all[0].key+" and "+all[1].key+" cannot be combined.")
	}
	return all, nil
}

func (q query) matches(e entry) bool {
	for _, a := range q.attributes {
		if !a.matches(e) {
			return false
		}
	}
	return true
}

// matches compares exactly.
func (a attribute) matches(e entry) bool {
	who, _ := e.members["userIdentity"].(map[string]any)
	name, _ := who["userName"].(string)
	member := func(of map[string]any, name string) string { s, _ := of[name].(string); return s }
	switch a.key {
	case "ResourceName":
		return e.names(a.value)
	case "User":
		return name == a.value
	case "RoleName":
		role, _, _ := strings.Cut(name, ":")
		return who["type"] == "assumed-role" && role == a.value
	case "PrincipalId":
		return member(who, "principalId") == a.value
	case "EventAccessKeyId":
		return member(who, "accessKeyId") == a.value
	case "SensitiveAction":
		return false // none of these calls is one
	}
	names := map[string]string{
		"ServiceName": "serviceName", "EventName": "eventName", "EventId": "eventId", "ResourceType": "resourceType",
		"EventRW": "eventRW", "SourceIpAddress": "sourceIpAddress", "EventType": "eventType",
	}
	return e.text(names[a.key]) == a.value
}

// token names the last event of a page and the query that it belongs to.
func (q query) token(last int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", last, q.signature))
}

func (q *query) resume(token string) bool {
	text, err := base64.StdEncoding.DecodeString(token)
	last, signature, _ := strings.Cut(string(text), " ")
	n, numberErr := strconv.Atoi(last)
	q.after = n
	return err == nil && numberErr == nil && signature == q.signature
}

// fingerprint is of all parameters but NextToken.
func fingerprint(c *rpc.Call) string {
	var parts []string
	for name, values := range c.Params {
		if name != "NextToken" && !signing[name] {
			parts = append(parts, name+"="+strings.Join(values, ","))
		}
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "&")))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// signing are the parameters of a signature of version 1.0, which differ in each call.
var signing = map[string]bool{"Signature": true, "SignatureNonce": true, "Timestamp": true, "AccessKeyId": true, "SecurityToken": true}

func refused(code, message string) *rpc.Failure {
	return &rpc.Failure{Status: http.StatusBadRequest, Code: code, Message: message}
}
