package region_test

import (
	"slices"
	"testing"

	"bucketwarden/ossenc/region"
)

func TestKnown_IsInOrderAndValid(t *testing.T) {
	all := region.Known()
	if !slices.IsSorted(all) || len(all) < 35 {
		t.Fatalf("%d regions, in order: %t", len(all), slices.IsSorted(all))
	}
	for _, id := range all {
		if !region.Valid(id) || !region.IsKnown(id) || region.Parse(id) != id {
			t.Errorf("%s", id)
		}
	}
}

// Every way to write a region means that region, in any of them.
func TestParse_EverySpelling(t *testing.T) {
	for _, id := range append(region.Known(), "xx-newplace-7") {
		for _, spelling := range []string{
			id, "oss-" + id, id + "-internal", "oss-" + id + "-internal", " " + id + "\n", "https://oss-" + id + ".aliyuncs.com/",
			"oss-" + id + ".aliyuncs.com", "oss-" + id + "-internal.aliyuncs.com", id + ".oss.aliyuncs.com", "s3.oss-" + id + ".aliyuncs.com",
			"s3.oss-" + id + "-internal.aliyuncs.com", "vpc100-oss-" + id + ".aliyuncs.com",
		} {
			if got := region.Parse(spelling); got != id {
				t.Errorf("%q: %q, want %q", spelling, got, id)
			}
		}
	}
	for spelling, want := range map[string]string{
		"CN-Beijing":                             "cn-beijing",
		"OSS-CN-BEIJING-INTERNAL":                "cn-beijing",
		"cn_beijing":                             "cn-beijing",
		"oss.aliyuncs.com":                       "cn-hangzhou",
		"oss-internal.aliyuncs.com":              "cn-hangzhou",
		"oss-cn-hzfinance.aliyuncs.com":          "cn-hangzhou-finance",
		"oss-cn-hzfinance-internal.aliyuncs.com": "cn-hangzhou-finance",
		"oss-cn-hzjbp-a-internal.aliyuncs.com":   "cn-hangzhou-finance",
		"oss-cn-hzjbp-b-internal.aliyuncs.com":   "cn-hangzhou-finance",
		"oss-cn-hzjbp":                           "cn-hangzhou-finance",
		"cn-hangzhou-finance.oss.aliyuncs.com":   "cn-hangzhou-finance",
		"oss-cn-szfinance.aliyuncs.com":          "cn-shenzhen-finance-1",
		"oss-cn-shanghai-finance-1-pub":          "cn-shanghai-finance-1",
		"cn-shanghai-finance.oss.aliyuncs.com":   "cn-shanghai-finance-1",
		"oss-cn-beijing-finance-1-pub-internal":  "cn-beijing-finance-1",
		"oss-cn-north-2-gov-1.aliyuncs.com":      "cn-north-2-gov-1",
		"oss-rg-china-mainland.aliyuncs.com":     "rg-china-mainland",
		"oss-accelerate.aliyuncs.com":            "",
		"oss-accelerate-overseas.aliyuncs.com":   "",
		"beijing":                                "",
		"":                                       "",
		"华北2":                                    "",
		"cn-hang zhou":                           "",
		"cn-hangzhou.example.com":                "",
		"cn-hangzhou/../x":                       "",
		"a.oss-cn-hangzhou.aliyuncs.com":         "",
		"oss-cn-hangzhou.aliyuncs.com.evil.com":  "",
		"xx-" + string(make([]byte, 300)):        "",
		"oss-oss-cn-hangzhou":                    "",
	} {
		if got := region.Parse(spelling); got != want {
			t.Errorf("%q: %q, want %q", spelling, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("oss-cn-hangzhou-internal.aliyuncs.com")
	f.Fuzz(func(t *testing.T, s string) {
		if got := region.Parse(s); got != "" && (!region.Valid(got) || region.Parse(got) != got) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
