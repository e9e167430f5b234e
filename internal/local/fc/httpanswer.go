package fc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// httpAnswer is a go1 function's answer to an HTTP trigger event.
type httpAnswer struct {
	status int
	header http.Header
	body   []byte
}

// wireAnswer is httpAnswer as the function writes it.
type wireAnswer struct {
	StatusCode      *int              `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

// decodeAnswer reads payload and refuses what cannot become a response: no
// JSON object, no final status code, headers or a body that HTTP or base64 do
// not allow.
func decodeAnswer(payload []byte) (httpAnswer, error) {
	var wire wireAnswer
	if err := json.Unmarshal(payload, &wire); err != nil {
		return httpAnswer{}, fmt.Errorf("the function's answer is not an HTTP response: %w", err)
	}
	if wire.StatusCode == nil {
		return httpAnswer{}, errors.New("the function's answer has no statusCode")
	}
	if *wire.StatusCode < 200 || *wire.StatusCode > 599 {
		return httpAnswer{}, fmt.Errorf("the function's answer has statusCode %d", *wire.StatusCode)
	}
	header, err := wire.header()
	if err != nil {
		return httpAnswer{}, err
	}
	body, err := wire.body()
	if err != nil {
		return httpAnswer{}, err
	}
	return httpAnswer{status: *wire.StatusCode, header: header, body: body}, nil
}

func (a wireAnswer) body() ([]byte, error) {
	if !a.IsBase64Encoded {
		return []byte(a.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(a.Body)
	if err != nil {
		return nil, fmt.Errorf("the function's answer has a body that is not base64: %w", err)
	}
	return body, nil
}

// header returns the headers that reach the client.
func (a wireAnswer) header() (http.Header, error) {
	h := http.Header{}
	for name, value := range a.Headers {
		if !isToken(name) || strings.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("the function's answer has the header %q, which HTTP does not allow", name)
		}
		h.Add(name, value)
	}
	dropReserved(h, "Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade")
	if sizeOf(h) > maxHeaders {
		return nil, fmt.Errorf("the function's answer has more than %d bytes of headers", maxHeaders)
	}
	return h, nil
}

func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func isControl(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }

// checkQuery refuses a query that is not well-formed. What the platform makes of one is not
// documented. Here parts of it would be lost, and the function would do something else than
// it was asked for.
func checkQuery(r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return errors.New("the query is not well-formed")
	}
	return nil
}

// serveTrigger is the HTTP trigger of a go1 function.
func (f *Function) serveTrigger(w http.ResponseWriter, r *http.Request) {
	body, err := readEvent(r)
	if err == nil {
		err = checkLimits(r)
	}
	if err == nil {
		err = checkQuery(r)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "InvalidArgument", err.Error())
		return
	}
	k := call{id: newID("1")}
	k.event = marshal(f.cfg.event(r, body, k.id, time.Now()))
	w.Header().Set(headerRequestID, k.id)
	if isAsync(r) {
		f.serveAsync(w, k, r.Header.Get(headerTaskID))
		return
	}
	result, err := f.outcome(r.Context(), k)
	if err != nil {
		writeError(w, http.StatusInternalServerError, "InternalServerError", err.Error())
		return
	}
	result.respond(w)
}

// respond turns the function's answer into the HTTP response. A function that
// failed is a bad gateway, with its error as the body.
func (r Result) respond(w http.ResponseWriter) {
	r.describe(w.Header())
	if r.FunctionError != "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadGateway)
		w.Write(r.Payload)
		return
	}
	a, err := decodeAnswer(r.Payload)
	if err != nil {
		writeError(w, http.StatusBadGateway, "BadResponse", err.Error())
		return
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	w.Write(a.body)
}
