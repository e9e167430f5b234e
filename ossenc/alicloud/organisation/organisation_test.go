package organisation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/organisation"
	"bucketwarden/ossenc/alicloud/resourcedirectory"
)

const (
	management = "1111111111111111"
	root       = "r-ROOT"
)

// directory is an organisation in memory.
type directory struct {
	members []resourcedirectory.Member
	err     error
	took    time.Duration
	asked   atomic.Int64
	as      sync.Map // identities that asked
}

func (d *directory) Directory(context.Context) (resourcedirectory.Directory, error) {
	return resourcedirectory.Directory{ManagementAccount: management, RootFolder: root}, nil
}

func (d *directory) Members(ctx context.Context) ([]resourcedirectory.Member, error) {
	d.asked.Add(1)
	d.as.Store(ossenc.IdentityFrom(ctx).AccountID, true)
	select {
	case <-time.After(d.took):
	case <-ctx.Done():
		return nil, &ossenc.Error{Code: ossenc.Deadline, Message: "time"}
	}
	return slices.Clone(d.members), d.err
}

func member(id string, folders ...string) resourcedirectory.Member {
	return resourcedirectory.Member{
		ID: id, Name: "name of " + id, Tags: map[string]string{"id": id}, Usable: true, WholePath: true,
		Folders: append([]string{root}, folders...),
	}
}

func accounts(d *directory, s ossenc.Members) *organisation.Accounts {
	s.RoleName = "member"
	return &organisation.Accounts{Named: &alicloud.Accounts{}, Directory: d, Members: s}
}

// as returns a context of the function, in the given account.
func as(ctx context.Context, account string) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{AccountID: account, Region: "cn-hangzhou"})
}

func listed(t *testing.T, ctx context.Context, a ossenc.Accounts) string {
	t.Helper()
	l, err := a.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(l.IDs)
	text := strings.Join(l.IDs, " ")
	for _, p := range l.Problems {
		text += "; " + p.Error()
	}
	return text
}

func TestList_IsWhatIsSelected(t *testing.T) {
	leaving, suspended := member("5"), member("6")
	leaving.Leaving, leaving.Usable, leaving.Problem = true, false, "is being deleted"
	suspended.Usable, suspended.Problem = false, `has the status "Suspended"`
	d := &directory{members: []resourcedirectory.Member{member("2"), member("3", "fd-a", "fd-b"), member("4", "fd-c"), leaving, suspended}}
	for name, c := range map[string]struct {
		own       string
		selection ossenc.Members
		named     []string
		want      string
	}{
		"all, from the management account": {management, ossenc.Members{}, nil, "2 3 4 6"},
		"all, from a delegated one":        {"2", ossenc.Members{}, nil, management + " 3 4 6"},
		"a folder and what is below":       {management, ossenc.Members{Folders: []string{"fd-a"}}, nil, "3"},
		"the root folder":                  {"2", ossenc.Members{Folders: []string{root}}, nil, management + " 3 4 6"},
		"without an account":               {management, ossenc.Members{Exclude: []string{"2"}}, nil, "3 4 6"},
		"without the management account":   {"2", ossenc.Members{Exclude: []string{management}}, nil, "3 4 6"},
		"without a folder":                 {management, ossenc.Members{Exclude: []string{"fd-b"}}, nil, "2 4 6"},
		"a folder without one below":       {management, ossenc.Members{Folders: []string{"fd-a", "fd-c"}, Exclude: []string{"fd-b"}}, nil, "4"},
		"an account of its own besides":    {management, ossenc.Members{Folders: []string{"fd-a"}}, []string{"9"}, "3 9"},
		"named and excluded":               {management, ossenc.Members{Exclude: []string{"2", "3", "4", "6"}}, []string{"2"}, "2"},
		"a folder that no account is in": {
			management,
			ossenc.Members{Folders: []string{"fd-a", "fd-z"}},
			nil,
			"3; ListAccounts: invalid: no account is in folder fd-z of the policy's resource_directory; is its ID right?",
		},
	} {
		a := accounts(d, c.selection)
		a.Named.Roles = map[string]ossenc.Account{}
		for _, id := range c.named {
			a.Named.Roles[id] = ossenc.Account{ID: id}
		}
		if got := listed(t, as(t.Context(), c.own), a); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestList_WholeOrAnError: an account whose place is not known is left out by nothing.
func TestList_WholeOrAnError(t *testing.T) {
	d := &directory{members: []resourcedirectory.Member{{ID: "2", Folders: []string{"fd-x"}, Usable: true}}}
	for name, s := range map[string]ossenc.Members{"folders": {Folders: []string{"fd-a"}}, "exclude": {Exclude: []string{"fd-a"}}} {
		if l, err := accounts(d, s).List(as(t.Context(), management)); ossenc.CodeOf(err) != ossenc.Unavailable || l.IDs != nil {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	if got := listed(t, as(t.Context(), management), accounts(d, ossenc.Members{Exclude: []string{"7"}})); got != "2" {
		t.Errorf("%s", got)
	}
	silent := accounts(&directory{err: &ossenc.Error{Code: ossenc.Unavailable, Message: "no answer"}}, ossenc.Members{})
	silent.Named.Roles = map[string]ossenc.Account{"9": {ID: "9"}}
	if l, err := silent.List(as(t.Context(), management)); ossenc.CodeOf(err) != ossenc.Unavailable || fmt.Sprint(l.IDs) != "[9]" {
		t.Errorf("%v, %v", l, err)
	}
}

// TestIdentity_NeverForAnAccountThatIsNone: without a right to it no role is assumed. The
// STS of this test cannot be reached, so a call would say Unavailable.
func TestIdentity_NeverForAnAccountThatIsNone(t *testing.T) {
	suspended, leaving := member("6"), member("5")
	suspended.Usable, suspended.Problem = false, `has the status "Suspended"`
	leaving.Usable, leaving.Leaving, leaving.Problem = false, true, "is being deleted"
	d := &directory{members: []resourcedirectory.Member{member("2"), member("3", "fd-b"), suspended, leaving}}
	a := accounts(d, ossenc.Members{Exclude: []string{"fd-b"}})
	a.Named.Fallback = func() (ossenc.Credentials, error) {
		return ossenc.Credentials{}, &ossenc.Error{Code: ossenc.Internal, Message: "a role was to be assumed"}
	}
	ctx := as(t.Context(), management)
	for id, want := range map[string]string{
		"3": "neither named by the policy nor selected", "5": "neither named by the policy nor selected", "8": "neither named by the policy nor selected",
		"6": `account 6 of the organisation has the status "Suspended", so no role was assumed`, "../2": "neither named",
	} {
		if got, err := a.Identity(ctx, id); got != (ossenc.Identity{}) || ossenc.CodeOf(err) != ossenc.Denied || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
		has, err := a.Has(ctx, id)
		if err != nil || has != (id == "6") {
			t.Errorf("%s: %t, %v", id, has, err)
		}
	}
	if _, err := a.Identity(ctx, "2"); ossenc.CodeOf(err) != ossenc.Internal {
		t.Errorf("a member: %v", err)
	}
	for _, id := range []string{"", management} {
		if got, err := a.Identity(ctx, id); err != nil || got.AccountID != management {
			t.Errorf("%q: %+v, %v", id, got, err)
		}
	}
}

// TestHas_AsksOnceInTenMinutes, and a list anew for each run.
func TestHas_AsksOnceInTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{members: []resourcedirectory.Member{member("2")}, took: time.Second}
		a := accounts(d, ossenc.Members{})
		ctx := as(t.Context(), management)
		ask := func(id string, want bool, asked int64) {
			t.Helper()
			if has, err := a.ForRun().Has(ctx, id); err != nil || has != want || d.asked.Load() != asked {
				t.Errorf("%s: %t, %v, asked %d times, want %t and %d", id, has, err, d.asked.Load(), want, asked)
			}
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { ask("2", true, 1) })
		}
		all.Wait()
		ask("8", false, 1)
		d.members = append(d.members, member("8"))
		time.Sleep(9 * time.Minute)
		ask("8", false, 1)
		run := a.ForRun()
		if got := listed(t, ctx, run) + listed(t, ctx, run); got != "2 82 8" || d.asked.Load() != 2 {
			t.Errorf("a run: %q, asked %d times", got, d.asked.Load())
		}
		ask("8", true, 2)
		d.members = d.members[:1]
		time.Sleep(10 * time.Minute)
		ask("8", false, 3)
		if has, err := run.Has(ctx, "8"); err != nil || !has || d.asked.Load() != 3 {
			t.Errorf("within the run that has it: %t, %v", has, err)
		}
	})
}

// TestHas_ASilentDirectory is an error, never "not a member", and is left alone for a
// while; a list that is too old does not stand in for it.
func TestHas_ASilentDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{members: []resourcedirectory.Member{member("2")}}
		a := accounts(d, ossenc.Members{})
		a.Named.Roles = map[string]ossenc.Account{"9": {ID: "9"}}
		ctx := as(t.Context(), management)
		if has, err := a.Has(ctx, "2"); !has || err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Minute)
		d.err = &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: "no answer"}
		for _, wait := range []time.Duration{0, 10 * time.Second, 15 * time.Second} {
			time.Sleep(wait)
			for _, id := range []string{"2", "8"} {
				if has, err := a.Has(ctx, id); has || ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%s: %t, %v", id, has, err)
				}
				if _, err := a.Identity(ctx, id); ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%s: %v", id, err)
				}
			}
		}
		if n := d.asked.Load(); n != 3 {
			t.Errorf("asked %d times, want once, and twice in 25 s of silence", n)
		}
		if has, err := a.Has(ctx, "9"); !has || err != nil { // needs no directory
			t.Errorf("%t, %v", has, err)
		}
		d.err = nil
		time.Sleep(20 * time.Second)
		if has, err := a.Has(ctx, "2"); !has || err != nil {
			t.Errorf("after the silence: %t, %v", has, err)
		}
	})
}

// TestHas_TheTimeOfAnotherCaller ends that one's question only.
func TestHas_TheTimeOfAnotherCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{members: []resourcedirectory.Member{member("2")}, took: 5 * time.Second}
		a := accounts(d, ossenc.Members{})
		ctx := as(t.Context(), management)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := a.Has(short, "2"); ossenc.CodeOf(err) != ossenc.Deadline {
				t.Errorf("the short one: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if has, err := a.Has(ctx, "2"); !has || err != nil {
				t.Errorf("the long one: %t, %v", has, err)
			}
		})
		all.Wait()
	})
}

func TestFacts(t *testing.T) {
	d := &directory{members: []resourcedirectory.Member{member("2"), member("3", "fd-b")}}
	a := accounts(d, ossenc.Members{Folders: []string{"fd-a", root}, Exclude: []string{"fd-b"}})
	ctx := as(t.Context(), "3")
	for _, id := range []string{"2", "3"} { // also of an account that is not selected: the function's own
		if f, err := a.Facts(ctx, id); err != nil || f.Name != "name of "+id || f.Tags["id"] != id {
			t.Errorf("%s: %+v, %v", id, f, err)
		}
	}
	for _, id := range []string{management, "8"} {
		if _, err := a.Facts(ctx, id); ossenc.CodeOf(err) != ossenc.Invalid || !strings.Contains(err.Error(), "put a rule with this ID under accounts") {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestTheDirectoryIsAskedAsTheFunction, whatever the context is.
func TestTheDirectoryIsAskedAsTheFunction(t *testing.T) {
	d := &directory{members: []resourcedirectory.Member{member("2")}}
	a := accounts(d, ossenc.Members{})
	inside := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "2", Assumed: true})
	if _, err := a.Facts(inside, "2"); ossenc.CodeOf(err) != ossenc.Internal || d.asked.Load() != 0 {
		t.Errorf("%v, asked %d times", err, d.asked.Load())
	}
}
