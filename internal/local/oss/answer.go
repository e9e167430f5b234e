package oss

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"

	"bucketwarden/internal/local/wire"
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
	header     http.Header // further headers, of objects
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
		details = append(details, element{"EC", f.ec}, element{"RecommendDoc", "https://api.aliyun.com/troubleshoot?q=" + f.ec})
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
		panic("oss: " + err.Error()) // impossible: only strings, numbers and slices of them
	}
	return answer{status: http.StatusOK, body: append([]byte(xml.Header), append(body, '\n')...)}
}

// with adds a header to the answer.
func (a answer) with(name, value string) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// bodyless reports whether the status forbids a body.
func (a answer) bodyless() bool {
	return a.status == http.StatusNoContent || a.status == http.StatusNotModified
}

func (s *Server) send(w http.ResponseWriter, c *call, a answer, fault Fault) {
	if fault.Reset {
		wire.Reset(w)
		return
	}
	if a.status == 0 {
		return
	}
	s.writeHeader(w.Header(), c, a)
	if fault.ContentType != "" {
		w.Header().Set("Content-Type", fault.ContentType)
	}
	if !a.bodyless() {
		w.Header().Set("Content-Length", strconv.FormatInt(int64(len(a.body))+fault.Pad, 10))
	}
	if c.http.Method == http.MethodHead {
		headOnly(w, a)
		return
	}
	if fault.Truncate {
		truncate(w, a)
	}
	w.WriteHeader(a.status)
	if !a.bodyless() {
		fault.write(w, c, a.body)
	}
}

// headOnly answers a HEAD: an error's body travels in a header, as the service
// does it.
func headOnly(w http.ResponseWriter, a answer) {
	if a.code != "" {
		w.Header().Set("x-oss-err", base64.StdEncoding.EncodeToString(a.body))
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(a.status)
}

func (s *Server) writeHeader(h http.Header, c *call, a answer) {
	h.Set("Server", "AliyunOSS")
	h.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	h.Set("x-oss-request-id", c.request.RequestID)
	if len(a.body) > 0 {
		h.Set("Content-Type", "application/xml")
	}
	for name, values := range a.header {
		h[name] = values
	}
	for _, e := range []element{
		{"x-oss-ec", a.ec}, {"Allow", a.allow}, {"Location", a.location}, {"Retry-After", a.retryAfter},
	} {
		if e.value != "" {
			h.Set(e.name, e.value)
		}
	}
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
