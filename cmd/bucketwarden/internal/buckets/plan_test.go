package buckets

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// The command's file of a plan and the function's answer are the same plan, whoever
// reads it.
func TestEncodePlan_IsTheFunctionsPlan(t *testing.T) {
	s := &service.Service{
		Policy: policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}),
		Now:    func() time.Time { return time.Date(2026, 11, 26, 8, 0, 0, 999, time.UTC) },
	}
	rows := []service.PlanRow{
		{Bucket: "payments", Region: "cn-beijing", Target: ossenc.Rule{Algorithm: ossenc.AES256}},
		{Account: "2222222222222222", Bucket: "logs", Region: "cn-hangzhou", Before: ossenc.Rule{Algorithm: ossenc.AES256}, Target: ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1", KMSDataEncryption: ossenc.SM4}},
	}
	for _, account := range []string{"", "1234567890123456"} {
		for n := range len(rows) + 1 {
			plan, err := s.NewPlan(account).With(rows[:n])
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := encodePlan(&file, plan); err != nil {
				t.Fatal(err)
			}
			answer, err := json.Marshal(plan)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range [][]byte{file.Bytes(), answer} {
				read, err := service.ParsePlan(text)
				if err != nil || read.Check(plan.Digest) != nil || len(read.Rows) != n || read.Account != account {
					t.Errorf("%s: %v, %v", text, err, read.Check(plan.Digest))
				}
			}
		}
	}
}
