package alicloud_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// The keys of a simulated account. key-evil is another person's, and works; the last two
// cannot encrypt anything.
const (
	evilKey     = "key-evil"
	disabledKey = "key-off"
	missingKey  = "key-lost"
)

var unusableKeys = []string{disabledKey, missingKey}

// oddRules are what others set beside [simulatedRules]: keys that the policy does not
// name, that are disabled, or that are not there. OSS takes them all.
var oddRules = []localoss.Rule{
	{Algorithm: "KMS", KMSKeyID: evilKey},
	{Algorithm: "KMS", KMSKeyID: evilKey, KMSDataEncryption: "SM4"},
	{Algorithm: "KMS", KMSKeyID: disabledKey},
	{Algorithm: "KMS", KMSKeyID: missingKey, KMSDataEncryption: "SM4"},
}

// keyPolicy requires the same of every bucket, and names keys; nil for none.
type keyPolicy struct {
	want  ossenc.Desired
	named []string
}

func (p keyPolicy) Evaluate(context.Context, ossenc.Bucket, ossenc.FactsFunc) (ossenc.Requirement, error) {
	return ossenc.Requirement{Desired: p.want, Keys: p.named, Named: p.named}, nil
}

func (keyPolicy) Exemption(context.Context, ossenc.Bucket, ossenc.FactsFunc) *ossenc.Exemption {
	return nil
}

// anyRule is what another writer sets.
func (w *world) anyRule(dice *rand.Rand) localoss.Rule {
	if w.asksKMS && dice.IntN(4) == 0 {
		return anyOf(dice, oddRules...)
	}
	return anyOf(dice, simulatedRules...)
}

// isBlocked reports whether nobody may bring a bucket with the rule to what is required:
// the key that would be written cannot be used, or the one that is kept is not named.
func (w *world) isBlocked(rule ossenc.Rule) bool {
	target := ossenc.Decide(rule, w.want.Rule, w.want.Compare).Target
	if !w.asksKMS || target.KMSKeyID == "" {
		return false
	}
	isForeign := w.named != nil && target.KMSKeyID == rule.KMSKeyID && !slices.Contains(w.named, target.KMSKeyID)
	return isForeign || slices.Contains(unusableKeys, target.KMSKeyID)
}

// checkKeys: no key was written that KMS does not call usable, or that the policy does not
// name, whoever set it before, and whatever KMS answered.
func (w *world) checkKeys() {
	for key := range w.ledger.WrittenKeys() {
		if !w.asksKMS || key == "" {
			continue
		}
		if slices.Contains(unusableKeys, key) {
			w.t.Errorf("%s was written, which cannot be used", key)
		}
		if w.named != nil && !slices.Contains(w.named, key) {
			w.t.Errorf("%s was written, which the policy does not name", key)
		}
	}
}

// describeKey is KMS, which answers nonsense as often as this world has trouble.
func (n network) describeKey(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		return nil, err
	}
	key := form.Get("KeyId")
	n.mu.Lock()
	dice := n.dice("kms", r.Header.Get("Authorization"), key)
	isOdd := !n.calm && dice.IntN(100) < n.trouble
	n.mu.Unlock()
	select {
	case <-time.After(time.Millisecond + time.Duration(dice.Int64N(int64(20*time.Millisecond)))):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	region := strings.Split(r.URL.Host, ".")[1]
	status, answer := keyAnswer(key, region)
	if isOdd {
		if status, answer = oddKeyAnswer(dice, key, region); status == 0 {
			return nil, errReset
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)), Request: r,
	}, nil
}

func keyAnswer(key, region string) (status int, answer string) {
	switch key {
	case missingKey:
		return 404, `{"Code":"Forbidden.KeyNotFound","Message":"The specified Key is not found.","RequestId":"R"}`
	case disabledKey:
		return 200, keyMetadata(key, region, "KeyState", "Disabled")
	}
	return 200, keyMetadata(key, region, "KeyState", "Enabled")
}

// keyMetadata is an answer about a key, with one member changed.
func keyMetadata(key, region, member string, value any) string {
	m := map[string]any{
		"KeyId": key, "Arn": "acs:kms:" + region + ":1234567890123456:key/" + key, "Creator": "1234567890123456",
		"KeyState": "Enabled", "KeyUsage": "ENCRYPT/DECRYPT", "KeySpec": "Aliyun_AES_256",
	}
	m[member] = value
	b, err := json.Marshal(map[string]any{"KeyMetadata": m, "RequestId": "R"})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// oddKeyAnswer is none, or one that says that the key is usable but for what is wrong
// with it. What is about a key that is not usable never says so of that key itself.
func oddKeyAnswer(dice *rand.Rand, key, region string) (status int, answer string) {
	switch dice.IntN(14) {
	case 0:
		return 0, ""
	case 1:
		return 200, "{}"
	case 2:
		return 200, "null"
	case 3:
		return 200, "<html>200</html>"
	case 4:
		return 502, "<html>502</html>"
	case 5:
		return 200, keyMetadata("key-1-other", region, "KeyState", "Enabled")
	case 6:
		return 200, keyMetadata(key, "cn-nowhere", "KeyState", "Enabled")
	case 7:
		return 200, keyMetadata(key, region, "KeyState", "")
	case 8:
		return 200, keyMetadata(key, region, "KeyUsage", "")
	case 9:
		return 200, keyMetadata(key, region, "KeyUsage", "SIGN/VERIFY")
	case 10:
		return 200, keyMetadata(key, region, "KeyState", 1)
	case 11:
		return 200, fmt.Sprintf(`{"Code":"Forbidden.KeyNotFound",%s`, strings.TrimPrefix(keyMetadata(key, region, "KeyState", "Enabled"), "{"))
	case 12:
		return 206, keyMetadata(key, region, "KeyState", "Enabled")
	}
	return 400, `{"Code":"Throttling.User","Message":"slow down"}`
}
