package resourcedirectory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"bucketwarden/internal/canned"
	local "bucketwarden/internal/local/resourcedirectory"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/resourcedirectory"
)

const management = "1234567890123456"

var credentials = ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: credentials, AccountID: management})
}

func TestMembers_Sample(t *testing.T) {
	sample, err := os.ReadFile("testdata/answer.json")
	if err != nil {
		t.Fatal(err)
	}
	transport := &canned.Transport{Answers: []canned.Answer{{Body: string(sample)}}}
	got, err := resourcedirectory.New(transport, nil).Members(identified(t.Context()))
	want := []resourcedirectory.Member{
		{ID: "1000000000000002", Name: "prod", Tags: map[string]string{"env": "prod"}, Folders: []string{"r-FAKE", "fd-FAKE01"}, WholePath: true, Usable: true},
		{ID: "1000000000000003", Name: "being removed", Folders: []string{"r-FAKE"}, WholePath: true, Usable: true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	r := transport.Requests()[0]
	if r.URL.String() != "https://resourcedirectory.aliyuncs.com/?IncludeTags=true&MaxResults=100" || r.Header.Get("x-acs-version") != "2022-04-19" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}

// organisation is a local Resource Directory with n members, and a client for it.
func organisation(t *testing.T, n int) (*local.Server, *resourcedirectory.Client) {
	t.Helper()
	server := local.New(rpc.Options{AccountID: management})
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: credentials.AccessKeyID, AccessKeySecret: credentials.AccessKeySecret, SecurityToken: credentials.SecurityToken})
	for i := range n {
		server.Put(local.Account{ID: fmt.Sprintf("2%015d", i), Name: fmt.Sprintf("member-%d", i), Folders: []string{"fd-a", fmt.Sprintf("fd-%d", i%2)}, Tags: map[string]string{"n": fmt.Sprint(i)}})
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	transport := alicloud.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := resourcedirectory.New(transport, nil)
	var err error
	if client.Endpoint, err = url.Parse(web.URL); err != nil {
		t.Fatal(err)
	}
	return server, client
}

func TestMembers_ThousandInPages(t *testing.T) {
	server, client := organisation(t, 1000)
	server.Put(local.Account{ID: "2000000000000500", Name: "suspended", Status: "Suspended"})
	server.Put(local.Account{ID: "2000000000000501", Name: "leaving", DeletionStatus: "Deleting"})
	got, err := client.Members(identified(t.Context()))
	if err != nil || len(got) != 1000 || server.Count("ListAccounts") != 10 {
		t.Fatalf("%d members, %v, %d pages", len(got), err, server.Count("ListAccounts"))
	}
	for i, m := range got {
		if m.ID != fmt.Sprintf("2%015d", i) {
			t.Fatalf("member %d is %+v", i, m)
		}
		switch i {
		case 500:
			if m.Usable || m.Problem != `has the status "Suspended"` {
				t.Errorf("suspended: %+v", m)
			}
		case 501:
			if m.Usable || m.Problem != "is being deleted" {
				t.Errorf("leaving: %+v", m)
			}
		default:
			if !m.Usable || m.Tags["n"] != fmt.Sprint(i) || !reflect.DeepEqual(m.Folders, []string{local.Root, "fd-a", fmt.Sprintf("fd-%d", i%2)}) {
				t.Fatalf("member %d is %+v", i, m)
			}
		}
	}
}

// TestMembers_OneRefusedPage: a list is whole or an error.
func TestMembers_OneRefusedPage(t *testing.T) {
	server, client := organisation(t, 350)
	refuse := func(code string, times int) {
		server.SetFault(func(r rpc.Request) *rpc.Fault {
			if r.Params.Get("NextToken") != "after-2000000000000199" || times == 0 {
				return nil
			}
			times--
			return &rpc.Fault{Code: code}
		})
	}
	refuse("Throttling.User", 1)
	if got, err := client.Members(identified(t.Context())); err != nil || len(got) != 350 {
		t.Errorf("throttled once: %d members, %v", len(got), err)
	}
	refuse("NoPermission", 1)
	if got, err := client.Members(identified(t.Context())); ossenc.CodeOf(err) != ossenc.Denied || got != nil {
		t.Errorf("refused: %d members, %v", len(got), err)
	}
}

func TestMembers_TakesNothingElseForAList(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []string
		want   string
	}{
		"without accounts":      {[]string{`{"RequestId":"1"}`}, "an answer that is not the service's"},
		"an empty object":       {[]string{`{"Accounts":null}`}, "an answer that is not the service's"},
		"no ID":                 {[]string{`{"Accounts":{"Account":[{"DisplayName":"a"}]}}`}, `"" is not an account ID`},
		"a name for an ID":      {[]string{`{"Accounts":{"Account":[{"AccountId":"../x","FolderId":"r"}]}}`}, `"../x" is not an account ID`},
		"an ID twice":           {[]string{`{"Accounts":{"Account":[{"AccountId":"2","accountid":"3","FolderId":"r"}]}}`}, "an answer that is not the service's"},
		"a status twice":        {[]string{`{"Accounts":{"Account":[{"AccountId":"2","FolderId":"r","Status":"x","ſtatus":"CreateSuccess"}]}}`}, "an answer that is not the service's"},
		"nested without end":    {[]string{strings.Repeat(`{"":`, 1<<16)}, "an answer that is not the service's"},
		"no folder":             {[]string{`{"Accounts":{"Account":[{"AccountId":"2"}]}}`}, "account 2 is listed without its folder"},
		"the path of another":   {[]string{`{"Accounts":{"Account":[{"AccountId":"2","ResourceDirectoryPath":"rd/r/3"}]}}`}, "account 2 is listed without its folder"},
		"the same page forever": {[]string{`{"NextToken":"n","Accounts":{"Account":[{"AccountId":"2","FolderId":"r"}]}}`}, "does not end"},
		"a page of the whole":   {[]string{`{"TotalCount":2,"Accounts":{"Account":[{"AccountId":"2","FolderId":"r"}]}}`}, "the list ends with 1 of 2 accounts"},
		"empty pages forever":   {[]string{`{"NextToken":"a","Accounts":{"Account":[]}}`, `{"NextToken":"b","Accounts":{"Account":[]}}`}, "does not end"},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := &canned.Transport{}
			for _, body := range c.bodies {
				transport.Answers = append(transport.Answers, canned.Answer{Body: body})
			}
			got, err := resourcedirectory.New(transport, nil).Members(identified(t.Context()))
			if got != nil || ossenc.CodeOf(err) != ossenc.Unavailable || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		})
	}
}

// No member of the list shows a part of the credentials, wherever the service repeats it.
func TestMembers_ShowNoSecret(t *testing.T) {
	const secret = "9rT4kLmP2sWxYzQ8vBnC3dFg"
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: "token"}})
	const whole = `{"Accounts":{"Account":[{"AccountId":"2","DisplayName":"name","FolderId":"fd-a","ResourceDirectoryPath":"rd/r/2","Status":"odd","DeletionStatus":"no","Tags":{"Tag":[{"Key":"k-1","Value":"v-1"}]}}]}}`
	for _, field := range []string{`"2"`, `"name"`, `"fd-a"`, `"rd/r/2"`, `"odd"`, `"no"`, `"k-1"`, `"v-1"`} {
		synctest.Test(t, func(t *testing.T) {
			transport := &canned.Transport{Answers: []canned.Answer{{Body: strings.Replace(whole, field, `"`+strings.ToLower(secret)+`"`, 1)}}}
			got, err := resourcedirectory.New(transport, nil).Members(ctx)
			if text := strings.ToLower(fmt.Sprintf("%+v %v", got, err)); strings.Contains(text, strings.ToLower(secret[:8])) || ossenc.CodeOf(err) != ossenc.Unavailable {
				t.Errorf("%s: %s", field, text)
			}
		})
	}
}

func TestDirectory(t *testing.T) {
	_, client := organisation(t, 0)
	got, err := client.Directory(identified(t.Context()))
	if want := (resourcedirectory.Directory{ManagementAccount: management, RootFolder: local.Root}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	transport := &canned.Transport{Answers: []canned.Answer{{Body: `{"ResourceDirectory":{}}`}}}
	if _, err := resourcedirectory.New(transport, nil).Directory(identified(t.Context())); ossenc.CodeOf(err) != ossenc.Unavailable {
		t.Errorf("an empty directory: %v", err)
	}
}

// TestMembers_OnlyTheManagementAccount may ask.
func TestMembers_OnlyTheManagementAccount(t *testing.T) {
	server, client := organisation(t, 1)
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: "member", AccessKeySecret: "s", AccountID: "2000000000000000"})
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "member", AccessKeySecret: "s"}})
	if _, err := client.Members(ctx); ossenc.CodeOf(err) != ossenc.Denied {
		t.Errorf("%v", err)
	}
}

func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{"Accounts":{"Account":[{"AccountId":"2","ResourceDirectoryPath":"rd/r/2","Tags":{"Tag":[{"Key":"a","Value":"b"}]}}]}}`,
		`{"Accounts":{"Account":[]},"NextToken":"n"}`, `{"Accounts":[]}`, `null`, `[]`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		transport := &canned.Transport{Answers: []canned.Answer{{Body: body}}}
		got, err := resourcedirectory.New(transport, nil).Members(identified(t.Context()))
		if _, typed := errors.AsType[*ossenc.Error](err); err != nil && (!typed || got != nil) {
			t.Fatalf("%q: %+v, %v", body, got, err)
		}
		for _, m := range got {
			if !ossenc.ValidAccountID(m.ID) || len(m.Folders) == 0 || m.Usable == (m.Problem != "") {
				t.Fatalf("%q: %+v", body, m)
			}
		}
	})
}
