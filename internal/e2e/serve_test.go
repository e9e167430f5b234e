package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/local/wire"
)

// served runs what `bucketwarden local` runs, on free ports.
func served(t *testing.T, out io.Writer, secure bool) *stack.Served {
	t.Helper()
	s, err := stack.Serve(context.WithoutCancel(t.Context()), stack.Options{Binary: binary, TLS: secure, Log: io.Discard}, stack.Addresses{}, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

func ask(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// A person at the console: each change is one line, and its answer says what the
// function did.
func TestServe(t *testing.T) {
	var out lockedBuffer
	s := served(t, &out, false)
	console := "http://" + s.At.Console
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"PUT", "/my-bucket?region=cn-beijing", 201, "the function: fixed  none → AES256"},
		{"PUT", "/my-bucket?region=cn-hangzhou", 409, "exists already, in cn-beijing with the rule AES256"},
		{"DELETE", "/my-bucket/encryption", 200, "the function: fixed  none → AES256"},
		{"PUT", "/my-bucket/encryption?algorithm=KMS&key=key-1", 200, "the function: compliant  KMS(key-1)"},
		{"DELETE", "/my-bucket", 200, "deleted my-bucket"},
	} {
		if status, body := ask(t, c.method, console+c.path); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, body, c.status, c.says)
		}
	}
	for url, says := range map[string]string{
		s.OSSURL + "/": "This is the local OSS", "http://" + s.At.Function + "/": "This is the local Function Compute", console + "/": "demo-bucket-a",
	} {
		if status, body := ask(t, "GET", url); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s, want %s", url, status, body, says)
		}
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		words := strings.Fields(line)
		lines = append(lines, strings.Join(words[1:min(7, len(words))], " "))
	}
	want := []string{
		"my-bucket cn-beijing bucket created (console) fixed",
		"my-bucket cn-beijing rule removed (console) fixed",
		"my-bucket cn-beijing rule set (console) compliant",
	}
	if len(lines) != 4 || !slices.Equal(lines[:3], want) || lines[3] != "my-bucket cn-beijing bucket deleted (console)" {
		t.Errorf("printed\n%s", out.String())
	}
}

// With TLS the function trusts the authority of this run, as clients do that are
// given its file.
func TestServeOverTLS(t *testing.T) {
	s := served(t, io.Discard, true)
	if !strings.HasPrefix(s.OSSURL, "https://127.0.0.1:") {
		t.Errorf("OSS is at %s", s.OSSURL)
	}
	if status, body := ask(t, "PUT", "http://"+s.At.Console+"/my-bucket"); status != 201 || !strings.Contains(body, "the function: fixed") {
		t.Errorf("%d %s", status, body)
	}
	var guide bytes.Buffer
	s.Guide(&guide)
	if !strings.Contains(guide.String(), "Clients trust "+s.CAFile) || !strings.Contains(guide.String(), "https://"+s.At.OSS) {
		t.Errorf("the guide is\n%s", guide.String())
	}
}

// An address that is taken is reported before anything starts, with the flag.
func TestServeExplainsATakenPort(t *testing.T) {
	taken, err := wire.Listen(t.Context(), "", http.NotFoundHandler(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for flag, at := range map[string]stack.Addresses{
		"--function-address": {Function: taken.Addr}, "--oss-address": {OSS: taken.Addr}, "--console-address": {Console: taken.Addr},
	} {
		_, err := stack.Serve(t.Context(), stack.Options{Binary: binary}, at, io.Discard)
		want := "another program listens at " + taken.Addr + " already; choose another address with " + flag + " 127.0.0.1:PORT"
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// These ports take changes of rules without a key, so no other machine may reach them.
func TestServeListensOnThisMachineOnly(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:0": "not an address of this machine alone", ":9001": "not an address of this machine alone", "[::]:0": "not an address of this machine alone",
		"192.0.2.1:9001": "not an address of this machine alone", "example.com:80": "not an address of this machine alone", "9001": `"9001" is not host:port`,
	} {
		for flag, at := range map[string]stack.Addresses{
			"--function-address": {Function: addr}, "--oss-address": {OSS: addr}, "--console-address": {Console: addr},
		} {
			_, err := stack.Serve(t.Context(), stack.Options{Binary: binary}, at, io.Discard)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), flag) {
				t.Errorf("%s %s: %v, want %s", flag, addr, err, want)
			}
		}
	}
	_, err := stack.Serve(t.Context(), stack.Options{Binary: binary}, stack.Addresses{Function: "127.0.0.1:9001", OSS: "127.0.0.1:9001"}, io.Discard)
	if want := "127.0.0.1:9001 is --function-address already; choose another address with --oss-address 127.0.0.1:PORT"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// The line for ali-oss has the port, whatever the form of the address.
func TestClientLinesOfIPv6(t *testing.T) {
	for _, l := range stack.ClientLines("https://[::1]:9001", "[::1]:9002") {
		if l.Client == "ali-oss" && !strings.Contains(l.Line, "'https://localhost:9001'") || strings.Contains(l.Line, "::1]") && !strings.Contains(l.Line, "[::1]") {
			t.Errorf("%s", l.Line)
		}
	}
}

// A wrong setting is said once, in the function's own words.
func TestServeSaysWhichSettingIsWrong(t *testing.T) {
	_, err := stack.Serve(t.Context(), stack.Options{Binary: binary, Env: []string{"WARDEN_ALGORITM=AES256"}, Log: io.Discard}, stack.Addresses{}, io.Discard)
	if _, ok := errors.AsType[*stack.StartError](err); !ok || strings.Count(err.Error(), "WARDEN_ALGORITM") != 1 || strings.Contains(err.Error(), "localfc") {
		t.Errorf("%v", err)
	}
}

// The sample of a person's own rule meets a key that exists.
func TestInvokeFindsTheSamplesKey(t *testing.T) {
	event, err := os.ReadFile(filepath.Join(root, "events", "http-put.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := stack.Options{Binary: binary, Env: []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_HTTP_ALLOW=report,apply"}, Log: io.Discard}
	if err := stack.Invoke(t.Context(), o, nil, event, &out); err != nil || !strings.Contains(out.String(), `"statusCode": 200`) || !strings.Contains(out.String(), `fixed`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What the function of a stack is given leads to this machine only.
func TestNoServiceIsElsewhere(t *testing.T) {
	st, err := stack.Start(t.Context(), stack.Options{Binary: binary, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	for _, pair := range st.Env() {
		name, value, _ := strings.Cut(pair, "=")
		for address := range strings.SplitSeq(value, ",") {
			if strings.Contains(address, "://") && !strings.Contains(address, "://127.0.0.1:") {
				t.Errorf("%s leads to %s", name, address)
			}
		}
	}
	for _, region := range localoss.Regions() {
		if !strings.Contains(strings.Join(st.Env(), " "), region+"=http://127.0.0.1:") {
			t.Errorf("KMS of %s has no address here", region)
		}
	}
}
