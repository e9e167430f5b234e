package policy

import (
	"errors"
	"reflect"
	"testing"

	"bucketwarden/ossenc"

	"github.com/rogpeppe/go-internal/txtar"
)

// Whatever the text, Parse gives a policy or problems with their places; and
// what it takes says the same after it is written out and read again.
func FuzzParse(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/problems.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		f.Add(file.Data)
	}
	f.Add([]byte("version: 1\nkeys: {k: {cn-hangzhou: [a, b]}}\naccounts: [{id: \"1\", role_arn: \"acs:ram::1:role/r\"}]\nresource_directory: {role_name: r, folders: [fd-a], exclude: [\"2\", r-b]}\nmax_changes: 5%\nrules:\n" +
		"  - {name: a, match: {buckets: [\"pay-*\", web-1], regions: [cn-*], accounts: [\"1*\"], tags: {class: \"p*\", team: \"?\"}, account_names: [\"p*\"], account_tags: {env: \"*\"}}, want: {algorithm: KMS, key: k}, on_unusable_key: {fallback: {algorithm: SM4}}}\n" +
		"  - {name: b, match: {buckets: [crm]}, exempt: {reason: r, owner: o, until: 2027-01-01}}\n  - {name: c, want: {algorithm: AES256}, compare: exact, mode: report}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("p", data)
		if err != nil {
			problems, ok := errors.AsType[Problems](err)
			if !ok || p != nil || len(problems) == 0 {
				t.Fatalf("Parse = %v, %T", p, err)
			}
			for _, one := range problems {
				if one.Line < 1 || one.Column < 1 || one.Message == "" {
					t.Errorf("a problem without a place: %+v", one)
				}
			}
			return
		}
		text := rendered(p)
		again, err := Parse("p", []byte(text))
		if err != nil {
			t.Fatalf("written out again:\n%s\n%v", text, err)
		}
		for _, facts := range world() {
			one, err1 := p.For(facts, worldDay)
			two, err2 := again.For(facts, worldDay)
			for _, r := range []*ossenc.Requirement{&one, &two} {
				if r.Exempt != nil {
					r.Exempt.Line = 0 // the one thing that may differ
				}
			}
			if err1 != nil || err2 != nil || !reflect.DeepEqual(one, two) {
				t.Fatalf("%+v, %v is after writing\n%s\n%+v, %v", one, err1, text, two, err2)
			}
		}
	})
}
