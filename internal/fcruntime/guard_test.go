package fcruntime

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const apiHost = "runtime.example"

// roundTripper is the network of a guard under test.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answers returns a network that gives each answer once and then the last one
// for ever: a status, or 0 for a broken connection.
func answers(statuses ...int) (roundTripper, *[]string) {
	var bodies []string
	return func(r *http.Request) (*http.Response, error) {
		status := statuses[min(len(bodies), len(statuses)-1)]
		body := ""
		if r.Body != nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body = string(b)
		}
		bodies = append(bodies, body)
		if status == 0 {
			return nil, errors.New("connection refused")
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("event"))}, nil
	}, &bodies
}

func guardOver(ctx context.Context, network http.RoundTripper, log io.Writer) (*guard, *[]int) {
	logger := slog.New(slog.NewTextHandler(log, nil))
	var exits []int
	g := newGuard(apiHost, newDrainer(ctx, logger), logger)
	g.api = network
	g.exit = func(code int) { exits = append(exits, code) }
	return g, &exits
}

func request(ctx context.Context, method, path, body string) *http.Request {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+apiHost+"/2020-11-11/runtime/invocation/"+path, bytes.NewBufferString(body))
	if err != nil {
		panic(err)
	}
	return req
}

func poll(ctx context.Context, g *guard) (*http.Response, error) {
	return g.RoundTrip(request(ctx, http.MethodGet, "next", ""))
}

// A dead Runtime API costs 16 polls in 10 seconds and not 16 in a millisecond.
func TestFailedPollsAreSlowedDownAndEndTheProcess(t *testing.T) {
	for _, status := range []int{0, http.StatusInternalServerError} {
		synctest.Test(t, func(t *testing.T) {
			network, polls := answers(status)
			var log bytes.Buffer
			g, exits := guardOver(t.Context(), network, &log)
			start := time.Now()
			var elapsed time.Duration
			exit := g.exit
			g.exit = func(code int) { elapsed = time.Since(start).Round(time.Second); exit(code) }
			for len(*exits) == 0 {
				resp, err := poll(t.Context(), g)
				if status == 0 && err == nil || status != 0 && resp.StatusCode != status {
					t.Fatalf("the failure was hidden: %v, %v", resp, err)
				}
			}
			if len(*polls) != maxFailures || elapsed != 10*time.Second || !slices.Equal(*exits, []int{1}) {
				t.Errorf("%d polls in %v, exits %v; want 16 in 10s, one exit with 1", len(*polls), elapsed, *exits)
			}
			if got := strings.Count(log.String(), "\n"); got != 1 {
				t.Errorf("%d lines in the log, want 1:\n%s", got, &log)
			}
		})
	}
}

func TestOneGoodPollForgetsTheFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, _ := answers(500, 0, 500, 200)
		g, exits := guardOver(t.Context(), network, io.Discard)
		for range 4 {
			resp, err := poll(t.Context(), g)
			if err == nil && resp.StatusCode == http.StatusOK {
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		if g.failures != 0 || g.drainer.count() != 1 || len(*exits) != 0 {
			t.Errorf("%d failures, %d running, exits %v; want 0, 1, none", g.failures, g.drainer.count(), *exits)
		}
	})
}

// An invocation that breaks off on its way must not count as one that runs.
func TestPollThatBreaksOffIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := roundTripper(func(*http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader("half an ev"), iotestErrReader{})
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
		})
		g, _ := guardOver(t.Context(), broken, io.Discard)
		for n := 1; n <= 2; n++ { // a beginning is no success: the failures add up
			resp, err := poll(t.Context(), g)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want unexpected EOF", err)
			}
			if g.failures != n || g.drainer.count() != 0 || time.Since(start) != pollPause(n) {
				t.Errorf("%d failures, %d running, a pause of %v; want %d, 0, %v", g.failures, g.drainer.count(), time.Since(start), n, pollPause(n))
			}
		}
	})
}

type iotestErrReader struct{}

func (iotestErrReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnswerIsSentAgain(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int
		sent     int
		took     time.Duration
		status   int // 0 for an error
	}{
		{"not when it is taken", []int{200}, 1, 0, 200},
		{"after one broken connection", []int{0, 200}, 2, 50 * time.Millisecond, 200},
		{"after a 500 and a 503", []int{500, 503, 200}, 3, 250 * time.Millisecond, 200},
		{"three times at most", []int{500}, 4, 1050 * time.Millisecond, 500},
		{"three times over broken connections", []int{0}, 4, 1050 * time.Millisecond, 0},
		{"not when nobody waits for it", []int{404}, 1, 0, 404},
		{"not when it is too large", []int{413}, 1, 0, 413},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, bodies := answers(test.statuses...)
				g, _ := guardOver(t.Context(), network, io.Discard)
				g.drainer.add(1)
				start := time.Now()
				resp, err := g.RoundTrip(request(t.Context(), http.MethodPost, "1-a/response", `{"results":[]}`))
				status := 0
				if err == nil {
					status = resp.StatusCode
				}
				if status != test.status || time.Since(start) != test.took {
					t.Errorf("ended with %d after %v, want %d after %v", status, time.Since(start), test.status, test.took)
				}
				if want := slices.Repeat([]string{`{"results":[]}`}, test.sent); !slices.Equal(*bodies, want) {
					t.Errorf("sent %q, want %q", *bodies, want)
				}
				if n := g.drainer.count(); n != 0 {
					t.Errorf("%d still count as running, want 0", n)
				}
			})
		})
	}
}

func TestNoPollAfterTheEndHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, polls := answers(200)
		g, _ := guardOver(t.Context(), network, io.Discard)
		g.drainer.begin()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := poll(ctx, g); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the poll ended with %v, want it to wait for ever", err)
		}
		if len(*polls) != 0 {
			t.Errorf("%d polls reached the Runtime API, want none", len(*polls))
		}
	})
}

// The transport is one that other packages use, too, and clone.
func TestInstalledGuardSeesTheRuntimeAPIOnly(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer other.Close()
	network, seen := answers(http.StatusOK)
	g, _ := guardOver(t.Context(), network, io.Discard)
	transport := &http.Transport{}
	g.install(transport)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for _, c := range []*http.Client{client, {Transport: transport.Clone()}} {
		resp, err := c.Post(other.URL+"/runtime/invocation/next", "text/plain", strings.NewReader("as it is"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || string(got) != "as it is" {
			t.Errorf("another host answered %q, %v", got, err)
		}
	}
	resp, err := client.Do(request(t.Context(), http.MethodGet, "next", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(*seen) != 1 || g.drainer.count() != 1 {
		t.Errorf("the guard saw %d requests and counts %d as running, want 1 and 1", len(*seen), g.drainer.count())
	}
}
