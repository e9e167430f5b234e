package stack

import (
	"fmt"
	"net/http"
)

const (
	functionWelcome = `This is the local Function Compute with Bucketwarden.

GET  /report                      the report of the local account, as a page
GET  /healthz                     whether it is up
POST ` + Invocations + `
                                  send an event; the body is the event
The routes of the HTTP trigger are in docs/http.md.
`
	ossWelcome = `This is the local OSS, for clients that sign: any official client works, with V4
signatures. docs/local.md has a line to copy for each. A person creates buckets at
the console.
`
)

// welcome says what a port is to a caller that asks for its root without a
// signature, as people do, and passes on everything else.
func welcome(text string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/" || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, text)
		})
	}
}
