package tlsdial

import (
	"crypto/tls"
	"strings"
	"sync"
)

// maxGroups bounds the sessions that are kept: one for each group of hosts. It is
// above the number of OSS's regions.
const maxGroups = 64

// sessions keeps one session for each group of hosts. Whether a session may be used
// for a host is not decided here: crypto/tls holds the certificate that it began with
// against the new host's name, its time and the roots, and makes a full handshake
// where it does not fit; so does the server.
type sessions struct {
	once sync.Once
	lru  tls.ClientSessionCache
}

func (s *sessions) cache() tls.ClientSessionCache {
	s.once.Do(func() { s.lru = tls.NewLRUClientSessionCache(maxGroups) })
	return s.lru
}

// Get implements [tls.ClientSessionCache].
func (s *sessions) Get(host string) (*tls.ClientSessionState, bool) {
	return s.cache().Get(Endpoint(host))
}

// Put implements [tls.ClientSessionCache].
func (s *sessions) Put(host string, state *tls.ClientSessionState) {
	s.cache().Put(Endpoint(host), state)
}

// Endpoint returns the OSS endpoint that host belongs to: BUCKET.oss-REGION.aliyuncs.com
// belongs to oss-REGION.aliyuncs.com, and to another one than
// BUCKET.oss-REGION-internal.aliyuncs.com. An endpoint of a private cloud has a label
// oss, too. Every other host stands for itself.
func Endpoint(host string) string {
	for at := len(host); at > 0; {
		at = strings.LastIndexByte(host[:at], '.')
		label, _, _ := strings.Cut(host[at+1:], ".")
		if label == "oss" || strings.HasPrefix(label, "oss-") {
			return host[at+1:]
		}
	}
	return host
}
