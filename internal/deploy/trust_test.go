package deploy

import (
	"slices"
	"testing"
)

func TestTrust(t *testing.T) {
	tests := []struct{ name, kind, who string }{
		{"trust.json", "Service", "fc.aliyuncs.com"},
		{"trust-member.json", "RAM", "acs:ram::1234567890123456:role/bucketwarden"},
	}
	for _, test := range tests {
		p := readPolicy(t, test.name)
		if len(p.Statement) != 1 {
			t.Fatalf("%s has %d statements, want 1", test.name, len(p.Statement))
		}
		s := p.Statement[0]
		if s.Effect != "Allow" || s.Action != "sts:AssumeRole" || s.Resource != nil ||
			len(s.Principal) != 1 || !slices.Equal(s.Principal[test.kind], []string{test.who}) {
			t.Errorf("%s: got %+v", test.name, s)
		}
	}
}
