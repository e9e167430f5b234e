package policy_test

import (
	"context"
	"testing"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// keyed is a store of one bucket in a region, with a key in its rule.
type keyed struct {
	region, key string
	writes      int
}

func (k *keyed) Get(context.Context, ossenc.Bucket) (ossenc.Observation, error) {
	return ossenc.Observation{Rule: ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: k.key}, Region: k.region}, nil
}

func (k *keyed) Put(context.Context, ossenc.Bucket, ossenc.Rule) (ossenc.Observation, error) {
	k.writes++
	return ossenc.Observation{}, nil
}

func (k *keyed) Delete(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return k.Put(ctx, b, ossenc.Rule{})
}

// A policy with keys minds foreign keys in every region, in those too that it gives none;
// a policy without any key minds none anywhere.
func TestEnsure_KeysOfEveryRegion(t *testing.T) {
	const keys = "keys: {k: {cn-beijing: key-bj}}\n"
	const rules = "rules:\n  - {name: pay, match: {regions: [cn-beijing]}, want: {algorithm: KMS, key: k}}\n  - {name: rest, want: {algorithm: AES256}}\n"
	for _, tt := range []struct {
		text, region, key string
		code              ossenc.Code
	}{
		{keys + rules, "cn-beijing", "key-bj", ""},
		{keys + rules, "cn-beijing", "key-evil", ossenc.ForeignKey},
		{keys + rules, "cn-hangzhou", "key-evil", ossenc.ForeignKey},
		{keys + rules, "cn-hangzhou", "key-bj", ossenc.ForeignKey}, // of another region
		{"rules: [{name: all, want: {algorithm: AES256}}]\n", "cn-hangzhou", "key-any", ""},
	} {
		p, err := policy.Parse("p.yaml", []byte("version: 1\n"+tt.text))
		if err != nil {
			t.Fatal(err)
		}
		s := &keyed{region: tt.region, key: tt.key}
		w := &ossenc.Warden{Store: s, Policy: policy.Evaluator{Policy: p}}
		res := w.Ensure(t.Context(), ossenc.Task{Bucket: ossenc.Bucket{Name: "bucket-1"}})
		if res.Code != tt.code || res.Verdict.Failed() != (tt.code != "") || s.writes > 0 {
			t.Errorf("%s in %s: %s %q after %d writes: %s", tt.key, tt.region, res.Verdict, res.Code, s.writes, res.Reason)
		}
	}
}
