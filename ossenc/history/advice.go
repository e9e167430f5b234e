package history

import (
	"fmt"
	"strings"

	"bucketwarden/ossenc"
)

// Advice returns what ends a fight with a client of this family: what to change on its
// side, so that it wants the required rule or none of its own.
func Advice(tool ossenc.Tool, required ossenc.Rule) string {
	switch tool {
	case ossenc.ToolTerraform:
		return fmt.Sprintf("Terraform, OpenTofu: leave the rule of alicloud_oss_bucket to others:\n%s\n"+
			"or require the same rule in a resource of its own:\n%s\n"+
			"Pulumi: new alicloud.oss.Bucket(name, args, { ignoreChanges: [\"serverSideEncryptionRule\"] })",
			ignoreChanges, dedicated(required))
	case ossenc.ToolTerraformResource:
		return fmt.Sprintf("Terraform, OpenTofu: let the resource want what is required, or remove it:\n%s\n"+
			"Pulumi: new alicloud.oss.BucketServerSideEncryption(name, %s)", dedicated(required), pulumi(required))
	case ossenc.ToolService:
		return "ROS: let the stack's ALIYUN::OSS::Bucket have what is required, or no ServerSideEncryptionConfiguration:\n" + ros(required) +
			"\nOOS, Cloud Config: end the automation that sets the rule, or give it the required one"
	case ossenc.ToolConsole:
		return "a person uses the console: agree on who owns the rule, or exempt the bucket in the policy, with a last day"
	}
	return "find the program that sets the rule, and let it set " + required.String() + " or nothing; or exempt the bucket in the policy, with a last day"
}

const ignoreChanges = `resource "alicloud_oss_bucket" "NAME" {
  lifecycle {
    ignore_changes = [server_side_encryption_rule]
  }
}`

// dedicated is the resource for the rule alone.
func dedicated(r ossenc.Rule) string {
	lines := []string{`resource "alicloud_oss_bucket_server_side_encryption" "NAME" {`, `  bucket        = "BUCKET"`, fmt.Sprintf(`  sse_algorithm = "%s"`, r.Algorithm)}
	if r.KMSKeyID != "" {
		lines = append(lines, fmt.Sprintf(`  kms_master_key_id = "%s"`, r.KMSKeyID))
	}
	if r.KMSDataEncryption != "" {
		lines = append(lines, fmt.Sprintf(`  kms_data_encryption = "%s"`, r.KMSDataEncryption))
	}
	return strings.Join(append(lines, "}"), "\n")
}

func pulumi(r ossenc.Rule) string {
	parts := []string{`bucket: "BUCKET"`, fmt.Sprintf("sseAlgorithm: %q", r.Algorithm)}
	if r.KMSKeyID != "" {
		parts = append(parts, fmt.Sprintf("kmsMasterKeyId: %q", r.KMSKeyID))
	}
	if r.KMSDataEncryption != "" {
		parts = append(parts, fmt.Sprintf("kmsDataEncryption: %q", r.KMSDataEncryption))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func ros(r ossenc.Rule) string {
	lines := []string{"ServerSideEncryptionConfiguration:", "  SSEAlgorithm: " + r.Algorithm}
	if r.KMSKeyID != "" {
		lines = append(lines, "  KMSMasterKeyID: "+r.KMSKeyID)
	}
	return strings.Join(lines, "\n")
}
