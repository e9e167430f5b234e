package fcruntime

import (
	"maps"
	"net/http"
	"testing"
	"time"
)

func TestConfigFrom(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want Config
	}{
		{"nothing outside the platform", map[string]string{"PATH": "/bin"}, Config{}},
		{"go1 where there is a Runtime API", map[string]string{"FC_RUNTIME_API": "127.0.0.1:1", "FC_FUNCTION_NAME": "f", "FC_CUSTOM_LISTEN_PORT": "9000"}, Config{API: "127.0.0.1:1"}},
		{"a custom runtime by its port", map[string]string{"FC_CUSTOM_LISTEN_PORT": "8080"}, Config{Listen: "0.0.0.0:8080"}},
		{"a custom runtime by the function's name", map[string]string{"FC_FUNCTION_NAME": "f"}, Config{Listen: "0.0.0.0:9000"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ConfigFrom(test.env); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// What the SDK cannot parse would make it drop the invocation without an answer.
func TestMend(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	tests := []struct {
		name      string
		got, want map[string]string
	}{
		{
			"adds what is missing", nil,
			map[string]string{headerDeadline: "1060000", headerTimeout: "60"},
		},
		{
			"keeps what is right",
			map[string]string{headerDeadline: "2000000", headerTimeout: "300", headerRetryCount: "2", headerBaggage: "eyJhIjoiYiJ9"},
			map[string]string{headerDeadline: "2000000", headerTimeout: "300", headerRetryCount: "2", headerBaggage: "eyJhIjoiYiJ9"},
		},
		{
			"finds the deadline by the time-out",
			map[string]string{headerTimeout: "300"},
			map[string]string{headerDeadline: "1300000", headerTimeout: "300"},
		},
		{
			"replaces or removes what is no number and no JSON",
			map[string]string{headerDeadline: "soon", headerTimeout: "1.5", headerRetryCount: "twice", headerBaggage: "%"},
			map[string]string{headerDeadline: "1060000", headerTimeout: "60"},
		},
		{
			"removes baggage that is no object of strings",
			map[string]string{headerDeadline: "2000000", headerTimeout: "1", headerBaggage: "WzFd"},
			map[string]string{headerDeadline: "2000000", headerTimeout: "1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := http.Header{}
			for name, value := range test.got {
				h.Set(name, value)
			}
			mend(h, now)
			got := map[string]string{}
			for name := range h {
				got[name] = h.Get(name)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
