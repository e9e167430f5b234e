// Package resourcedirectory is Alibaba Cloud's Resource Directory, as far as an
// organisation's accounts are read, in memory.
//
// It answers ListAccounts (by NextToken, with tags) and GetResourceDirectory behind
// the common gateway, which verifies signatures. Only the management account may
// ask. What a wrong NextToken is answered with is this package's own choice.
package resourcedirectory

import (
	"sort"
	"strconv"
	"sync"

	"bucketwarden/internal/local/rpc"
)

// Version is that of the API.
const Version = "2022-04-19"

// Account is one member.
type Account struct {
	ID   string
	Name string // the display name
	// Folders lead from below the root folder to the account; none for the root.
	Folders []string
	Tags    map[string]string
	// Status is CreateSuccess by default, DeletionStatus empty.
	Status, DeletionStatus string
}

// Root is the root folder, ID the directory.
const (
	Root = "r-LOCAL"
	ID   = "rd-LOCAL"
)

// Server is the service. It is safe for concurrent use.
type Server struct {
	*rpc.Gateway

	mu       sync.Mutex
	accounts map[string]Account
}

// New returns an organisation without members; its management account is the
// gateway's AccountID.
func New(o rpc.Options) *Server {
	s := &Server{accounts: map[string]Account{}}
	s.Gateway = rpc.New(o, Version, map[string]rpc.Action{
		"ListAccounts":         s.managementOnly(s.listAccounts),
		"GetResourceDirectory": s.managementOnly(s.getResourceDirectory),
	})
	return s
}

// Put adds an account, or replaces the one with the same ID.
func (s *Server) Put(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[a.ID] = a
}

// Remove takes an account out of the organisation.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts, id)
}

func (s *Server) managementOnly(do rpc.Action) rpc.Action {
	return func(c *rpc.Call) (map[string]any, *rpc.Failure) {
		if c.AccountID != s.AccountID() {
			return nil, &rpc.Failure{Status: 403, Code: "NoPermission", Message: "You are not authorized to do this action. You should be authorized by RAM."}
		}
		return do(c)
	}
}

func (s *Server) getResourceDirectory(*rpc.Call) (map[string]any, *rpc.Failure) {
	return map[string]any{"ResourceDirectory": map[string]any{
		"ResourceDirectoryId": ID, "MasterAccountId": s.AccountID(), "RootFolderId": Root, "ControlPolicyStatus": "Enabled",
	}}, nil
}

func (s *Server) listAccounts(c *rpc.Call) (map[string]any, *rpc.Failure) {
	size, err := strconv.Atoi(c.Params.Get("MaxResults"))
	if err != nil || size < 1 || size > 100 {
		return nil, invalid("MaxResults")
	}
	all := s.sorted()
	from := 0
	if token := c.Params.Get("NextToken"); token != "" {
		from = sort.Search(len(all), func(i int) bool { return "after-"+all[i].ID > token })
	}
	to := min(from+size, len(all))
	members := []any{}
	for _, a := range all[from:to] {
		members = append(members, a.json(c.Params.Get("IncludeTags") == "true"))
	}
	next := ""
	if to < len(all) {
		next = "after-" + all[to-1].ID
	}
	return map[string]any{
		"TotalCount": len(all), "PageNumber": 1, "PageSize": size, "NextToken": next,
		"Accounts": map[string]any{"Account": members},
	}, nil
}

func (s *Server) sorted() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Account
	for _, a := range s.accounts {
		all = append(all, a)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

func invalid(parameter string) *rpc.Failure {
	return &rpc.Failure{Status: 400, Code: "InvalidParameter." + parameter, Message: "The specified parameter " + parameter + " is not valid."}
}

func (a Account) json(tags bool) map[string]any {
	path, folder := ID+"/"+Root, Root
	for _, f := range a.Folders {
		path, folder = path+"/"+f, f
	}
	status := a.Status
	if status == "" {
		status = "CreateSuccess"
	}
	list := []any{}
	for key, value := range a.Tags {
		if tags {
			list = append(list, map[string]any{"Key": key, "Value": value})
		}
	}
	return map[string]any{
		"AccountId": a.ID, "AccountName": a.Name + "@" + ID + ".aliyunid.com", "DisplayName": a.Name, "Type": "ResourceAccount",
		"Status": status, "DeletionStatus": a.DeletionStatus, "JoinMethod": "created",
		"JoinTime": "2021-01-18T08:01:50.522Z", "ModifyTime": "2021-01-18T08:04:37.668Z",
		"ResourceDirectoryId": ID, "FolderId": folder, "ResourceDirectoryPath": path + "/" + a.ID,
		"Tags": map[string]any{"Tag": list},
	}
}
