package organisation

import (
	"fmt"
	"slices"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/resourcedirectory"
)

// list is an organisation as it was read.
type list struct {
	at       time.Time
	members  map[string]member // by account ID; the management account too
	problems []error
}

// member is one account of the organisation.
type member struct {
	facts     ossenc.AccountFacts
	described bool // facts are known
	selected  bool
	problem   string // why no role can be assumed in it
}

// newList applies the selection. A member whose folders are not known is an error
// where they decide.
func newList(s ossenc.Members, d resourcedirectory.Directory, members []resourcedirectory.Member) (*list, error) {
	l := &list{at: time.Now(), members: make(map[string]member, len(members)+1)}
	found := map[string]bool{} // folders that an account is in
	for _, m := range members {
		for _, f := range m.Folders {
			found[f] = true
		}
		selected, err := isSelected(s, m)
		if err != nil {
			return nil, err
		}
		l.members[m.ID] = member{
			facts: ossenc.AccountFacts{Name: m.Name, Tags: m.Tags}, described: true,
			selected: selected && !m.Leaving, problem: m.Problem,
		}
	}
	if _, listed := l.members[d.ManagementAccount]; !listed { // as documented
		found[d.RootFolder] = true
		selected, err := isSelected(s, resourcedirectory.Member{ID: d.ManagementAccount, Folders: []string{d.RootFolder}, WholePath: true})
		if err != nil {
			return nil, err
		}
		l.members[d.ManagementAccount] = member{selected: selected}
	}
	for _, f := range s.Folders {
		if !found[f] {
			l.problems = append(l.problems, &ossenc.Error{Op: "ListAccounts", Code: ossenc.Invalid, Message: fmt.Sprintf("no account is in folder %s of the policy's resource_directory; is its ID right?", f)})
		}
	}
	return l, nil
}

// isSelected reports whether the account is selected. What it was excluded from is known for
// certain, or it is an error.
func isSelected(s ossenc.Members, m resourcedirectory.Member) (bool, error) {
	in := func(ids []string) bool {
		return slices.Contains(ids, m.ID) || slices.ContainsFunc(m.Folders, func(f string) bool { return slices.Contains(ids, f) })
	}
	switch {
	case slices.Contains(s.Exclude, m.ID):
		return false, nil
	case !m.WholePath && (len(s.Folders) > 0 || slices.ContainsFunc(s.Exclude, func(id string) bool { return !ossenc.ValidAccountID(id) })):
		return false, &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: fmt.Sprintf("account %s is listed without the path of its folder, so whether the policy selects it is not known", m.ID)}
	}
	return (len(s.Folders) == 0 || in(s.Folders)) && !in(s.Exclude), nil
}
