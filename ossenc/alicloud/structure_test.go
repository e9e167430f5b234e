package alicloud_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

const (
	wholeRule  = `<?xml version="1.0"?><ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID>key-1</KMSMasterKeyID><KMSDataEncryption>SM4</KMSDataEncryption></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>`
	wholeError = `<Error><Code>NoSuchServerSideEncryptionRule</Code><Message>m</Message><RequestId>5C3D</RequestId><HostId>h</HostId><BucketName>b-1</BucketName><EC>0005-00000004</EC></Error>`
	wholeList  = `<ListAllMyBucketsResult><IsTruncated>false</IsTruncated><Owner><ID>1</ID></Owner><Buckets><Bucket><Name>b-1</Name><Region>cn-hangzhou</Region><Location>oss-cn-hangzhou</Location></Bucket><Bucket><Name>b-2</Name><Region>cn-hangzhou</Region></Bucket></Buckets></ListAllMyBucketsResult>`
	wholeTags  = `<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag></TagSet></Tagging>`
)

// calls are the calls of a client, each with a whole answer that is a success.
var calls = map[string]struct {
	status int
	body   string
	call   func(*testing.T, *alicloud.Client) (string, error)
}{
	"Get": {200, wholeRule, func(t *testing.T, c *alicloud.Client) (string, error) {
		a, err := c.Get(ctxOf(t), b1)
		return a.Rule.String(), err
	}},
	"Get, no rule": {404, wholeError, func(t *testing.T, c *alicloud.Client) (string, error) {
		a, err := c.Get(ctxOf(t), b1)
		return a.Rule.String(), err
	}},
	"List": {200, wholeList, func(t *testing.T, c *alicloud.Client) (string, error) {
		n := 0
		for _, err := range c.List(ctxOf(t), "", "") {
			if err != nil {
				return "", err
			}
			n++
		}
		return fmt.Sprint(n), nil
	}},
	"Tags": {200, wholeTags, func(t *testing.T, c *alicloud.Client) (string, error) {
		tags, err := c.Tags(ctxOf(t), b1)
		return fmt.Sprint(tags), err
	}},
	"Put": {200, "", func(t *testing.T, c *alicloud.Client) (string, error) {
		_, err := c.Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.AES256})
		return "", err
	}},
	"Delete": {204, "", func(t *testing.T, c *alicloud.Client) (string, error) {
		_, err := c.Delete(ctxOf(t), b1)
		return "", err
	}},
}

// 200 is a success, and 204 of a removal. No other 2xx is, whatever is in it.
func TestClient_OneStatusIsASuccess(t *testing.T) {
	for name, c := range calls {
		for status := 200; status < 300; status++ {
			synctest.Test(t, func(t *testing.T) {
				client, _ := answering(status, nil, text(c.body))
				got, err := c.call(t, client)
				good := status == 200 && name != "Get, no rule" || status == 204 && name == "Delete"
				if good != (err == nil) || err != nil && ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%s: %d is taken for %q, %v", name, status, got, err)
				}
			})
		}
	}
}

var element = regexp.MustCompile(`<(\w+)>[^<]+</\w+>`)

// An answer that says one thing twice is refused, whichever of its elements it is,
// wherever the second one stands and however its name is prefixed.
func TestClient_RefusesTwoElementsOfOneName(t *testing.T) {
	for name, c := range calls {
		for _, at := range element.FindAllStringSubmatchIndex(c.body, -1) {
			whole, tag := c.body[at[0]:at[1]], c.body[at[2]:at[3]]
			for how, twice := range map[string]string{
				"before":    "<" + tag + ">AES256</" + tag + ">" + whole,
				"behind":    whole + "<" + tag + ">AES256</" + tag + ">",
				"the same":  whole + whole,
				"empty":     whole + "<" + tag + "/>",
				"prefixed":  whole + "<x:" + tag + " y='>'>AES256</x:" + tag + ">",
				"commented": whole + "<!-- <a> --><" + tag + ">AES256</" + tag + ">",
				"nested":    whole + "<" + tag + "><z>1</z></" + tag + ">",
			} {
				synctest.Test(t, func(t *testing.T) {
					client, _ := answering(c.status, nil, text(c.body[:at[0]]+twice+c.body[at[1]:]))
					if got, err := c.call(t, client); ossenc.CodeOf(err) != ossenc.Unavailable || err == nil {
						t.Errorf("%s, %s %s: %q, %v", name, tag, how, got, err)
					}
				})
			}
		}
	}
}

// What only looks like a second element, and an element that is not known, are no
// contradiction; what does not end is.
func TestClient_ReadsTheStructureOfAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"as it is":         {wholeRule, true},
		"white space":      {strings.ReplaceAll(wholeRule, "><", ">\n  <"), true},
		"a comment":        {strings.Replace(wholeRule, "<KMSMasterKeyID>", "<!-- <SSEAlgorithm>AES256</SSEAlgorithm> --><KMSMasterKeyID>", 1), true},
		"an unknown one":   {strings.Replace(wholeRule, "<KMSMasterKeyID>", "<New>1</New><KMSMasterKeyID>", 1), true},
		"attributes":       {strings.Replace(wholeRule, "<SSEAlgorithm>", `<SSEAlgorithm a="<>" b='/'>`, 1), false}, // < is not allowed there
		"an attribute":     {strings.Replace(wholeRule, "<SSEAlgorithm>", `<SSEAlgorithm a=">/">`, 1), true},
		"two roots":        {wholeRule + wholeRule, false},
		"another behind":   {wholeRule + "<x/>", false},
		"not ended":        {strings.TrimSuffix(wholeRule, "</ServerSideEncryptionRule>"), false},
		"ended twice":      {wholeRule + "</ServerSideEncryptionRule>", false},
		"a broken comment": {wholeRule + "<!-- ", false},
		"too deep":         {strings.Replace(wholeRule, "<KMSMasterKeyID>", strings.Repeat("<a>", 20)+strings.Repeat("</a>", 20)+"<KMSMasterKeyID>", 1), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := answering(http.StatusOK, nil, text(c.body))
			got, err := client.Get(ctxOf(t), b1)
			if (err == nil) != c.good || err == nil && got.Rule.String() != "KMS(key-1)+SM4" {
				t.Errorf("%s: %s, %v", name, got.Rule, err)
			}
		})
	}
}

// An error in a header, which the SDK reads where there is no body, says nothing.
func TestClient_ReadsNoErrorFromAHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		header := http.Header{"X-Oss-Err": {"PEVycm9yPjxDb2RlPk5vU3VjaFNlcnZlclNpZGVFbmNyeXB0aW9uUnVsZTwvQ29kZT48L0Vycm9yPg=="}}
		client, _ := answering(http.StatusNotFound, header, text(""))
		if got, err := client.Get(ctxOf(t), b1); err == nil {
			t.Errorf("taken for %s", got.Rule)
		}
	})
}

// What OSS refuses about signatures and credentials is denied, whatever its code.
func TestClient_DeniedWhateverTheCode(t *testing.T) {
	for _, body := range []string{
		"<Error><Code>InvalidArgument</Code><Message>Authorization header is invalid</Message><EC>0002-00000063</EC></Error>",
		"<Error><Code>InvalidArgument</Code><Message>x</Message><EC>0002-00000227</EC></Error>",
		"<Error><Code>InvalidArgument</Code><Message>Authorization header is invalid</Message></Error>",
		"<Error><Code>InvalidArgument</Code><Message>Unsupported SIGNATURE version</Message></Error>",
		"<Error><Code>InvalidRequest</Code><Message>The access key is not known</Message></Error>",
		"<Error><Code>MalformedXML</Code><Message>x</Message><EC>0002-00000003</EC></Error>",
		"<Error><Code>SomethingNew</Code><Message>x</Message><EC>0002-00009999</EC></Error>",
		"<Error><Code>NoSuchBucket</Code><Message>x</Message><EC>0002-00000040</EC></Error>",
		"<Error><Code>MissingSecurityToken</Code><Message>x</Message></Error>",
		"<Error><Code>InvalidAccessKeyId.Inactive</Code><Message>x</Message></Error>",
		"<Error><Code>AuthorizationQueryParametersError</Code><Message>x</Message></Error>",
	} {
		for _, status := range []int{400, 403, 404, 409} {
			for name, c := range calls {
				synctest.Test(t, func(t *testing.T) {
					client, _ := answering(status, nil, text(body))
					if _, err := c.call(t, client); ossenc.CodeOf(err) != ossenc.Denied {
						t.Errorf("%s, %d %s: %v", name, status, body, err)
					}
				})
			}
		}
	}
	synctest.Test(t, func(t *testing.T) { // in a header alone, as behind an empty body
		client, _ := answering(400, http.Header{"X-Oss-Ec": {"0002-00000063"}}, text(""))
		if _, err := client.Get(ctxOf(t), b1); ossenc.CodeOf(err) != ossenc.Denied {
			t.Errorf("%v", err)
		}
	})
	for code, body := range map[ossenc.Code]string{ // and what is about the rule is not
		ossenc.Refused:   "<Error><Code>InvalidArgument</Code><Message>SM4 is not applicable if user is not in white list.</Message><EC>0005-00000204</EC></Error>",
		ossenc.Throttled: "<Error><Code>TotalQpsLimitExceeded</Code><Message>signature</Message><EC>0002-00000001</EC></Error>",
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := answering(400, nil, text(body))
			if _, err := client.Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.SM4}); ossenc.CodeOf(err) != code {
				t.Errorf("%v, want %s", err, code)
			}
		})
	}
}
