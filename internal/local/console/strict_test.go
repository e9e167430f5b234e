package console

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// A body would be read in place of the address, or not at all, so it is refused.
func TestTheConsoleReadsNoBody(t *testing.T) {
	for _, c := range []struct{ method, target, kind, body string }{
		{"PUT", "/new", "application/x-www-form-urlencoded", "regoin=cn-beijing"},
		{"PUT", "/new?algorithm=KMS", "application/x-www-form-urlencoded", "algorithm=AES256"},
		{"PUT", "/new", "application/json", `{"algorithm":"KMS"}`},
		{"PUT", "/old/encryption", "application/x-www-form-urlencoded", "algorithm=AES256"},
		{"DELETE", "/old/encryption", "application/x-www-form-urlencoded", "key=key-1"},
		{"DELETE", "/old", "", "x"},
	} {
		d := newDesk()
		before := fmt.Sprint(d.OSS.Buckets())
		r := httptest.NewRequest(c.method, "http://127.0.0.1:8082"+c.target, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		if after := fmt.Sprint(d.OSS.Buckets()); w.Code != 400 || !strings.Contains(w.Body.String(), "put the parameters into the address") || after != before {
			t.Errorf("%s %s %s: %d %s; %s became %s", c.method, c.target, c.body, w.Code, w.Body, before, after)
		}
	}
}

// What is not named keeps its value: a key does not become usable by a new alias, nor
// lose the old one.
func TestAKeyKeepsWhatIsNotNamed(t *testing.T) {
	d := newDesk()
	for _, target := range []string{"/-/keys/key-disabled?alias=more", "/-/keys/key-disabled", "/-/keys/key-1?state=Disabled&alias=alias/other"} {
		if w := d.ask("PUT", target); w.Code != 200 || !strings.Contains(w.Body.String(), "Disabled") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	for _, name := range []string{"alias/more", "key-disabled", "alias/payments", "alias/other"} {
		if _, code := d.KMS.KeyForOSS("cn-hangzhou", "1234567890123456", name); code != "KeyDisabled" {
			t.Errorf("%s: %q, want KeyDisabled", name, code)
		}
	}
}
