package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// Forms that are written as the rows come send their beginning while later buckets are
// still read; the caller would take silence for a hang.
func TestReport_BeginsWhileBucketsAreRead(t *testing.T) {
	for _, form := range []string{"json", "csv", "prometheus", "ocsf"} {
		t.Run(form, func(t *testing.T) {
			web, _ := newWeb(account(), everything)
			begun := make(chan struct{})
			web.service.Warden = always(sweeper{Warden: web.service.Warden(), sweep: func(_ ossenc.SweepOptions, yield func(ossenc.Result) bool) error {
				yield(ossenc.Result{Bucket: "a", Region: "cn-hangzhou", Verdict: ossenc.Compliant, Observed: true, After: aes256})
				<-begun // a bucket that takes long
				yield(ossenc.Result{Bucket: "b", Region: "cn-hangzhou", Verdict: ossenc.Compliant, Observed: true, After: aes256})
				return nil
			}})
			server := httptest.NewServer(web)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/report?format="+form, nil)
			if err != nil {
				t.Fatal(err)
			}
			var body []byte
			answer, err := server.Client().Do(req)
			if err == nil {
				defer answer.Body.Close()
				body = make([]byte, 1)
				_, err = answer.Body.Read(body)
			}
			close(begun)
			if err != nil {
				t.Fatal(err)
			}
			if len(body) != 1 || answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %q", answer.StatusCode, body)
			}
			if rest, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(rest), "b") {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}
