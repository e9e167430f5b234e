package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"bucketwarden/handler/report"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/local/wire"
	"bucketwarden/ossenc"
)

// estate serves the page of an organisation at /report. Its rows are made up: to read a
// thousand accounts is not what its tests are about.
func estate(ctx context.Context, accounts int) error {
	server, err := wire.Listen(ctx, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/report" {
			http.NotFound(w, r)
			return
		}
		f, _ := report.FormatNamed("html")
		w.Header().Set("Content-Type", f.ContentType)
		w.Header().Set("Content-Security-Policy", f.Policy())
		_, _ = report.Write(w, f, estateView(r.URL.Query().Get("lang")), estateRows(accounts)) // a browser that went away
	}), nil)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	return untilDone(addresses{Trigger: server.URL})
}

func estateView(language string) report.View {
	return report.View{
		Now: time.Now(), Account: stack.Account, Region: stack.Region, Language: language, Accounts: true, AccountName: accountName,
		Origin: report.Origin{Tool: "function", Version: "v1.0.0", Policy: &report.PolicyFile{Name: "policy.yaml", SHA256: fmt.Sprintf("%064x", 1)}},
	}
}

// accountName gives accounts names of all lengths, and one that tries to be markup.
func accountName(id string) string {
	switch id[len(id)-1] {
	case '3':
		return "a-member-of-the-organisation-with-a-very-long-name-" + id
	case '5':
		return ""
	case '7':
		return `支付平台 </th><b>"` + id[10:]
	}
	return "team-" + id[10:]
}

// estateRows are up to four buckets in each account, of which one in 37 has no rule and
// one in 53 could not be read.
func estateRows(accounts int) report.Source {
	aes := ossenc.Rule{Algorithm: ossenc.AES256}
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for i := range accounts {
			for b := range 1 + i%4 {
				r := ossenc.Result{
					Account: fmt.Sprintf("2%015d", i), Bucket: fmt.Sprintf("prod-payments-%d-%04d", b, i), Region: []string{"cn-hangzhou", "ap-southeast-1"}[i%2],
					PolicyRule: "everything", OSSRequestID: "R", Wanted: aes, Observed: true, After: aes, Verdict: ossenc.Compliant,
				}
				switch {
				case i%37 == b:
					r.Verdict, r.After, r.Target = ossenc.WouldFix, ossenc.Rule{}, aes
				case i%53 == b:
					r.Verdict, r.Code, r.Observed, r.After, r.Reason = ossenc.Unknown, ossenc.Denied, false, ossenc.Rule{}, "no access to the bucket's account"
				}
				if !row(r) {
					return ossenc.SweepSummary{}, nil
				}
			}
		}
		return ossenc.SweepSummary{Complete: true}, nil
	}
}
