package kms_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"bucketwarden/ossenc"
)

// FuzzAnswer: whatever answers, nothing panics, and a key is usable only if the
// answer says in so many words that it is enabled.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"KeyMetadata":{"KeyId":"k","KeyState":"Enabled","KeyUsage":"ENCRYPT/DECRYPT","KeySpec":"Aliyun_AES_256"}}`,
		`{"KeyMetadata":{"KeyId":"k","KeyState":"Disabled"}}`, `{"KeyMetadata":[]}`, `null`, `1`, `"x"`, `[`, ``,
		`{"Code":"Forbidden.KeyNotFound","Message":1,"RequestId":{}}`, `{"code":"x","message":"y"}`, `<Error><Code>X</Code></Error>`,
	} {
		for _, status := range []int{200, 302, 400, 403, 404, 503} {
			f.Add(status, "application/json", seed)
			f.Add(status, "text/xml;charset=utf-8", seed)
		}
	}
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 200 || status > 599 {
			t.Skip("no status of an answer")
		}
		synctest.Test(t, func(t *testing.T) {
			_, client, w := newKMS(t)
			w.to = answering(status, contentType, body)
			key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
			if err != nil {
				if key != (ossenc.Key{}) {
					t.Fatalf("%+v and %v", key, err)
				}
				return
			}
			var said struct{ KeyMetadata struct{ KeyState string } }
			if key.Usable && (json.Unmarshal([]byte(body), &said) != nil || said.KeyMetadata.KeyState != "Enabled") || key.Usable == (key.Reason != "") {
				t.Fatalf("%+v from %q", key, body)
			}
		})
	})
}
