package reach

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/ossenc/alicloud"
)

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A report does not wait for STS longer than five seconds, and says what it does not
// know.
func TestCaller_DoesNotWaitForEver(t *testing.T) {
	source, err := creds.Find(creds.Options{Env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIexample", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-of-the-test"}})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := &Reach{Region: "cn-hangzhou", public: true, source: source, traffic: &traffic{next: silent{}}}
		if got := r.Caller(); got != (Caller{}) {
			t.Errorf("before it was asked: %+v", got)
		}
		begun := time.Now()
		r.identify(t.Context())
		for range 2 { // both forms of a report ask
			if got := r.Caller(); got != (Caller{Problem: "GetCallerIdentity: deadline"}) {
				t.Errorf("%+v", got)
			}
		}
		if took := time.Since(begun); took != callerTime {
			t.Errorf("after %s", took)
		}
	})
}

// A key goes to the public STS only where OSS is public too.
func TestInPublicCloud(t *testing.T) {
	for _, tt := range []struct {
		endpoints alicloud.Endpoints
		want      bool
	}{
		{alicloud.Endpoints{}, true},
		{alicloud.Endpoints{Default: "https://oss-cn-hangzhou.aliyuncs.com"}, true},
		{alicloud.Endpoints{Default: "https://oss-cn-hangzhou-internal.aliyuncs.com"}, true},
		{alicloud.Endpoints{Default: "https://oss.example.com"}, false},
		{alicloud.Endpoints{Default: "https://aliyuncs.com.example.com"}, false},
		{alicloud.Endpoints{Default: "http://127.0.0.1:8081"}, false},
		{alicloud.Endpoints{ByRegion: map[string]string{"cn-hangzhou": "https://oss-cn-hangzhou.aliyuncs.com", "cn-beijing": "https://oss.example.com"}}, false},
	} {
		if got := inPublicCloud(tt.endpoints); got != tt.want {
			t.Errorf("%+v: %t", tt.endpoints, got)
		}
	}
}
