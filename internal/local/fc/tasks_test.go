package fc

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
	client "bucketwarden/ossenc/alicloud/fc"
)

const tasks = "/2023-03-30/functions/bucketwarden/async-tasks"

// eventually waits for what happens in the background.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

func asTask(id string) http.Header {
	return http.Header{headerInvocationType: {"Async"}, headerTaskID: {id}}
}

func TestTasks(t *testing.T) {
	var mu sync.Mutex
	var succeeded, failed []string
	keep := func(list *[]string) func([]byte) {
		return func(payload []byte) {
			var d struct {
				RequestPayload string
				RequestContext struct {
					Condition   string
					InvokeCount int `json:"approximateInvokeCount"`
				}
			}
			if err := json.Unmarshal(payload, &d); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			*list = append(*list, d.RequestPayload+" "+d.RequestContext.Condition)
		}
	}
	f := start(t, Config{AsyncTask: true, MaxAsyncRetryAttempts: 2, AsyncRetryPause: time.Millisecond, OnSuccess: keep(&succeeded), OnFailure: keep(&failed)})
	address := serve(t, f)
	for id, event := range map[string]string{"run-h0001": `{"do":"echo"}`, "run-h0002": `{"do":"error","text":"no"}`, "other": `{"do":"echo"}`} {
		if got := post(t, address+invocations, event, asTask(id)); got.status != 202 {
			t.Fatalf("%s: %+v", id, got)
		}
	}
	eventually(t, "two successes and a failure", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(succeeded) == 2 && len(failed) == 1
	})
	want := []Task{{"other", "Succeeded", 0, `{"do":"echo"}`}, {"run-h0001", "Succeeded", 0, `{"do":"echo"}`}, {"run-h0002", "Failed", 2, `{"do":"error","text":"no"}`}}
	if got := f.Tasks(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%+v", got)
	}
	if failed[0] != `{"do":"error","text":"no"} UnhandledInvocationError` || succeeded[0] != `{"do":"echo"} Success` {
		t.Errorf("destinations: %q, %q", succeeded, failed)
	}
	if got := post(t, address+invocations, `{"do":"echo"}`, asTask("run-h0001")); got.status != 409 || !strings.Contains(got.body, `"Code":"AsyncTaskAlreadyExists"`) {
		t.Errorf("a known ID: %+v", got)
	}
	for query, want := range map[string]string{
		"?prefix=run-h0001&limit=100":       `{"tasks":[{"alreadyRetriedTimes":0,"status":"Succeeded","taskId":"run-h0001"}]}`,
		"?prefix=none":                      `{"tasks":[]}`,
		"?prefix=other&includePayload=true": `{"tasks":[{"alreadyRetriedTimes":0,"status":"Succeeded","taskId":"other","taskPayload":"{\"do\":\"echo\"}"}]}`,
		"?limit=1&prefix=run":               `{"nextToken":"run-h0001","tasks":[{"alreadyRetriedTimes":0,"status":"Succeeded","taskId":"run-h0001"}]}`,
		"?prefix=run&nextToken=run-h0001":   `{"tasks":[{"alreadyRetriedTimes":2,"status":"Failed","taskId":"run-h0002"}]}`,
	} {
		if got := send(t, http.MethodGet, address+tasks+query, "", nil); got.status != 200 || got.body != want {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	if got := send(t, http.MethodGet, address+tasks+"?limit=101", "", nil); got.status != 400 {
		t.Errorf("limit 101: %+v", got)
	}
	if got := post(t, address+invocations, `{}`, asTask("1-digit")); got.status != 400 {
		t.Errorf("an ID that is not one: %+v", got)
	}
}

// TestTasks_NotHonoured is the platform without asyncTask.
func TestTasks_NotHonoured(t *testing.T) {
	var mu sync.Mutex
	runs := 0
	f := start(t, Config{OnSuccess: func([]byte) { mu.Lock(); runs++; mu.Unlock() }})
	address := serve(t, f)
	for range 2 {
		if got := post(t, address+invocations, `{"do":"echo"}`, asTask("run-h0001")); got.status != 202 {
			t.Fatalf("%+v", got)
		}
	}
	eventually(t, "both run", func() bool { mu.Lock(); defer mu.Unlock(); return runs == 2 })
	if got := send(t, http.MethodGet, address+tasks+"?prefix=run", "", nil); got.body != `{"tasks":[]}` {
		t.Errorf("%+v", got)
	}
}

// TestTasks_IDsNotHonoured is a platform that keeps tasks and starts a known ID once more.
func TestTasks_IDsNotHonoured(t *testing.T) {
	var mu sync.Mutex
	runs := 0
	f := start(t, Config{AsyncTask: true, IgnoreTaskIDs: true, OnSuccess: func([]byte) { mu.Lock(); runs++; mu.Unlock() }})
	address := serve(t, f)
	for range 2 {
		if got := post(t, address+invocations, `{"do":"echo"}`, asTask("run-h0001")); got.status != 202 {
			t.Fatalf("%+v", got)
		}
	}
	eventually(t, "both run", func() bool { mu.Lock(); defer mu.Unlock(); return runs == 2 })
	eventually(t, "the task is in the list", func() bool {
		return send(t, http.MethodGet, address+tasks+"?prefix=run", "", nil).body == `{"tasks":[{"alreadyRetriedTimes":0,"status":"Succeeded","taskId":"run-h0001"}]}`
	})
}

func TestConcurrency_ZeroStopsTheFunction(t *testing.T) {
	var mu sync.Mutex
	runs := 0
	f := start(t, Config{AsyncRetryPause: time.Millisecond, OnSuccess: func([]byte) { mu.Lock(); runs++; mu.Unlock() }})
	address := serve(t, f)
	reserve := func(n string) {
		got := send(t, http.MethodPut, address+"/2023-03-30/functions/bucketwarden/concurrency", `{"reservedConcurrency":`+n+`}`, nil)
		if got.status != 200 {
			t.Fatalf("%+v", got)
		}
	}
	reserve("0")
	if got := post(t, address+invocations, `{"do":"echo"}`, nil); got.status != 429 || !strings.Contains(got.body, "ResourceThrottled") {
		t.Errorf("%+v", got)
	}
	if got := post(t, address+invocations, `{"do":"echo"}`, asTask("a")); got.status != 202 {
		t.Errorf("%+v", got)
	}
	if got := f.Tasks(); len(got) != 1 || got[0].State != "Enqueued" {
		t.Errorf("%+v", got)
	}
	reserve("10")
	eventually(t, "the task runs", func() bool { mu.Lock(); defer mu.Unlock(); return runs == 1 })
	if got := send(t, http.MethodPut, address+"/2023-03-30/functions/bucketwarden/concurrency", `{}`, nil); got.status != 400 {
		t.Errorf("%+v", got)
	}
}

// TestSignatures: what the function's own client signs is accepted, and nothing
// else.
func TestSignatures(t *testing.T) {
	gateway := rpc.New(rpc.Options{}, "2023-03-30", nil)
	key := ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}
	gateway.AddAccessKey(rpc.AccessKey{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken})
	f := start(t, Config{AsyncTask: true, Gateway: gateway, SignedTrigger: true})
	address := serve(t, f)
	if got := post(t, address+invocations, `{"do":"echo"}`, nil); got.status != 400 || !strings.Contains(got.body, "MissingAccessKeyId") {
		t.Errorf("unsigned: %+v", got)
	}
	c := client.New(http.DefaultTransport, nil)
	c.Endpoints.Default = address
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: key, Region: "cn-hangzhou", AccountID: "1234567890123456"})
	function := client.Function{Name: "bucketwarden"}
	if got, err := c.Invoke(ctx, function, []byte(`{"do":"echo"}`)); err != nil || string(got.Payload) != `{"do":"echo"}` || got.RequestID == "" {
		t.Errorf("signed: %+v, %v", got, err)
	}
	if got, err := c.Invoke(ctx, function, []byte(`{"do":"error","text":"no"}`)); err != nil || got.FunctionError != UnhandledInvocationError {
		t.Errorf("a function that fails: %+v, %v", got, err)
	}
	if _, found, err := c.Task(ctx, function, "sweep-1"); err != nil || found {
		t.Errorf("before: %v, %v", found, err)
	}
	for _, want := range []bool{false, true} {
		if known, err := c.InvokeAsync(ctx, function, "sweep-1", []byte(`{"do":"echo"}`)); err != nil || known != want {
			t.Errorf("known %v, %v; want %v", known, err, want)
		}
	}
	if _, found, err := c.Task(ctx, function, "sweep-1"); err != nil || !found {
		t.Errorf("after: %v, %v", found, err)
	}
	if got := send(t, http.MethodGet, address+"/report", "", nil); got.status != 403 {
		t.Errorf("an unsigned request to the trigger: %+v", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/report?format=html", nil)
	if err != nil {
		t.Fatal(err)
	}
	acs3.SignTrigger(r, key, time.Now())
	if got := send(t, http.MethodGet, address+"/report?format=html", "", r.Header); got.status == 403 {
		t.Errorf("a signed request to the trigger: %+v", got)
	}
}
