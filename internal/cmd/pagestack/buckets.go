package main

import (
	"fmt"

	localoss "bucketwarden/internal/local/oss"
)

// kinds are buckets in every state that there is, some with names and keys that
// try to be something else. What is to fail goes into faults.
func kinds(faults map[string]localoss.Fault) []localoss.Bucket {
	aes, sm4 := localoss.Rule{Algorithm: "AES256"}, localoss.Rule{Algorithm: "SM4"}
	key := func(id string) localoss.Rule { return localoss.Rule{Algorithm: "KMS", KMSKeyID: id} }
	var all []localoss.Bucket
	add := func(name, region string, rule localoss.Rule) {
		all = append(all, localoss.Bucket{Name: name, Region: region, Rule: rule})
	}
	for i, name := range []string{"analytics-raw", "analytics-curated", "app-assets", "audit-trail", "backup-daily", "backup-weekly", "billing-exports", "cdn-origin", "customer-uploads", "data-lake", "finance-ledger", "invoices-archive"} {
		add(name, []string{"cn-hangzhou", "cn-shanghai", "cn-beijing"}[i%3], aes)
	}
	add("gov-records", "cn-beijing", sm4)
	add("health-records", "cn-shanghai", localoss.Rule{Algorithm: "KMS", KMSDataEncryption: "SM4"})
	add("hr-documents", "cn-hangzhou", localoss.Rule{Algorithm: "KMS"})
	add("payments", "cn-hangzhou", key("key-hzz62f1cb66fa42qo9n"))
	add("payments-eu", "eu-central-1", key("acs:kms:eu-central-1:1234567890123456:key/key-ger64f1cb66fa42qo9n"))
	add("legacy-exports", "cn-hangzhou", localoss.Rule{})
	add("marketing-images", "cn-shenzhen", localoss.Rule{})
	add("temp-migration-2024", "ap-southeast-1", localoss.Rule{})
	add("zz-hostile-key", "cn-beijing", key(`"><img src=x onerror=alert(1)><script>alert(2)</script>`))
	add("zz-hostile-key-2", "cn-beijing", key("key-\u202egnp.exe\u202c'$(touch /tmp/x)`id`"))
	add("<script>alert(document.domain)</script>", "cn-hangzhou", aes)
	add("partner-dropbox", "cn-shanghai", aes)
	faults["partner-dropbox"] = localoss.Fault{Code: "AccessDenied"}
	add("old-region-bucket", "us-west-1", aes)
	faults["old-region-bucket"] = localoss.Fault{Status: 503, Code: "ServiceUnavailable"}
	add("future-rule", "cn-hangzhou", localoss.Rule{Algorithm: "AES512"})
	return all
}

// many are the buckets of a large account.
func many(n int) []localoss.Bucket {
	regions := []string{"cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "cn-hongkong", "ap-southeast-1", "ap-northeast-1", "eu-central-1", "us-east-1", "us-west-1"}
	var all []localoss.Bucket
	for i := range n {
		b := localoss.Bucket{Name: fmt.Sprintf("team-%02d-data-%05d", i%37, i), Region: regions[i*i%len(regions)], Rule: localoss.Rule{Algorithm: "AES256"}}
		switch {
		case i%53 == 0:
			b.Rule = localoss.Rule{}
		case i%7 == 0:
			b.Rule = localoss.Rule{Algorithm: "KMS", KMSKeyID: fmt.Sprintf("key-hzz%016d", i%11)}
		case i%19 == 0:
			b.Rule = localoss.Rule{Algorithm: "SM4"}
		}
		all = append(all, b)
	}
	return all
}

// compliant are the buckets of an account without anything to fix.
func compliant(n int) []localoss.Bucket {
	all := many(n)
	for i := range all {
		if all[i].Rule.Algorithm == "" {
			all[i].Rule.Algorithm = "AES256"
		}
	}
	return all
}
