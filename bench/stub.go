package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"bucketwarden/internal/local/stack"
)

// stub is an account whose buckets all have a rule, in the least code that keeps
// to the protocol: it shares the cores with the sweep, whose speed is measured
// against a latency and not against the work of a stand-in.
type stub struct {
	net.Listener
	buckets int
	latency time.Duration
	conns   atomic.Int64 // opened so far
	calls   atomic.Int64 // answered so far
	// tls, if not nil, is spoken on every connection.
	tls     *tls.Config
	resumed atomic.Int64 // connections that resumed a session
	waited  atomic.Int64 // ns, for all of them: timers are late on a busy machine
}

// realLatency is what the latency was on average so far.
func (s *stub) realLatency() time.Duration {
	return time.Duration(s.waited.Load() / max(1, s.calls.Load()))
}

func newStub(ctx context.Context, buckets int, latency time.Duration) (*stub, error) {
	s := &stub{buckets: buckets, latency: latency}
	return s, s.listen(ctx, "127.0.0.1:0")
}

func (s *stub) listen(ctx context.Context, addr string) (err error) {
	var lc net.ListenConfig
	if s.Listener, err = lc.Listen(ctx, "tcp", addr); err != nil {
		return err
	}
	go s.accept()
	return nil
}

// accept ends when the stub is closed.
func (s *stub) accept() {
	for {
		conn, err := s.Accept()
		if err != nil {
			return
		}
		s.conns.Add(1)
		go func() {
			defer func() { _ = conn.Close() }()
			conn, err := s.secure(conn)
			if err == nil {
				_ = s.serve(conn) // ends when the client closes
			}
		}()
	}
}

// secure makes the handshake, if there is one.
func (s *stub) secure(conn net.Conn) (net.Conn, error) {
	if s.tls == nil {
		return conn, nil
	}
	over := tls.Server(conn, s.tls)
	if err := over.Handshake(); err != nil {
		return nil, err
	}
	if over.ConnectionState().DidResume {
		s.resumed.Add(1)
	}
	return over, nil
}

func (s *stub) serve(conn net.Conn) error {
	r := bufio.NewReaderSize(conn, 2048)
	for {
		target, err := readRequest(r)
		if err != nil {
			return err
		}
		begun := time.Now()
		time.Sleep(s.latency)
		s.waited.Add(int64(time.Since(begun)))
		s.calls.Add(1)
		body := encryptionXML
		if !strings.Contains(target, "?encryption") {
			body = s.list(target)
		}
		if _, err := conn.Write([]byte(headOf(len(body)) + body)); err != nil {
			return err
		}
	}
}

// readRequest reads a request without a body and returns what it is for.
func readRequest(r *bufio.Reader) (target string, err error) {
	for n := 0; ; n++ {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return "", err
		case n == 0:
			method, rest, _ := strings.Cut(string(line), " ")
			if method != "GET" {
				return "", errors.New("the stub is for reading only")
			}
			target, _, _ = strings.Cut(rest, " ")
		case len(line) == 2: // the empty line
			return target, nil
		}
	}
}

func headOf(length int) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nX-Oss-Request-Id: 5F0000000000000000000001\r\nContent-Length: %d\r\n\r\n", length)
}

const encryptionXML = `<?xml version="1.0" encoding="UTF-8"?><ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>` +
	`<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>`

// list is the page of the account's list behind the marker in target.
func (s *stub) list(target string) string {
	page := 100
	first := 0
	if u, err := url.Parse(target); err == nil {
		_, _ = fmt.Sscan(u.Query().Get("max-keys"), &page) // as OSS: 100 if it is not there
		if _, err := fmt.Sscanf(u.Query().Get("marker"), bucketFormat, &first); err == nil {
			first++
		}
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult>`)
	last := min(first+page, s.buckets)
	if last < s.buckets {
		fmt.Fprintf(&b, "<MaxKeys>%d</MaxKeys><IsTruncated>true</IsTruncated><NextMarker>%s</NextMarker>", page, bucketName(last-1))
	}
	b.WriteString("<Buckets>")
	for i := first; i < last; i++ {
		fmt.Fprintf(&b, "<Bucket><CreationDate>2026-01-01T00:00:00.000Z</CreationDate><ExtranetEndpoint>oss-%[1]s.aliyuncs.com</ExtranetEndpoint>"+
			"<IntranetEndpoint>oss-%[1]s-internal.aliyuncs.com</IntranetEndpoint><Location>oss-%[1]s</Location><Name>%[2]s</Name>"+
			"<Region>%[1]s</Region><StorageClass>Standard</StorageClass></Bucket>", stack.Region, bucketName(i))
	}
	b.WriteString("</Buckets></ListAllMyBucketsResult>")
	return b.String()
}
