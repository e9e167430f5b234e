package creds

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// source wraps a provider of credentials-go. err is that of building it, whose
// text names settings only, but may be long.
func (o Options) source(name, region string, p providers.CredentialsProvider, err error) (*Source, error) {
	if err != nil {
		return nil, problem("", "%s cannot be used: %s", name, safe(err))
	}
	// credentials-go's providers have no lock of their own.
	var mu sync.Mutex
	return &Source{Name: name, Region: region, get: func() (Key, error) {
		mu.Lock()
		defer mu.Unlock()
		return keyFrom(name, p)
	}}, nil
}

// keyFrom asks the provider. Its errors hold whole answers and whole files, so
// only what is known to be harmless is taken from them.
func keyFrom(name string, p providers.CredentialsProvider) (k Key, err error) {
	defer func() {
		if recover() != nil { // credentials-go's, at an answer without Expiration
			k, err = Key{}, problem("", "%s gives no credentials: the answer is not understood", name)
		}
	}()
	found, err := p.GetCredentials()
	if err != nil {
		return Key{}, problem("", "%s gives no credentials: %s", name, safe(err))
	}
	k = Key{found.AccessKeyId, found.AccessKeySecret, found.SecurityToken}
	if k.ID == "" || k.Secret == "" {
		return Key{}, problem("", "%s gives an empty key", name)
	}
	return k, nil
}

// safe says why a provider failed without what it read or was answered.
func safe(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problem
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		u, parseErr := url.Parse(e.URL)
		if parseErr != nil {
			return "it cannot be reached"
		}
		return u.Host + " cannot be reached" + reasonOf(e)
	}
	var answer struct{ Code, RequestID string }
	if at := strings.IndexByte(err.Error(), '{'); at >= 0 && json.Unmarshal([]byte(err.Error()[at:]), &answer) == nil && isWord(answer.Code) {
		said := "STS answers " + answer.Code
		if isWord(answer.RequestID) {
			said += " (request " + answer.RequestID + ")"
		}
		return said
	}
	for _, known := range harmless {
		if strings.Contains(err.Error(), known) {
			return known
		}
	}
	for _, end := range networkEnds {
		if strings.HasSuffix(err.Error(), end) { // what stands before may hold anything
			return "it cannot be reached (" + strings.TrimPrefix(end, ": ") + ")"
		}
	}
	if strings.HasPrefix(err.Error(), "get role name failed: ") && strings.HasSuffix(err.Error(), " 404") {
		return "the instance has no role"
	}
	return "it failed, and what it answered may hold secrets, so it is not shown"
}

// networkEnds are the ends of Go's errors where there is no answer. credentials-go puts
// them into a text of its own.
var networkEnds = []string{
	": i/o timeout", ": connection refused", ": no route to host", ": network is unreachable", ": no such host", ": host is down",
	"(Client.Timeout exceeded while awaiting headers)", ": context deadline exceeded",
}

// harmless are the texts of credentials-go that hold nothing else.
var harmless = []string{
	"please re-login with cli",
	"the RoleArn is empty",
	"the OIDCTokenFilePath is empty",
	"the OIDCProviderARN is empty",
	"session duration should be in the range of",
	"the access key id is empty",
	"the access key secret is empty",
	"the security token is empty",
	"IMDS credentials is disabled",
	"no such file or directory",
}

func reasonOf(e *url.Error) string {
	switch {
	case e.Timeout():
		return " in time"
	case strings.Contains(e.Err.Error(), "x509:"):
		return ": its certificate is not trusted (SSL_CERT_FILE names others)"
	case strings.Contains(e.Err.Error(), "connection refused"):
		return ": connection refused"
	case strings.Contains(e.Err.Error(), "no such host"):
		return ": no such host"
	}
	return ""
}

// isWord reports whether s is a code or an ID and no more.
func isWord(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}
