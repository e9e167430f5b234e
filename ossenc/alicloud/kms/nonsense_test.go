package kms_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"bucketwarden/ossenc"
)

// metadata is a good answer about key-1 with some members set to other values; the
// value nil leaves a member out.
func metadata(set map[string]any) string {
	members := map[string]any{
		"KeyId": "key-1", "Arn": arnOf("key-1"), "Creator": account, "KeyState": "Enabled", "KeyUsage": "ENCRYPT/DECRYPT", "KeySpec": "Aliyun_AES_256",
	}
	for name, value := range set {
		members[name] = value
	}
	var all []string
	for name, value := range members {
		if value != nil {
			all = append(all, fmt.Sprintf("%q:%q", name, value))
		}
	}
	return `{"KeyMetadata":{` + strings.Join(all, ",") + `},"RequestId":"4C467B38"}`
}

const others = "9999999999999999"

// An answer that is not about the key that was asked for, or that does not say all
// that a usable key must be, never makes a key usable, by whatever name it was asked.
func TestDescribe_NonsenseIsNoUsableKey(t *testing.T) {
	names := map[string]string{"ID": "key-1", "alias": "alias/payments", "ARN": arnOf("key-1"), "alias ARN": "acs:kms:cn-hangzhou:" + account + ":alias/payments"}
	answers := map[string]struct {
		status int
		body   string
		only   string // the kind of name that it is nonsense for; empty for all
	}{
		"another ID":            {200, metadata(map[string]any{"KeyId": "key-2", "Arn": arnOf("key-2")}), "ID"},
		"another ID, by ARN":    {200, metadata(map[string]any{"KeyId": "key-2", "Arn": arnOf("key-2")}), "ARN"},
		"another ID, no ARN":    {200, metadata(map[string]any{"KeyId": "key-2", "Arn": nil}), "ID"},
		"the ID in capitals":    {200, metadata(map[string]any{"KeyId": "KEY-1", "Arn": nil}), "ID"},
		"ID and ARN differ":     {200, metadata(map[string]any{"Arn": arnOf("key-2")}), ""},
		"another region":        {200, metadata(map[string]any{"Arn": strings.Replace(arnOf("key-1"), "hangzhou", "beijing", 1)}), ""},
		"another account":       {200, metadata(map[string]any{"Arn": strings.Replace(arnOf("key-1"), account, others, 1)}), ""},
		"an ARN of nothing":     {200, metadata(map[string]any{"Arn": "acs:kms:cn-hangzhou"}), ""},
		"an ARN of an alias":    {200, metadata(map[string]any{"Arn": "acs:kms:cn-hangzhou:" + account + ":alias/a"}), ""},
		"an ARN as ID":          {200, metadata(map[string]any{"KeyId": arnOf("key-1")}), ""},
		"an alias as ID":        {200, metadata(map[string]any{"KeyId": "alias/acs/oss"}), ""},
		"markup as ID":          {200, metadata(map[string]any{"KeyId": "a</KMSMasterKeyID>", "Arn": nil}), ""},
		"lines as ID":           {200, metadata(map[string]any{"KeyId": "key-1\r\n", "Arn": nil}), ""},
		"a blank as ID":         {200, metadata(map[string]any{"KeyId": " ", "Arn": nil}), ""},
		"a long ID":             {200, metadata(map[string]any{"KeyId": strings.Repeat("k", 2048), "Arn": nil}), ""},
		"a long answer":         {200, metadata(nil) + strings.Repeat(" ", 64<<10), ""},
		"a nested answer":       {200, strings.Repeat(`{"":`, 1<<18), ""},
		"no ID":                 {200, metadata(map[string]any{"KeyId": nil}), ""},
		"no state":              {200, metadata(map[string]any{"KeyState": nil}), ""},
		"a state in lower case": {200, metadata(map[string]any{"KeyState": "enabled"}), ""},
		"no usage":              {200, metadata(map[string]any{"KeyUsage": nil}), ""},
		"an empty usage":        {200, metadata(map[string]any{"KeyUsage": ""}), ""},
		"another usage":         {200, metadata(map[string]any{"KeyUsage": "SIGN/VERIFY"}), ""},
		"a new usage":           {200, metadata(map[string]any{"KeyUsage": "ENCRYPT/DECRYPT/SIGN"}), ""},
		"a code":                {200, strings.Replace(metadata(nil), "{", `{"Code":"Forbidden.KeyNotFound",`, 1), ""},
		"a code in lower case":  {200, strings.Replace(metadata(nil), "{", `{"code":"Forbidden.NoPermission",`, 1), ""},
		"two IDs":               {200, strings.Replace(metadata(nil), `{"KeyMetadata":{`, `{"KeyMetadata":{"KeyId":"key-9",`, 1), ""},
		"two states":            {200, strings.Replace(metadata(nil), `{"KeyMetadata":{`, `{"KeyMetadata":{"KeyState":"Disabled",`, 1), ""},
		"two states, folded":    {200, strings.Replace(metadata(nil), `{"KeyMetadata":{`, `{"KeyMetadata":{"\u212aey\u017ftate":"Disabled",`, 1), ""},
		"two metadata":          {200, strings.Replace(metadata(nil), "{", `{"KeyMetadata":{"KeyState":"Disabled"},`, 1), ""},
		"201":                   {201, metadata(nil), ""},
		"203":                   {203, metadata(nil), ""},
		"206":                   {206, metadata(nil), ""},
	}
	for how, name := range names {
		for what, a := range answers {
			if a.only != "" && a.only != how {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				_, client, w := newKMS(t)
				w.to = answering(a.status, "application/json", a.body)
				key, err := client.Describe(identified(t.Context()), "cn-hangzhou", name)
				if key.Usable || err == nil && key.Reason == "" || err != nil && ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%s for %s: %+v, %v", what, how, key, err)
				}
			})
		}
		synctest.Test(t, func(t *testing.T) { // and what is left when there is nothing wrong
			_, client, w := newKMS(t)
			w.to = answering(200, "application/json", metadata(nil))
			if key, err := client.Describe(identified(t.Context()), "cn-hangzhou", name); err != nil || !key.Usable || key.ID != "key-1" {
				t.Errorf("%s: %+v, %v", how, key, err)
			}
		})
	}
}

// An error that says two things, or has the status of another one, says nothing of the
// key: a key that "does not exist" may be what a policy's fallback is for.
func TestDescribe_AnErrorSaysOneThing(t *testing.T) {
	const notFound = `"Code":"Forbidden.KeyNotFound","Message":"The specified Key is not found."`
	for what, a := range map[string]struct {
		status int
		body   string
	}{
		"two codes":           {404, `{"Code":"Throttling.User",` + notFound + `}`},
		"two codes, folded":   {404, `{"code":"Forbidden.NoPermission",` + notFound + `}`},
		"two codes, kinds":    {400, `{"Code":"InvalidParameter","Code":"Forbidden.AliasNotFound","Message":"KeyId"}`},
		"two messages":        {400, `{"Code":"InvalidParameter","Message":"Action","Message":"KeyId"}`},
		"a server's error":    {500, `{` + notFound + `}`},
		"a gateway's error":   {503, `{` + notFound + `}`},
		"a redirect":          {302, `{` + notFound + `}`},
		"a success":           {203, `{` + notFound + `}`},
		"an outage in arrear": {503, `{"Code":"Forbidden.InDebt","Message":"x"}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, client, w := newKMS(t)
			w.to = answering(a.status, "application/json", a.body)
			if key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1"); key != (ossenc.Key{}) || ossenc.CodeOf(err) != ossenc.Unavailable {
				t.Errorf("%s: %+v, %v", what, key, err)
			}
		})
	}
	_, client, w := newKMS(t)
	w.to = answering(404, "application/json", `{`+notFound+`}`)
	if key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1"); err != nil || key.Usable || !strings.Contains(key.Reason, "does not exist") {
		t.Errorf("%+v, %v", key, err)
	}
}

// A key of another account stays one: a rule names it by its ARN, and it is not the
// key of the same ID in the own account.
func TestDescribe_AnotherAccountsKeyNeverBecomesABareID(t *testing.T) {
	foreign := strings.Replace(arnOf("key-1"), account, others, 1)
	for _, own := range []string{account, ""} { // "": it is not known whose account this is
		for _, arn := range []any{foreign, nil} {
			_, client, w := newKMS(t)
			w.to = answering(200, "application/json", metadata(map[string]any{"Arn": arn}))
			ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: credentials, AccountID: own})
			key, err := client.Describe(ctx, "cn-hangzhou", foreign)
			if err != nil || key.ID != foreign || key.ARN != foreign || !key.Usable {
				t.Errorf("own account %q: %+v, %v", own, key, err)
			}
			w.to = answering(200, "application/json", metadata(nil))
			mine, err := client.Describe(ctx, "cn-hangzhou", "key-1")
			if err != nil || mine.ID != "key-1" || ossenc.SameKey(mine, key) {
				t.Errorf("own account %q: %+v is taken for %+v: %v", own, mine, key, err)
			}
		}
	}
}

// KMS says who made a key; only OSS's own name makes it the default key.
func TestDescribe_SaysWhatOSSMade(t *testing.T) {
	for creator, want := range map[string]bool{
		"OSS": true, "oss": true, "Oss": true, "oss.aliyuncs.com": true, account: false, "": false, "ossified": false, "rds": false, "acs:ram::1:user/oss": false,
	} {
		_, client, w := newKMS(t)
		w.to = answering(200, "application/json", metadata(map[string]any{"Creator": creator}))
		key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
		if err != nil || key.MadeByOSS != want {
			t.Errorf("%q: %+v, %v", creator, key, err)
		}
	}
}

// No member of an answer shows a part of the credentials, in any form.
func TestDescribe_ShowsNoSecret(t *testing.T) {
	const secret = "CAISwYz8f7tGh2LpQ7rT1uV5xWq"
	marked := ossenc.Identity{Region: "cn-hangzhou", AccountID: account, Credentials: ossenc.Credentials{AccessKeyID: "STS.x", AccessKeySecret: "y", SecurityToken: secret}}
	forms := map[string]string{
		"plain": secret, "lower": strings.ToLower(secret), "Base64": base64.StdEncoding.EncodeToString([]byte(secret)), "hex": hex.EncodeToString([]byte(secret)),
		"separated": strings.Join(strings.Split(secret, ""), "-"),
	}
	for how, leak := range forms {
		for _, member := range []string{"KeyId", "Arn", "Creator", "KeyState", "KeyUsage", "KeySpec", "DeleteDate"} {
			body := metadata(map[string]any{member: leak})
			if member == "DeleteDate" {
				body = metadata(map[string]any{member: leak, "KeyState": "PendingDeletion"})
			}
			if member == "KeyId" {
				body = metadata(map[string]any{member: leak, "Arn": nil})
			}
			bodies := map[int]string{200: body, 403: `{"Code":"` + leak + `","Message":"you sent ` + leak + `","RequestId":"` + leak + `"}`}
			for status, body := range bodies {
				synctest.Test(t, func(t *testing.T) {
					_, client, w := newKMS(t)
					w.to = answering(status, "application/json", body)
					key, err := client.Describe(ossenc.WithIdentity(t.Context(), marked), "cn-hangzhou", "alias/a")
					said := fmt.Sprintf("%+v %v", key, err)
					for i := 0; i+9 <= len(leak); i++ {
						if strings.Contains(strings.ToLower(said), strings.ToLower(leak[i:i+9])) {
							t.Fatalf("%s, %d %s: %s", how, status, member, said)
						}
					}
				})
			}
		}
	}
}
