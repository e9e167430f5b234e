package wire

import (
	"net"
	"net/url"
	"strings"
)

// HostOnly cuts the port off.
func HostOnly(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return hostport
	}
	return host
}

// Escape is RFC 3986 for everything but the unreserved characters, as Alibaba
// Cloud's signatures want it.
func Escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
