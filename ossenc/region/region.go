// Package region knows the regions of Alibaba Cloud that have OSS: their IDs, and
// what people and services call them besides.
//
// The list is that of "Regions and endpoints" in OSS's documentation (5 February
// 2026), with the regions that were closed or announced since. New regions appear:
// that an ID is not [Known] says that it may be a typing mistake, no more.
package region

import (
	"slices"
	"strings"
)

// known are the IDs, in order.
var known = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5",
	"ap-southeast-6", "ap-southeast-7", "ap-southeast-8", "cn-beijing", "cn-beijing-finance-1", "cn-chengdu", "cn-fuzhou",
	"cn-guangzhou", "cn-hangzhou", "cn-hangzhou-finance", "cn-heyuan", "cn-hongkong", "cn-huhehaote", "cn-nanjing",
	"cn-north-2-gov-1", "cn-qingdao", "cn-shanghai", "cn-shanghai-finance-1", "cn-shenzhen", "cn-shenzhen-finance-1", "cn-wuhan-lr",
	"cn-wulanchabu", "cn-zhangjiakou", "cn-zhengzhou-jva", "eu-central-1", "eu-west-1", "eu-west-2", "me-central-1", "me-east-1",
	"na-south-1", "rg-china-mainland", "sa-east-1", "us-east-1", "us-west-1",
}

// others are names of regions in OSS's hosts and older documents that are not
// their IDs: those of the finance cloud, and of the parts of a region that only
// the public or the internal network reaches.
var others = map[string]string{
	"cn-hzfinance":              "cn-hangzhou-finance",
	"cn-hzjbp":                  "cn-hangzhou-finance",
	"cn-hzjbp-a":                "cn-hangzhou-finance",
	"cn-hzjbp-b":                "cn-hangzhou-finance",
	"cn-shanghai-finance":       "cn-shanghai-finance-1",
	"cn-shanghai-finance-1-pub": "cn-shanghai-finance-1",
	"cn-szfinance":              "cn-shenzhen-finance-1",
	"cn-shenzhen-finance":       "cn-shenzhen-finance-1",
	"cn-shenzhen-finance-1-pub": "cn-shenzhen-finance-1",
	"cn-beijing-finance":        "cn-beijing-finance-1",
	"cn-beijing-finance-1-pub":  "cn-beijing-finance-1",
}

// Known returns the IDs of all known regions, in order.
func Known() []string { return slices.Clone(known) }

// IsKnown reports whether the ID is one of [Known].
func IsKnown(id string) bool {
	_, found := slices.BinarySearch(known, id)
	return found
}

// Valid reports whether s could be a region ID, such as cn-hangzhou: up to 40
// characters, words of a-z and 0-9 with a hyphen between. The form oss-cn-hangzhou
// is an OSS location, not a region ID.
func Valid(s string) bool {
	area, places, _ := strings.Cut(s, "-")
	if len(s) > 40 || len(area) < 2 || area == "oss" || strings.Trim(area, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	for place := range strings.SplitSeq(places, "-") {
		if place == "" || strings.Trim(place, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// Parse returns the region ID that s means, whichever way it is written, or "" if
// it means none: a region ID, an OSS location (oss-cn-hangzhou), a host of OSS
// (oss-cn-hangzhou-internal.aliyuncs.com, cn-hangzhou.oss.aliyuncs.com), one of
// the finance cloud's names, in any case, with -internal or -pub behind it.
func Parse(s string) string {
	if len(s) > 200 {
		return ""
	}
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://"), "/")
	s = strings.TrimSuffix(s, ".aliyuncs.com")
	s = strings.TrimPrefix(s, "s3.") // the hosts that speak S3
	s = strings.TrimSuffix(s, ".oss")
	for _, before := range []string{"vpc100-oss-", "oss-"} {
		s = strings.TrimPrefix(s, before)
	}
	s = strings.ReplaceAll(s, "_", "-")
	s = strings.TrimSuffix(strings.TrimSuffix(s, "-internal"), "-vpc")
	switch {
	case s == "oss" || s == "internal": // oss.aliyuncs.com and oss-internal.aliyuncs.com
		return "cn-hangzhou"
	case others[s] != "":
		return others[s]
	case IsKnown(strings.TrimSuffix(s, "-pub")):
		return strings.TrimSuffix(s, "-pub")
	case Valid(s) && !strings.HasPrefix(s, "accelerate"):
		return s
	}
	return ""
}
