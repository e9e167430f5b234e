package oss

import (
	"encoding/xml"
	"slices"
	"strings"
)

// regions are those that OSS is in, without the oss- prefix, as the vendor's page
// "Regions and endpoints" lists them, with the finance and government clouds.
var regions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
	"ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "cn-beijing", "cn-beijing-finance-1", "cn-chengdu",
	"cn-fuzhou", "cn-guangzhou", "cn-hangzhou", "cn-hangzhou-finance", "cn-heyuan", "cn-hongkong", "cn-huhehaote",
	"cn-nanjing", "cn-north-2-gov-1", "cn-qingdao", "cn-shanghai", "cn-shanghai-finance-1", "cn-shenzhen",
	"cn-shenzhen-finance-1", "cn-wuhan-lr", "cn-wulanchabu", "cn-zhangjiakou", "cn-zhengzhou-jva", "cn-zhongwei",
	"eu-central-1", "eu-west-1", "me-central-1", "me-east-1", "na-south-1", "us-east-1", "us-southeast-1", "us-west-1",
}

// KnownRegion reports whether OSS has a region of this name, such as cn-hangzhou.
func KnownRegion(name string) bool { return slices.Contains(regions, name) }

// Regions returns the names of all regions, sorted.
func Regions() []string { return slices.Clone(regions) }

type regionListXML struct {
	XMLName xml.Name    `xml:"RegionInfoList"`
	Regions []regionXML `xml:"RegionInfo"`
}

type regionXML struct {
	Region             string
	InternetEndpoint   string
	InternalEndpoint   string
	AccelerateEndpoint string
}

// describeRegions answers all regions, or the one that the parameter names.
func describeRegions(_ *Server, c *call) (answer, *failure) {
	var doc regionListXML
	wanted := strings.TrimPrefix(c.query.Get("regions"), "oss-")
	for _, r := range regions {
		if wanted == "" || wanted == r {
			doc.Regions = append(doc.Regions, regionXML{"oss-" + r, extranet(r), intranet(r), "oss-accelerate" + realSuffix})
		}
	}
	if len(doc.Regions) == 0 {
		return answer{}, known("NoSuchRegion")
	}
	return document(doc), nil
}
