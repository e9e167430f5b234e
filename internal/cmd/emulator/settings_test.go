package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestUnwrapped(t *testing.T) {
	tests := []struct{ path, query, want string }{
		{"/report", "null", "/report"},
		{"/report", "format=csv", "/report?format=csv"},
		{"/buckets/a%2Fb/encryption", "null", "/buckets/a%2Fb/encryption"},
		{"", "", "/"},
	}
	for _, test := range tests {
		r, err := http.NewRequest(http.MethodGet, "http://localhost"+invocations+"?"+test.query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Fc-HTTP-Path", test.path)
		if got := unwrapped(r).URL.RequestURI(); got != test.want {
			t.Errorf("%s?%s: got %s, want %s", test.path, test.query, got, test.want)
		}
	}
}

func TestCommand(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"go1 runs its handler", []string{"FC_RUNTIME=go1", "FC_FUNCTION_HANDLER=main"}, "/code/main"},
		{"a custom runtime runs its command", []string{"FC_RUNTIME=custom.debian12", "AGENT_SCRIPT=/code/main -v"}, "/code/main -v"},
		{"a custom runtime without one runs bootstrap", []string{"FC_RUNTIME=custom.debian12"}, "/code/bootstrap"},
		{"the code may lie elsewhere", []string{"FC_RUNTIME=custom.debian12", "FC_FUNC_CODE_PATH=/elsewhere/", "AGENT_SCRIPT=/code/main"}, "/elsewhere/main"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(settingsFrom(test.env).command(), " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
