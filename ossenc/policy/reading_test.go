package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"bucketwarden/ossenc/policy"
)

// policyWith is a policy with one key, one account and one rule, as they are given.
func policyWith(key, account, name, region string) []byte {
	return fmt.Appendf(nil, `version: 1
keys:
  k:
    cn-hangzhou: %s
accounts:
- {id: %s, role_arn: acs:ram::1234567890123456:role/bucketwarden}
rules:
- {name: %s, match: {regions: [%s]}, want: {algorithm: KMS, key: k}}
- {name: last, want: {algorithm: AES256}}
`, key, account, name, region)
}

const (
	goodKey     = `"key-hz"`
	goodAccount = `"1234567890123456"`
)

// What names a key has the form of an ID, an alias or an ARN of the region, or the
// file is refused: at run time it would only block.
func TestParse_KeysHaveTheFormOfAName(t *testing.T) {
	for _, good := range []string{
		"key-hz", "1234abcd-12ab-34cd-56ef-1234567890ab", "alias/pay", "alias/team/pay", "acs:kms:cn-hangzhou:1234567890123456:key/key-hz",
		"acs:kms:cn-hangzhou:1234567890123456:alias/pay",
	} {
		if _, err := policy.Parse("p", policyWith(fmt.Sprintf("%q", good), goodAccount, "r", "cn-hangzhou")); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"acs:kms:cn-hangzhou:1:x:key/key-hz", "acs:kms:cn-hangzhou:key/key-hz", "acs:kms:cn-hangzhou::key/key-hz", "acs:kms::1:key/key-hz",
		"acs:kms:cn-hangzhou:1:key/", "acs:kms:cn-hangzhou:1:key", "acs:kms:cn-hangzhou:1:key/a/b", "acs:kms:cn-hangzhou:1:alias/", "acs:kms:cn-hangzhou:1:secret/a",
		"acs:kms:cn-beijing:1:key/key-hz", "acs:kms:cn-beijing:1:alias/pay", "acs:kms:CN-hangzhou:1:key/key-hz", "acs:kms:oss-cn-hangzhou:1:key/key-hz",
		"acs:kms:cn-hangzhou:01:key/key-hz", "acs:kms:cn-hangzhou:me:key/key-hz", "acs:kms:*:1:key/key-hz", "acs:kms:cn-hangzhou:*:key/key-hz",
		"acs:oss:cn-hangzhou:1:key/key-hz", "arn:aws:kms:eu-west-1:1:key/k", "acs:kms", "a:b", "key hz", "key-hz\u202e", strings.Repeat("k", 256),
		"alias/acs/oss", "acs:kms:cn-hangzhou:1:alias/acs/oss",
	} {
		_, err := policy.Parse("p", policyWith(fmt.Sprintf("%q", bad), goodAccount, "r", "cn-hangzhou"))
		if err == nil || !strings.HasPrefix(err.Error(), "p:4:18: keys.k.cn-hangzhou: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The name of a rule, and why and for whom it exempts, can be seen: nothing in them
// turns the direction of the text around them, or hides.
func TestParse_NamesCanBeSeen(t *testing.T) {
	exempt := func(field, text string) []byte {
		values := map[string]string{"name": "n", "reason": "r", "owner": "o"}
		values[field] = text
		return fmt.Appendf(nil, "version: 1\nrules:\n- {name: %q, exempt: {reason: %q, owner: %q, until: 2027-03-31}}\n- {name: last, want: {algorithm: AES256}}\n",
			values["name"], values["reason"], values["owner"])
	}
	for _, field := range []string{"name", "reason", "owner"} {
		for _, good := range []string{"payments", "付款 桶", "équipe", "a—b", "🔒 locked", "pay\u3000ments", "x\u00a0y"} {
			if _, err := policy.Parse("p", exempt(field, good)); err != nil {
				t.Errorf("%s %q: %v", field, good, err)
			}
		}
		for _, r := range []rune{
			0x00, 0x07, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x061c, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
			0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9, 0xe0041, 0xe000, 0x378,
		} {
			if r == 0x85 && field != "name" {
				continue // a line break, and made a blank
			}
			if p, err := policy.Parse("p", exempt(field, "pay"+string(r)+"ments")); err == nil {
				t.Errorf("%s with %U is taken: %+q", field, r, p.RuleNames())
			}
		}
	}
}

// 01 and 1 would be two accounts here and one there.
func TestParse_AccountIDs(t *testing.T) {
	for _, bad := range []string{"01", "0", "0001234567890123456", "1234567890123456x", "１２３", "", "123456789012345678901"} {
		if _, err := policy.Parse("p", policyWith(goodKey, fmt.Sprintf("%q", bad), "r", "cn-hangzhou")); err == nil || !strings.Contains(err.Error(), "accounts[0].id") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A region that cannot be one is refused, and one that is not known is a warning, with
// the name that was probably meant.
func TestParse_Regions(t *testing.T) {
	for name, want := range map[string]string{
		"cn-hangzhou":               "",
		"rg-china-mainland":         "",
		"cn-*":                      "",
		"cn-hangzou":                `warns: "cn-hangzou" is not a region that this version knows (did you mean cn-hangzhou?)`,
		"ap-southest-1":             `warns: "ap-southest-1" is not a region that this version knows (did you mean ap-southeast-1?)`,
		"xx-somewhere-quite-new-12": `warns: "xx-somewhere-quite-new-12" is not a region that this version knows`,
		"cn-hzfinance":              `warns: "cn-hzfinance" is another name for the region cn-hangzhou-finance; OSS reports the region ID`,
		"cn-beijing-internal":       `warns: "cn-beijing-internal" is another name for the region cn-beijing; OSS reports the region ID`,
		"zz-*":                      `warns: "zz-*" matches no region that this version knows`,
		"oss-cn-beijing":            `refuses: "oss-cn-beijing" is not a region ID, such as cn-hangzhou (did you mean cn-beijing?)`,
		"CN-Beijing":                `refuses: "CN-Beijing" is not a region ID, such as cn-hangzhou (did you mean cn-beijing?)`,
		"beijing":                   `refuses: "beijing" is not a region ID, such as cn-hangzhou (did you mean cn-beijing?)`,
		"cn_shanghai":               `refuses: "cn_shanghai" is not a region ID, such as cn-hangzhou (did you mean cn-shanghai?)`,
	} {
		data := fmt.Appendf(nil, "version: 1\nrules:\n- {name: r, match: {regions: [%q]}, want: {algorithm: KMS}}\n- {name: last, want: {algorithm: AES256}}\n", name)
		got := ""
		switch p, err := policy.Parse("p", data); {
		case err != nil:
			got = "refuses: " + strings.TrimPrefix(err.Error(), "p:3:31: rules[0].match.regions[0]: ")
		case len(p.Warnings) > 0:
			got = "warns: " + p.Warnings[0].Message
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	p, err := policy.Parse("p", []byte("version: 1\nkeys: {k: {cn-hangzou: key-1}}\naccounts: [{id: \"123\", role_arn: acs:ram::123:role/w}]\nrules:\n- {name: last, want: {algorithm: KMS, key: k}}\n"))
	if err != nil || len(p.Warnings) != 2 || !strings.HasPrefix(p.Warnings[0].String(), "p:2:12: keys.k.cn-hangzou: ") || !strings.Contains(p.Warnings[1].String(), "account IDs have 16") {
		t.Errorf("%v, %v", p, err)
	}
}
