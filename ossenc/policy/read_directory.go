package policy

import (
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
)

// maxDirectoryIDs bounds the lists of folders and of what is excluded.
const maxDirectoryIDs = 1000

func readDirectory(n document.Node) *ossenc.Members {
	if !n.Exists() {
		return nil
	}
	o := n.Object("role_name", "folders", "exclude")
	d := &ossenc.Members{RoleName: o.Require("role_name").Text()}
	if _, err := ossenc.RoleAccount("acs:ram::1:role/" + d.RoleName); d.RoleName != "" && err != nil {
		o.Get("role_name").Problem("%.80q is not the name of a RAM role, such as bucketwarden-member", d.RoleName)
	}
	d.Folders = readDirectoryIDs(o.Get("folders"), "of a folder, such as fd-PkZ2XXXXXX", isFolder)
	d.Exclude = readDirectoryIDs(o.Get("exclude"), "of an account or of a folder", func(id string) bool { return isFolder(id) || ossenc.ValidAccountID(id) })
	return d
}

func readDirectoryIDs(n document.Node, what string, valid func(string) bool) []string {
	items := n.Items()
	if len(items) > maxDirectoryIDs {
		n.Problem("%d IDs; at most %d are allowed", len(items), maxDirectoryIDs)
		return nil
	}
	var ids []string
	for _, item := range items {
		id := item.Text()
		if id != "" && !valid(id) {
			item.Problem("%.40q is not the ID %s", id, what)
		}
		ids = append(ids, id)
	}
	checkDistinct(items)
	return ids
}

// isFolder reports whether s is the ID of a folder: of the root, r-, or of another, fd-.
func isFolder(s string) bool {
	name, isRoot := strings.CutPrefix(s, "r-")
	if !isRoot {
		var isOther bool
		if name, isOther = strings.CutPrefix(s, "fd-"); !isOther {
			return false
		}
	}
	return name != "" && len(name) <= 60 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// checkAccountFacts finds rules about names and tags of accounts, where nothing says
// what those are.
func (r *reader) checkAccountFacts(match document.Object) {
	if r.policy.Directory != nil {
		return
	}
	for _, field := range []string{"account_names", "account_tags"} {
		if match.Has(field) {
			match.Get(field).Problem("needs resource_directory at the top of the policy: nothing else says what accounts are called")
		}
	}
}
