package ossenc

import (
	"regexp"
	"strings"
	"testing"
)

// The rules as one would write them down: too slow to compile at every cold
// start, but not to test with.
func TestChecks_SayWhatThePatternsSay(t *testing.T) {
	region := regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	tests := []struct {
		name      string
		got, want func(string) bool
	}{
		{"BucketName", ValidBucketName, regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`).MatchString},
		{"KeyID", isKeyID, regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9/_:.-]{0,254}$`).MatchString},
		{
			"Region", ValidRegion,
			func(s string) bool { return len(s) <= 40 && region.MatchString(s) && !strings.HasPrefix(s, "oss-") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for s := range samples {
				if tt.got(s) != tt.want(s) {
					t.Errorf("%q: %t, the pattern says %t", s, tt.got(s), tt.want(s))
				}
			}
		})
	}
}

// samples yields every word of up to four characters of an alphabet of borderline
// ones, alone and inside names of each kind, and names of border lengths.
func samples(yield func(string) bool) {
	words := []string{""}
	for range 4 {
		next := []string{""}
		for _, w := range words {
			for _, c := range "as0-.A/\n" {
				next = append(next, w+string(c))
			}
		}
		words = next
	}
	for _, n := range []int{39, 60, 61, 62, 251, 252, 253} {
		words = append(words, strings.Repeat("a", n), strings.Repeat("-", n))
	}
	for _, w := range words {
		for _, s := range []string{w, "o" + w, "oss" + w, "b" + w + "b", "cn-" + w, "oss-" + w + ".aliyuncs.com", w + ".aliyuncs.com"} {
			if !yield(s) {
				return
			}
		}
	}
}
