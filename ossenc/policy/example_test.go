package policy_test

import (
	"fmt"
	"time"

	"bucketwarden/ossenc/policy"
)

// Check a policy file, and ask what it says about a bucket.
func ExampleParse() {
	_, err := policy.Parse("policy.yaml", []byte(`
version: 1
rules:
  - name: everything
    want: {algorithm: AES265}
`))
	fmt.Println(err)

	p, err := policy.Parse("policy.yaml", []byte(`
version: 1
rules:
  - name: payments
    match: {buckets: [pay-*]}
    want: {algorithm: KMS}
  - name: everything else
    want: {algorithm: AES256}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := p.For(policy.Facts{Bucket: "pay-2026", Region: "cn-hangzhou"}, time.Now())
	fmt.Println(r.Rule, r.Desired.Rule, r.Desired.Compare, err)
	// Output:
	// policy.yaml:5:23: rules[0].want.algorithm: "AES265" is none of AES256, KMS, SM4 (did you mean AES256?)
	// payments KMS floor <nil>
}
