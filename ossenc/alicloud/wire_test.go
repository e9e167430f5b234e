package alicloud_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"bucketwarden/ossenc/alicloud"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// wire carries requests to a local OSS without a socket, so that the time of a
// synctest bubble rules both sides. It knows the ends that a connection can come
// to: an answer cut off in the middle, and none at all.
type wire struct{ server http.Handler }

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	cut := w.serve(rec, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if cut && rec.Body.Len() == 0 {
		return nil, errReset
	}
	resp := rec.Result()
	resp.Request = r
	if cut {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(rec.Body.Bytes()), errReader{io.ErrUnexpectedEOF}))
	}
	return resp, nil
}

// serve reports whether the server cut the connection.
func (w wire) serve(rec *httptest.ResponseRecorder, r *http.Request) (cut bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			cut = true
		}
	}()
	w.server.ServeHTTP(rec, r)
	return false
}

func TestWire(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  localoss.Fault
		code   ossenc.Code
		stored string
	}{
		"Whole":             {localoss.Fault{}, "", "AES256"},
		"Reset":             {localoss.Fault{Reset: true}, ossenc.Unavailable, ""},
		"ResetAfterTheDeed": {localoss.Fault{Reset: true, After: true}, ossenc.Unavailable, "AES256"},
		"CutOff":            {localoss.Fault{Truncate: true}, ossenc.Unavailable, "AES256"},
	} {
		t.Run(name, func(t *testing.T) {
			server := localoss.New(localoss.Options{})
			server.AddKey(key)
			server.PutBucket(localoss.Bucket{Name: "b-1"})
			server.SetFault(func(localoss.Request) *localoss.Fault { return &tt.fault })
			_, err := alicloud.NewClient(alicloud.Endpoints{}, wire{server}, nil).Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.AES256})
			if got := codeOrNone(err); got != tt.code {
				t.Errorf("%v, want code %q", err, tt.code)
			}
			if b, _ := server.Bucket("b-1"); b.Rule.Algorithm != tt.stored {
				t.Errorf("stored %q, want %q", b.Rule.Algorithm, tt.stored)
			}
		})
	}
}

func codeOrNone(err error) ossenc.Code {
	if err == nil {
		return ""
	}
	return ossenc.CodeOf(err)
}
