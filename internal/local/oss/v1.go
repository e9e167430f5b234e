package oss

import "strings"

// v1Hints is the line to change for each client whose default is the V1 signature,
// by a part of its User-Agent. The order counts: ossutil names the SDK too.
var v1Hints = []struct{ agent, hint string }{
	{"ossutil", "Add: --sign-version v4 --region cn-hangzhou"},
	{"alibabacloud-go-sdk-v2", "Remove: WithSignatureVersion(oss.SignatureVersionV1)"},
	{"alibabacloud-python-sdk-v2", "Remove: cfg.signature_version = 'v1'"},
	{"aliyun-sdk-go", `Add to oss.New: oss.AuthVersion(oss.AuthV4), oss.Region("cn-hangzhou")`},
	{"aliyun-sdk-nodejs", "Add to new OSS: authorizationV4: true, region: 'oss-cn-hangzhou'"},
	{"aliyun-sdk-js", "Add to new OSS: authorizationV4: true, region: 'oss-cn-hangzhou'"},
	{"aliyun-sdk-python", "Use: oss2.Bucket(oss2.AuthV4(id, secret), endpoint, name, region='cn-hangzhou')"},
	{"aliyun-sdk-java", `Add: configuration.setSignatureVersion(SignVersion.V4) and .region("cn-hangzhou")`},
	{"aliyun-sdk-php", "Add: 'signatureVersion' => OssClient::OSS_SIGNATURE_VERSION_V4, 'region' => 'cn-hangzhou'"},
}

// v1Refused says how the client that sent a V1 signature makes V4 ones.
func v1Refused(userAgent string) *failure {
	hint := "Set the client's signature version to V4, and its region."
	for _, h := range v1Hints {
		if strings.Contains(strings.ToLower(userAgent), h.agent) {
			hint = h.hint
			break
		}
	}
	return invalidArgument("The V1 signature is not supported. Use "+algorithmV4+". "+hint, "")
}
