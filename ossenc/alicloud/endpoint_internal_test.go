package alicloud

import "testing"

func TestRegionOf(t *testing.T) {
	for endpoint, want := range map[string]string{
		"oss-cn-hangzhou.aliyuncs.com":          "cn-hangzhou",
		"oss-cn-hangzhou-internal.aliyuncs.com": "cn-hangzhou",
		"oss-.aliyuncs.com":                     "",
		"oss-cn_hangzhou.aliyuncs.com":          "",
		"oss-cn.hangzhou.aliyuncs.com":          "",
		"oss-cn-hangzhou.aliyuncs.com.evil.com": "",
		"oss-cn-hangzhou.evil.com":              "",
		"kms.cn-hangzhou.aliyuncs.com":          "",
		"OSS-cn-hangzhou.aliyuncs.com":          "",
		"oss-cn-hangzhou.aliyuncs.com\n":        "",
		"":                                      "",
	} {
		if got := regionOf(endpoint); got != want {
			t.Errorf("%q: %q, want %q", endpoint, got, want)
		}
	}
}
