package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/internal/local/stack"
)

// The executables: the emulator, and the function in a folder like /code.
var emulator, code string

func TestMain(m *testing.M) {
	status, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

func runTests(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "emulator")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	code = filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		return 1, err
	}
	if _, err := stack.Build(context.Background(), "../../..", code); err != nil {
		return 1, err
	}
	emulator = filepath.Join(dir, "emulator")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", emulator, ".").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// container is the emulator as fc3's docker commands start it, with the arguments
// behind the image's name and the same environment.
func container(t *testing.T, runtime string, port int, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(emulator, args...) // outlives the test's context: its end is part of the test
	cmd.Env = []string{
		"FC_RUNTIME=" + runtime, "FC_TIMEOUT=60", "FC_FUNC_CODE_PATH=" + code + "/",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret", "ALIBABA_CLOUD_SECURITY_TOKEN=",
		"FC_ACCOUNT_ID=1234567890123456", "FC_FUNCTION_HANDLER=main", "FC_FUNCTION_MEMORY_SIZE=128", "FC_FUNCTION_NAME=bucketwarden",
		"FC_REGION=cn-hangzhou", fmt.Sprintf("FC_CUSTOM_LISTEN_PORT=%d", port), "FC_INSTANCE_ID=a-b-c",
		"WARDEN_ALGORITHM=AES256", "WARDEN_ROLE_NAME=bucketwarden", "WARDEN_HTTP_AUTH=platform", "WARDEN_LOG_LEVEL=info",
	}
	if runtime == localfc.RuntimeCustom {
		cmd.Env = append(cmd.Env, "AGENT_SCRIPT=/code/main", fmt.Sprintf("FC_SERVER_PORT=%d", port))
	}
	cmd.Stderr = os.Stderr
	return cmd
}

// started runs the container in the background until the test ends, and returns
// its address once it answers.
func started(t *testing.T, runtime string, args ...string) string {
	t.Helper()
	port := freePort(t)
	return startedBy(t, container(t, runtime, port, args...), port)
}

func startedBy(t *testing.T, cmd *exec.Cmd, port int) string {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Errorf("the emulator's end: %v", err)
		}
	})
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 400 { // as fc3 does, which waits a second between two tries
		if resp, err := http.Get(address); err == nil {
			resp.Body.Close()
			return address
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("the emulator does not answer")
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// sample is a sample event, printed as fc3 prints it.
func sample(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../../events/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// verdictIn returns the first verdict in an answer.
func verdictIn(t *testing.T, body []byte) string {
	t.Helper()
	var answer struct{ Results []struct{ Verdict string } }
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Results) == 0 {
		t.Fatalf("the answer is %s", body)
	}
	return answer.Results[0].Verdict
}

func do(t *testing.T, method, url, body string, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, got
}

// s local invoke in go1: the container serves, fc3 posts the event and reads the
// log and the figures from the headers.
func TestInvokeGo1(t *testing.T) {
	address := started(t, localfc.RuntimeGo1)
	header := map[string]string{
		"Content-Type": "application/octet-stream", "x-fc-request-id": "1-2-3", "x-fc-function-name": "bucketwarden", "x-fc-function-memory": "128",
		"x-fc-function-timeout": "60", "x-fc-function-handler": "main", "x-fc-region": "cn-hangzhou", "x-fc-account-id": "1234567890123456",
		"x-fc-access-key-id": "id", "x-fc-access-key-secret": "secret", "x-fc-security-token": "", "X-Fc-Log-Type": "Tail", "X-Fc-Event-Type": "Default", "X-Fc-HTTP-Path": "/",
	}
	for _, want := range []string{"fixed", "compliant"} {
		resp, body := do(t, "POST", address+invocations, sample(t, "native-bucket-created.json"), header)
		if got := verdictIn(t, body); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		log, err := base64.StdEncoding.DecodeString(resp.Header.Get("x-fc-log-result"))
		if err != nil || !strings.Contains(string(log), `"verdict":"`+want+`"`) {
			t.Errorf("the log is %q, %v", log, err)
		}
		for _, name := range []string{"x-fc-request-id", "x-fc-invocation-duration", "x-fc-max-memory-usage"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("no header %s", name)
			}
		}
	}
}

// s local invoke in a custom runtime: the container invokes, prints and ends.
func TestInvokeCustom(t *testing.T) {
	tests := []struct {
		name, event string
		status      int
		output      string
	}{
		{"fixes the sample's bucket", sample(t, "native-bucket-created.json"), 0, `"verdict":"fixed"`},
		{"fails with the function", "no event", 1, `"errorType":"invalid"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cmd := container(t, localfc.RuntimeCustom, freePort(t), "--event", test.event)
			cmd.Stderr = nil
			out, err := cmd.Output()
			status := 0
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				status = exit.ExitCode()
			}
			if status != test.status || !strings.Contains(string(out), test.output) || !strings.Contains(string(out), "RequestId: ") {
				t.Errorf("status %d, output %s; want %d and %s", status, out, test.status, test.output)
			}
		})
	}
}

// s local start: in go1 fc3's proxy wraps the call, in a custom runtime it comes
// as it is.
func TestStart(t *testing.T) {
	wrapped := map[string]string{"X-Fc-HTTP-Path": "/buckets/demo-bucket-a/encryption", "X-Fc-Event-Type": "HTTP", "X-Fc-Log-Type": "Tail"}
	tests := map[string]struct {
		path   string
		header map[string]string
	}{
		localfc.RuntimeGo1:    {invocations + "?null", wrapped},
		localfc.RuntimeCustom: {"/buckets/demo-bucket-a/encryption", nil},
	}
	for runtime, test := range tests {
		t.Run(runtime, func(t *testing.T) {
			address := started(t, runtime, "--http", "--server")
			resp, body := do(t, "GET", address+test.path, "", test.header)
			if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "demo-bucket-a") {
				t.Errorf("got %s: %s", resp.Status, body)
			}
		})
	}
}
