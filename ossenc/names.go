package ossenc

import (
	"fmt"
	"strings"

	"bucketwarden/ossenc/region"
)

// Names are checked by hand: compiling a regular expression with a bounded repeat
// costs every cold start up to half a millisecond.

// consistsOf reports whether s is not empty and every byte of it is a-z, 0-9 or
// one of others.
func consistsOf(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

const upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// isKeyID covers key IDs, aliases and key ARNs. OSS itself stores any string
// and fails only when an object is uploaded, so a typo is refused here.
func isKeyID(s string) bool {
	return len(s) <= 255 && consistsOf(s, upperCase+"/_:.-") && consistsOf(s[:1], upperCase)
}

// ValidBucketName reports whether OSS could have a bucket of this name: 3 to 63
// characters a-z, 0-9 and -, no - at either end.
func ValidBucketName(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && consistsOf(name, "-") && name[0] != '-' && name[len(name)-1] != '-'
}

// ValidRegion reports whether s could be a region ID, such as cn-hangzhou. The
// form oss-cn-hangzhou is an OSS location, not a region ID.
func ValidRegion(s string) bool { return region.Valid(s) }

// ValidAccountID reports whether s could be the ID of an Alibaba Cloud account:
// 1 to 20 digits, no 0 in front: 01 and 1 would be two accounts to us and one to
// Alibaba Cloud. Those of today have 16.
func ValidAccountID(s string) bool {
	return s != "" && len(s) <= 20 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// RoleAccount returns the ID of the account that a RAM role's ARN belongs to. The
// role's name has up to 64 letters, digits and . _ -.
func RoleAccount(arn string) (string, error) {
	rest, isRAM := strings.CutPrefix(arn, "acs:ram::")
	account, name, isRole := strings.Cut(rest, ":role/")
	if !isRAM || !isRole || !ValidAccountID(account) || len(name) > 64 || !consistsOf(name, upperCase+"._-") {
		return "", fmt.Errorf("%.80q is not a role ARN; write acs:ram::<account ID>:role/<name>", arn)
	}
	return account, nil
}
