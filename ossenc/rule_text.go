package ossenc

import (
	"fmt"
	"strings"
)

// ParseRule reads what [Rule.String] writes: none, AES256, SM4, KMS, KMS(key-id),
// KMS+SM4, KMS(key-id)+SM4. Logs hold rules in this form.
func ParseRule(s string) (Rule, error) {
	if s == "none" {
		return Rule{}, nil
	}
	rest, data := s, ""
	if head, found := strings.CutSuffix(s, "+"+SM4); found {
		rest, data = head, SM4
	}
	algorithm, key := rest, ""
	if inner, found := strings.CutPrefix(rest, KMS+"("); found && strings.HasSuffix(inner, ")") {
		algorithm, key = KMS, strings.TrimSuffix(inner, ")")
	}
	r, err := ObservedRule(algorithm, key, data)
	if err != nil || r.String() != s {
		return Rule{}, fmt.Errorf("%.80q is not a rule, such as none, AES256, KMS or KMS(key-id)+SM4", s)
	}
	return r, nil
}
