package reliability_test

import (
	"net/http"
	"sync"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
)

// Where nobody listens every kind ends in a failure that is seen.
func TestRefusedConnections(t *testing.T) {
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run(runtime, func(t *testing.T) {
			t.Parallel()
			m := startMatrix(t, runtime, "WARDEN_OSS_ENDPOINT=http://127.0.0.1:1")
			var busy sync.WaitGroup
			for i, k := range kinds {
				if k.name == "batch" || k.name == "report" || k.name == "timer" { // they ask for more than the cell's bucket
					continue
				}
				c := m.cell(fault{}, k, i)
				busy.Go(func() {
					res, failed := k.ask(c, t)
					if got := outcome(string(res.Verdict) + "/" + string(res.Code)); got != unavailable || !failed {
						t.Errorf("%s: %s, seen: %t (%s)", k.name, got, failed, res.Reason)
					}
				})
			}
			busy.Wait()
			if calls := m.OSS.Requests(); len(calls) > 0 {
				t.Errorf("%d calls", len(calls))
			}
		})
	}
}

// A list that cannot be read is no report of an account without buckets, whatever
// way it fails and whatever form is asked for, and the process lives on.
func TestReportWithoutAList(t *testing.T) {
	for name, f := range map[string]localoss.Fault{
		"reset": reset, "half an answer": cutOff, "500": broken, "429": busy, "QPS": qps, "expired": expired, "denied": refusal,
		"page": page, "nothing": nothing, "gateway": gateway, "flood": flood, "slow": slow,
	} {
		m := startMatrix(t, localfc.RuntimeGo1)
		m.OSS.SetFault(func(localoss.Request) *localoss.Fault { return &f })
		pid := m.Function.PID()
		c := m.cell(fault{}, kinds[0], 0)
		var busy sync.WaitGroup
		for _, format := range []string{"json", "csv", "html", "prometheus"} {
			busy.Go(func() {
				if w := c.request(t, http.MethodGet, "/report?format="+format, nil); w.Code < 400 {
					t.Errorf("%s, %s: %d %s", name, format, w.Code, w.Body)
				}
			})
		}
		t.Cleanup(func() {
			busy.Wait()
			if m.Function.PID() != pid {
				t.Errorf("%s: the process ended meanwhile", name)
			}
		})
	}
}
