package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"

	localfc "bucketwarden/internal/local/fc"
)

// invocations is where fc3 posts every call, whatever the function is called.
const invocations = "/2023-03-30/functions/function/invocations"

// front turns fc3's calls into those of the platform's own address.
type front struct {
	function *localfc.Function
	settings environment
}

// ServeHTTP answers three kinds of call: an invocation, an HTTP trigger's that
// fc3's proxy has wrapped, and one for the function itself in a custom runtime. In
// go1 every other call is fc3 asking whether the container is up.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = &measured{ResponseWriter: w, pid: f.function.PID()}
	switch {
	case r.URL.Path == invocations && r.Header.Get("X-Fc-Event-Type") == "HTTP":
		r = unwrapped(r)
	case r.URL.Path == invocations:
		r.URL.Path = "/2023-03-30/functions/" + f.name() + "/invocations"
	case f.settings.runtime() == localfc.RuntimeGo1:
		fmt.Fprintln(w, "the emulator is ready")
		return
	}
	f.function.Handler().ServeHTTP(w, r)
}

func (f *front) name() string {
	if name := f.settings.env["FC_FUNCTION_NAME"]; name != "" {
		return name
	}
	return "bucketwarden"
}

// unwrapped restores the call that fc3's proxy was sent: its path is in a header,
// and "null" stands for no query.
func unwrapped(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	query := r.URL.RawQuery
	if query == "null" {
		query = ""
	}
	path := r.Header.Get("X-Fc-Http-Path")
	u, err := url.Parse(path)
	if err != nil || u.Path == "" {
		u = &url.URL{Path: "/"}
	}
	r.URL = &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query}
	r.RequestURI = r.URL.RequestURI()
	return r
}

// measured adds the memory that fc3 prints to every answer.
type measured struct {
	http.ResponseWriter
	pid int
}

// WriteHeader adds the header.
func (m *measured) WriteHeader(status int) {
	m.Header().Set("X-Fc-Max-Memory-Usage", strconv.Itoa(peakMB(m.pid)))
	m.ResponseWriter.WriteHeader(status)
}

// Write adds the header if none was written.
func (m *measured) Write(p []byte) (int, error) {
	if m.Header().Get("X-Fc-Max-Memory-Usage") == "" {
		m.WriteHeader(http.StatusOK)
	}
	return m.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (m *measured) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// peakMB is the most memory that the process ever had in use, in MB, or 0 where
// the system does not tell.
func peakMB(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.Atoi(string(fields[0]))
	if err != nil {
		return 0
	}
	return (kb + 1023) / 1024
}
