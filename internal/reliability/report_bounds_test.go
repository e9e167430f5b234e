package reliability_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

var bucketsFlag = flag.Int("buckets", 13_500, "how many buckets TestReportsFitIntoTheMemory has; 100,000 for the figures")

// How long an answer may be, and what the process may have resident, in KB.
const (
	longestAnswer = 9 << 19 // 4 MB, and the end of the report
	reportPeak    = 40 << 10
)

// Reports and sweeps of more buckets than an answer holds end with where to resume, and
// the process stays small.
func TestReportsFitIntoTheMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of memory is read from /proc")
	}
	plain, err := stack.Build(t.Context(), "../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run(rt, func(t *testing.T) {
			st, err := stack.Start(t.Context(), stack.Options{
				Binary: plain, Env: []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_LOG_LEVEL=error"}, Sessions: 1000,
				Configure: func(c *localfc.Config) { c.Runtime, c.Timeout = rt, 10*time.Minute },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close(t.Context()) })
			for i := range *bucketsFlag {
				st.OSS.PutBucket(localoss.Bucket{Name: fmt.Sprintf("bounds-%06d", i), Region: stack.Region})
			}
			checkReport(t, st, "json")
			checkReport(t, st, "html")
			checkAudit(t, st)
		})
	}
}

func checkReport(t *testing.T, st *stack.Stack, format string) {
	t.Helper()
	w := httptest.NewRecorder()
	st.Function.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/report?format="+format, nil))
	peak := sampleOf(t, st.Function.PID()).peak
	t.Logf("%s: %d, %d bytes, a peak of %d KB", format, w.Code, w.Body.Len(), peak)
	if w.Code != http.StatusOK || w.Body.Len() > longestAnswer || peak > reportPeak {
		t.Errorf("%s: status %d, %d bytes, a peak of %d KB", format, w.Code, w.Body.Len(), peak)
	}
	if format != "json" {
		return
	}
	var got struct {
		Buckets  []struct{ Bucket string }
		Complete bool
		Next     string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if n := len(got.Buckets); n == 0 || got.Complete || got.Next != got.Buckets[n-1].Bucket {
		t.Errorf("%d buckets, complete %t, next %q", n, got.Complete, got.Next)
	}
}

func checkAudit(t *testing.T, st *stack.Stack) {
	t.Helper()
	res, err := st.Function.Invoke(t.Context(), []byte(`{"action":"audit"}`))
	if err != nil {
		t.Fatal(err)
	}
	peak := sampleOf(t, st.Function.PID()).peak
	t.Logf("audit: %d bytes, a peak of %d KB", len(res.Payload), peak)
	if res.FunctionError != "" || len(res.Payload) > longestAnswer || peak > reportPeak {
		t.Errorf("audit: %q, %d bytes, a peak of %d KB", res.FunctionError, len(res.Payload), peak)
	}
}
