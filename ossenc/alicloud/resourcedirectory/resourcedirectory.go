// Package resourcedirectory lists the accounts of an organisation.
//
// Only the management account and delegated administrators may ask, and the
// service has one endpoint for all regions. (Sources: API ResourceDirectoryMaster
// of 2022-04-19. The vendor's generated client computes another host,
// resourcedirectorymaster.aliyuncs.com; the one here is the one that the vendor's
// Terraform provider uses.)
//
// Names and tags are text that an account's owner chose: never print them as they
// are.
package resourcedirectory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// Client asks with the credentials of the context's [ossenc.Identity]. It is safe
// for concurrent use.
type Client struct {
	// Endpoint replaces the public cloud's; nil for none.
	Endpoint *url.URL

	api openapi.Client
}

// New returns a client that sends over the given transport.
func New(transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{api: openapi.Client{Version: "2022-04-19", Transport: transport, Fallback: fallback}}
}

// Member is one account of the organisation, the management account not among
// them.
type Member struct {
	ID      string
	Name    string            // the display name: untrusted text
	Tags    map[string]string // untrusted text
	Folders []string          // from the root folder to the one that the account is in
	// WholePath is whether Folders are all of them; else they are the last one.
	WholePath bool
	// Usable is whether a role in the account can be assumed: the account has
	// joined, and is not being deleted. Problem says in a few words why not.
	Usable  bool
	Problem string
	// Leaving is whether the account is being deleted.
	Leaving bool
}

// MaxMembers bounds a list: the quota of an organisation is far below it, so a
// list that is longer does not end.
const MaxMembers = 20_000

const (
	pageSize       = "100" // the API's maximum
	opListAccounts = "ListAccounts"
	opDirectory    = "GetResourceDirectory"
)

// Members returns every account of the organisation, or an error: never a part. A
// page that is refused is asked for again twice, and then fails the whole list.
func (c *Client) Members(ctx context.Context) ([]Member, error) {
	var members []Member
	seen := map[string]bool{}
	token := ""
	for {
		page, next, total, err := c.page(ctx, token)
		if err != nil {
			return nil, err
		}
		before := len(members)
		for _, m := range page {
			if !seen[m.ID] {
				seen[m.ID] = true
				members = append(members, m)
			}
		}
		switch {
		case next == "" && len(members) < total: // whatever the paging is, a part is not the whole
			return nil, openapi.Unreadable(ctx, openapi.Call{Action: opListAccounts, Subject: fmt.Sprintf("the list ends with %d of %d accounts", len(members), total)})
		case next == "":
			return members, nil
		case next == token || len(members) == before || len(members) > MaxMembers:
			return nil, openapi.Unreadable(ctx, openapi.Call{Action: opListAccounts, Subject: "the list of accounts does not end"})
		}
		token = next
	}
}

// page returns a page, the token of the next one, and how many members the directory
// says that it has.
func (c *Client) page(ctx context.Context, token string) (members []Member, next string, total int, err error) {
	call := openapi.Call{
		Endpoint: c.endpoint(), Action: opListAccounts, Subject: "the accounts of the resource directory",
		Query: url.Values{"MaxResults": {pageSize}, "IncludeTags": {"true"}},
	}
	if token != "" {
		call.Query.Set("NextToken", token)
	}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return nil, "", 0, err
	}
	var a struct {
		Accounts   *struct{ Account []account }
		NextToken  string
		TotalCount int
	}
	if alicloud.IsAmbiguous(answer.Body) || json.Unmarshal(answer.Body, &a) != nil || a.Accounts == nil {
		return nil, "", 0, openapi.Unreadable(ctx, call)
	}
	for _, account := range a.Accounts.Account {
		if alicloud.Repeats(ctx, account.texts()...) {
			return nil, "", 0, openapi.Unreadable(ctx, call)
		}
		m, err := account.member()
		if err != nil {
			return nil, "", 0, &ossenc.Error{Op: opListAccounts, Code: ossenc.Unavailable, Message: call.Subject + ": " + err.Error()}
		}
		members = append(members, m)
	}
	return members, a.NextToken, a.TotalCount, nil
}

// account is a member as the API describes it.
type account struct {
	AccountID             string
	DisplayName           string
	FolderID              string
	ResourceDirectoryPath string
	Status                string
	DeletionStatus        string
	Tags                  struct {
		Tag []struct{ Key, Value string }
	}
}

// texts are all that become part of messages, results and decisions.
func (a account) texts() []string {
	texts := []string{a.AccountID, a.DisplayName, a.FolderID, a.ResourceDirectoryPath, a.Status, a.DeletionStatus}
	for _, t := range a.Tags.Tag {
		texts = append(texts, t.Key, t.Value)
	}
	return texts
}

// member checks what decisions depend on: an account that is listed in an unknown
// form must not be left out silently, nor be taken for another.
func (a account) member() (Member, error) {
	if !ossenc.ValidAccountID(a.AccountID) {
		return Member{}, fmt.Errorf("%.30q is not an account ID", a.AccountID)
	}
	m := Member{ID: a.AccountID, Name: a.DisplayName, Usable: true, Leaving: a.DeletionStatus == deleting}
	m.Folders, m.WholePath = a.folders()
	if len(m.Folders) == 0 {
		return Member{}, fmt.Errorf("account %s is listed without its folder", a.AccountID)
	}
	if len(a.Tags.Tag) > 0 {
		m.Tags = map[string]string{}
		for _, t := range a.Tags.Tag {
			m.Tags[t.Key] = t.Value
		}
	}
	if m.Problem = a.problem(); m.Problem != "" {
		m.Usable = false
	}
	return m, nil
}

// folders are those of the path <directory>/<root>/<folder>…/<account>; where the
// API gives none, the folder of the account alone, which is then not the whole path.
func (a account) folders() (folders []string, whole bool) {
	parts := strings.Split(a.ResourceDirectoryPath, "/")
	if len(parts) >= 3 && parts[len(parts)-1] == a.AccountID && !slices.Contains(parts, "") {
		return parts[1 : len(parts)-1], true
	}
	if a.FolderID != "" {
		return []string{a.FolderID}, false
	}
	return nil, false
}

const deleting = "Deleting" // the DeletionStatus of an account that cannot stay any more

// problem says why no role can be assumed in the account, or "".
func (a account) problem() string {
	switch {
	case a.DeletionStatus == deleting:
		return "is being deleted"
	case a.Status == "CreateSuccess", a.Status == "InviteSuccess", strings.HasPrefix(a.Status, "Promote"):
		return "" // Promote…: a member whose upgrade to a cloud account goes on or failed
	}
	return fmt.Sprintf("has the status %.40q", a.Status)
}

// Directory is the organisation itself.
type Directory struct {
	// ManagementAccount is not in the list of members.
	ManagementAccount string
	RootFolder        string
}

// Directory returns the organisation that the caller's account belongs to.
func (c *Client) Directory(ctx context.Context) (Directory, error) {
	call := openapi.Call{Endpoint: c.endpoint(), Action: opDirectory, Subject: "the resource directory"}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return Directory{}, err
	}
	var a struct {
		ResourceDirectory struct{ MasterAccountID, RootFolderID string }
	}
	d := &a.ResourceDirectory
	if alicloud.IsAmbiguous(answer.Body) || json.Unmarshal(answer.Body, &a) != nil || !ossenc.ValidAccountID(d.MasterAccountID) || d.RootFolderID == "" || alicloud.Repeats(ctx, d.MasterAccountID, d.RootFolderID) {
		return Directory{}, openapi.Unreadable(ctx, call)
	}
	return Directory{d.MasterAccountID, d.RootFolderID}, nil
}

func (c *Client) endpoint() *url.URL {
	if c.Endpoint != nil {
		return c.Endpoint
	}
	return &url.URL{Scheme: "https", Host: "resourcedirectory.aliyuncs.com"}
}
