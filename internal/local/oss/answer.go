package oss

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"net"
	"net/http"
	"strconv"
	"time"
)

const timeXML = "2006-01-02T15:04:05.000Z"

// answer is a complete response.
type answer struct {
	status     int
	code       string // of an error
	ec         string
	allow      string
	location   string
	retryAfter string
	body       []byte
}

// failed renders an error for the request it answers.
func (c *call) failed(f *failure) answer {
	details := []element{
		{"Code", f.code},
		{"Message", f.message},
		{"RequestId", c.request.RequestID},
		{"HostId", c.target.host},
	}
	details = append(details, f.details...)
	if f.ec != "" {
		details = append(details, element{"EC", f.ec})
	}
	return answer{status: f.status, code: f.code, ec: f.ec, allow: f.allow, body: errorXML(details)}
}

func errorXML(elements []element) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Error>\n")
	for _, e := range elements {
		b.WriteString("  <" + e.name + ">")
		xml.EscapeText(&b, []byte(e.value)) // a Buffer never fails
		b.WriteString("</" + e.name + ">\n")
	}
	b.WriteString("</Error>\n")
	// The service leaves the line ends of StringToSign as they are.
	return bytes.ReplaceAll(b.Bytes(), []byte("&#xA;"), []byte("\n"))
}

// document renders a successful answer; v is one of this package's XML types.
func document(v any) answer {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("localoss: " + err.Error()) // impossible: only strings and slices of them
	}
	return answer{status: http.StatusOK, body: append([]byte(xml.Header), append(body, '\n')...)}
}

func (s *Server) send(w http.ResponseWriter, c *call, a answer, fault Fault) {
	if fault.Reset {
		reset(w)
		return
	}
	if a.status == 0 {
		return
	}
	s.writeHeader(w.Header(), c, a)
	if fault.ContentType != "" {
		w.Header().Set("Content-Type", fault.ContentType)
	}
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.FormatInt(int64(len(a.body))+fault.Pad, 10))
	}
	if fault.Truncate {
		truncate(w, a)
	}
	w.WriteHeader(a.status)
	if a.status != http.StatusNoContent {
		fault.write(w, c, a.body)
	}
}

func (s *Server) writeHeader(h http.Header, c *call, a answer) {
	h.Set("Server", "AliyunOSS")
	h.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	h.Set("x-oss-request-id", c.request.RequestID)
	if len(a.body) > 0 {
		h.Set("Content-Type", "application/xml")
	}
	for _, e := range []element{
		{"x-oss-ec", a.ec}, {"Allow", a.allow}, {"Location", a.location}, {"Retry-After", a.retryAfter},
	} {
		if e.value != "" {
			h.Set(e.name, e.value)
		}
	}
}

// reset closes the connection so that the caller sees a reset, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the next best thing
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // no close_notify
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// truncate announces the whole body, sends half of it and closes. An answer
// without a body is cut before its status line.
func truncate(w http.ResponseWriter, a answer) {
	if half := a.body[:len(a.body)/2]; len(half) > 0 {
		w.WriteHeader(a.status)
		w.Write(half)
		http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler)
}

// pause waits and reports whether the caller is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
