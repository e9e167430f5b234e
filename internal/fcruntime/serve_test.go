package fcruntime

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	tests := []struct {
		name string
		end  func(cancel context.CancelFunc, url string) error
	}{
		{"ends with its context", func(cancel context.CancelFunc, _ string) error { cancel(); return nil }},
		{"ends after the pre-stop hook", func(_ context.CancelFunc, url string) error { return platformCall("GET", url, "/pre-stop", "", "") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			entered, leave := make(chan struct{}), make(chan struct{})
			invoke := func(context.Context, []byte) (json.RawMessage, error) {
				close(entered)
				<-leave
				return json.RawMessage(`"done"`), nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			url := "http://" + l.Addr().String()
			served, answered, ended := make(chan error, 1), make(chan error, 1), make(chan error, 1)
			go func() { served <- serve(ctx, l, nil, invoke, slog.New(slog.DiscardHandler)) }()
			go func() { answered <- platformCall("POST", url, "/invoke", "event", `"done"`) }()
			<-entered
			go func() { ended <- test.end(cancel, url) }()
			select {
			case err := <-served:
				t.Fatalf("it ended while an invocation ran: %v", err)
			case <-time.After(20 * time.Millisecond):
			}
			close(leave)
			for what, err := range map[string]error{"the invocation": <-answered, "the end": <-ended, "the server": <-served} {
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

func platformCall(method, url, path, body, want string) error {
	req, err := http.NewRequest(method, url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set(headerControlPath, path)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(got) != want) {
		err = errors.New(cmp.Or(string(got), resp.Status))
	}
	return err
}
