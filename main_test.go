package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

func TestConfig(t *testing.T) {
	rule := func(algorithm, key, data string) ossenc.Desired {
		return ossenc.Desired{Rule: ossenc.Rule{Algorithm: algorithm, KMSKeyID: key, KMSDataEncryption: data}, Compare: ossenc.Floor}
	}
	report, exact := rule("AES256", "", ""), rule("AES256", "", "")
	report.Report, exact.Compare = true, ossenc.Exact
	tests := []struct {
		name string
		env  []string
		want ossenc.Desired
	}{
		{"Defaults", nil, rule("AES256", "", "")},
		{"SM4", []string{"WARDEN_ALGORITHM=SM4"}, rule("SM4", "", "")},
		{"KMS", []string{"WARDEN_ALGORITHM=KMS", "WARDEN_KMS_KEY_ID=key-1", "WARDEN_KMS_DATA_ENCRYPTION=SM4"}, rule("KMS", "key-1", "SM4")},
		{"Report", []string{"WARDEN_MODE=report"}, report},
		{"Exact", []string{"WARDEN_COMPARE=exact"}, exact},
		{"EmptyIsUnset", []string{"WARDEN_ALGORITHM=", "WARDEN_MODE=", "WARDEN_COMPARE="}, rule("AES256", "", "")},
		{"OthersAreNotOurs", []string{"PATH=/bin", "WARDEN=x"}, rule("AES256", "", "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := configFrom(tt.env)
			if err != nil || cfg.want != tt.want {
				t.Errorf("want = %+v, %v; want %+v", cfg.want, err, tt.want)
			}
		})
	}
}

func TestConfig_EveryProblemAtOnce(t *testing.T) {
	_, err := configFrom([]string{
		"WARDEN_ALGORITHM=DES", "WARDEN_KMS_DATA_ENCRYPTION=AES", "WARDEN_COMPARE=x", "WARDEN_MODE=x",
		"WARDEN_OSS_ENDPOINT=x=y", "WARDEN_OSS_INTERNAL=1", "WARDEN_LOG_LEVEL=x", "WARDEN_ALGORITM=KMS",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"WARDEN_ALGORITHM,", "WARDEN_COMPARE", "WARDEN_MODE", "WARDEN_OSS_ENDPOINT", "WARDEN_OSS_INTERNAL", "WARDEN_LOG_LEVEL", "WARDEN_ALGORITM:"} {
		if !strings.Contains(err.Error(), "\n  "+name) {
			t.Errorf("nothing about %s in:\n%v", name, err)
		}
	}
}

// The README's tables hold what the code has, no more and no less.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	verdicts := []string{"compliant", "fixed", "would_fix", "exempt", "ignored", "gone", "blocked", "unknown", "invalid"}
	var codes []string
	for _, c := range ossenc.Codes() {
		codes = append(codes, string(c))
	}
	for _, table := range []struct {
		heading string
		want    []string
	}{
		{"| setting |", settings},
		{"| verdict |", verdicts},
		{"| code |", codes},
	} {
		got := firstColumn(readme, table.heading)
		if !sameSet(got, table.want) {
			t.Errorf("the table %q has %v\nthe code has %v", table.heading, got, table.want)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([a-z][^)#]*)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Errorf("a link to %s, which is not there", link[1])
		}
	}
	policy, err := os.ReadFile("docs/ram/policy.json")
	if err != nil || !strings.Contains(readme, strings.TrimSpace(string(policy))) {
		t.Errorf("the RAM policy is not docs/ram/policy.json (%v)", err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(string(makefile), "\n"+target[1]+":") {
			t.Errorf("make %s is no target", target[1])
		}
	}
}

// firstColumn returns the code words in the first column of a table.
func firstColumn(text, heading string) []string {
	_, table, _ := strings.Cut(text, heading)
	table, _, _ = strings.Cut(table, "\n\n")
	var words []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		words = append(words, m[1])
	}
	return words
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
