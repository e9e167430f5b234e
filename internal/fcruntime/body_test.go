package fcruntime

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// slowServer serves until cancel, and returns its address and what serve returned.
func slowServer(t *testing.T) (address string, cancel context.CancelFunc, served chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unread" {
			_, _ = io.WriteString(w, "answered")
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, "%d %v", n, err != nil)
	})
	invoke := func(_ context.Context, payload []byte) (json.RawMessage, error) {
		return json.Marshal(string(payload))
	}
	served = make(chan error, 1)
	go func() { served <- serve(ctx, l, web, invoke, slog.New(slog.DiscardHandler)) }()
	return l.Addr().String(), cancel, served
}

// begin sends the headers of a request, and of its body of 10 bytes the first 3.
func begin(t *testing.T, address, path, control string, left time.Duration) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n%s: %s\r\n%s: %d\r\n\r\nabc",
		path, headerControlPath, control, headerDeadline, time.Now().Add(left).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func answerOf(t *testing.T, conn net.Conn) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // a test that hangs helps nobody
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// A body that does not arrive is answered when the invocation's time is over.
func TestABodyEndsWithTheDeadline(t *testing.T) {
	address, cancel, served := slowServer(t)
	event := begin(t, address, "/invoke", "/invoke", time.Second)
	web := begin(t, address, "/events", "/http-invoke", time.Second)
	unread := begin(t, address, "/unread", "/http-invoke", time.Hour)
	if got := answerOf(t, event); !strings.Contains(got, `"errorType":"deadline"`) {
		t.Errorf("the event is answered %s", got)
	}
	if got := answerOf(t, web); got != "3 true" {
		t.Errorf("the request is answered %s", got)
	}
	if got := answerOf(t, unread); got != "answered" {
		t.Errorf("a request whose body is not read is answered %s", got)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// Bodies that do not arrive do not hold up the end of the process, and are answered.
func TestABodyDoesNotHoldUpTheEnd(t *testing.T) {
	address, cancel, served := slowServer(t)
	event := begin(t, address, "/invoke", "/invoke", time.Hour)
	web := begin(t, address, "/events", "/http-invoke", time.Hour)
	time.Sleep(100 * time.Millisecond) // both are being read
	start := time.Now()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(start); took > grace/2 { // far below the time after which all is cancelled
		t.Errorf("the end took %v", took)
	}
	if got := answerOf(t, event); !strings.Contains(got, `"errorType":"deadline"`) {
		t.Errorf("the event is answered %s", got)
	}
	if got := answerOf(t, web); got != "3 true" {
		t.Errorf("the request is answered %s", got)
	}
}

// The time of one request's body is not that of the next request on its connection.
func TestABodysTimeEndsWithIt(t *testing.T) {
	address, cancel, served := slowServer(t)
	conn := begin(t, address, "/invoke", "/invoke", 700*time.Millisecond)
	if _, err := io.WriteString(conn, "defghij"); err != nil {
		t.Fatal(err)
	}
	if got := answerOf(t, conn); got != `"abcdefghij"` {
		t.Errorf("answered %s", got)
	}
	time.Sleep(time.Second) // beyond its deadline
	_, err := fmt.Fprintf(conn, "POST /invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n%s: /invoke\r\n\r\n", headerControlPath)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "next"); err != nil {
		t.Fatal(err)
	}
	if got := answerOf(t, conn); got != `"next"` {
		t.Errorf("the next is answered %s", got)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
