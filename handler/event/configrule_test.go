package event

import (
	"strings"
	"testing"

	"bucketwarden/events"
	"bucketwarden/ossenc"
)

func TestReadConfigRule(t *testing.T) {
	sample := func(name string) string {
		b, err := events.Read("cloudconfig-rule-" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	item := func(members string) string {
		return `{"resultToken":"t","invokingEvent":{"messageType":"ScheduledNotification","configurationItem":{` + members + `}}}`
	}
	demo := ossenc.Bucket{Name: "demo-payments", Account: "1000000000000001", Region: "cn-hangzhou"}
	const account = "1000000000000001"
	for name, c := range map[string]struct {
		payload string
		want    ConfigRule
		err     string
	}{
		"change":   {sample("change"), ConfigRule{Token: "RkFLRS1yZXN1bHQtdG9rZW4r/w==", Ordering: "1764028800123", Account: account, ResourceType: bucketResource, ResourceID: "demo-payments", Bucket: demo}, ""},
		"oversize": {sample("oversize"), ConfigRule{Token: "RkFLRS1yZXN1bHQtdG9rZW4tMw==", Ordering: "1764028800999", Account: account, ResourceType: bucketResource, ResourceID: "demo-payments", Bucket: demo}, ""},
		"periodic": {sample("periodic"), ConfigRule{Token: "RkFLRS1yZXN1bHQtdG9rZW4tMg==", Ordering: "1764032400000", Account: account, Periodic: true}, ""},
		"periodic type for one resource": {
			item(`"resourceId":"b-one","resourceType":"ACS::OSS::Bucket","regionId":"oss-cn-beijing","accountId":"7"`),
			ConfigRule{Token: "t", Account: "7", ResourceType: bucketResource, ResourceID: "b-one", Bucket: ossenc.Bucket{Name: "b-one", Account: "7", Region: "cn-beijing"}},
			"",
		},
		"another resource": {
			item(`"resourceId":"i-1","resourceType":"ACS::ECS::Instance"`),
			ConfigRule{Token: "t", ResourceType: "ACS::ECS::Instance", ResourceID: "i-1"},
			"",
		},
		"other types of numbers": {
			`{"orderingTimestamp":"12","resultToken":"t","invokingEvent":{"accountId":"8","messageType":7}}`,
			ConfigRule{Token: "t", Ordering: "12", Account: "8", Periodic: true},
			"",
		},
		"a fraction is not an ID":   {`{"orderingTimestamp":1.5e3,"resultToken":"t","invokingEvent":{"accountId":1e15}}`, ConfigRule{Token: "t", Periodic: true}, ""},
		"no token":                  {`{"invokingEvent":{}}`, ConfigRule{}, "no result token"},
		"a token without end":       {`{"resultToken":"` + strings.Repeat("x", maxToken+1) + `","invokingEvent":{}}`, ConfigRule{}, "no result token"},
		"a change without resource": {`{"resultToken":"t","invokingEvent":{"messageType":"ConfigurationItemChangeNotification"}}`, ConfigRule{}, "names no resource"},
		"not a bucket's name":       {item(`"resourceId":"../x","resourceType":"ACS::OSS::Bucket"`), ConfigRule{}, "no valid bucket"},
		"not an object":             {`[]`, ConfigRule{}, "not a JSON object"},
	} {
		got, err := ReadConfigRule([]byte(c.payload))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		case err != nil || *got != c.want:
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// FuzzReadConfigRule: whatever arrives, nothing panics, a name is valid, and no
// error repeats the token.
func FuzzReadConfigRule(f *testing.F) {
	for _, name := range []string{"change", "oversize", "periodic"} {
		b, err := events.Read("cloudconfig-rule-" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add(`{"resultToken":"SECRETTOKEN","invokingEvent":{"configurationItem":[]}}`)
	f.Fuzz(func(t *testing.T, payload string) {
		r, err := ReadConfigRule([]byte(payload))
		if err != nil {
			if strings.Contains(err.Error(), "SECRETTOKEN") || len(err.Error()) > 100 {
				t.Fatalf("%v", err)
			}
			return
		}
		if r.Token == "" || r.Bucket.Name != "" && !ossenc.ValidBucketName(r.Bucket.Name) || r.Account != "" && !ossenc.ValidAccountID(r.Account) ||
			strings.Trim(r.Ordering, "0123456789") != "" || r.Periodic && (r.Bucket.Name != "" || r.ResourceID != "") {
			t.Fatalf("%q: %+v", payload, r)
		}
	})
}
