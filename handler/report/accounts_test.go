package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// severalAccounts are rows of the own account and of others, and a view that names them.
func severalAccounts() (View, Source) {
	v := view()
	v.Account, v.Accounts = "11", true
	v.AccountName = func(id string) string {
		return map[string]string{"22": "=pay \x1b[31m\u202eeu", "33": "web"}[id]
	}
	row := func(account, bucket string, verdict ossenc.Verdict, code ossenc.Code) ossenc.Result {
		return ossenc.Result{Account: account, Bucket: bucket, Region: "cn-hangzhou", Verdict: verdict, Code: code, Observed: verdict != ossenc.Unknown}
	}
	return v, rows(nil,
		row("", "a-1", ossenc.Compliant, ""), row("22", "b-1", ossenc.WouldFix, ""), row("22", "b-2", ossenc.Compliant, ""),
		row("33", "c-1", ossenc.Unknown, ossenc.Denied), row("44", "d-1", ossenc.Compliant, ""), row("44", "d-2", ossenc.Exempt, ""))
}

func TestAccounts_WorstFirst(t *testing.T) {
	v, source := severalAccounts()
	var out strings.Builder
	json1, _ := FormatNamed("json")
	sum, err := Write(&out, json1, v, source)
	if err != nil {
		t.Fatal(err)
	}
	want := []AccountTotal{
		{"33", "web", 1, 1, 1, map[ossenc.Verdict]int{ossenc.Unknown: 1}},
		{"22", "=pay ‹U+001B›[31m‹U+202E›eu", 2, 1, 0, map[ossenc.Verdict]int{ossenc.WouldFix: 1, ossenc.Compliant: 1}},
		{"44", "", 2, 0, 0, map[ossenc.Verdict]int{ossenc.Compliant: 1, ossenc.Exempt: 1}},
		{"11", "", 1, 0, 0, map[ossenc.Verdict]int{ossenc.Compliant: 1}},
	}
	if fmt.Sprint(sum.Accounts) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", sum.Accounts, want)
	}
	var got struct{ Accounts []AccountTotal }
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || fmt.Sprint(got.Accounts) != fmt.Sprint(want) {
		t.Errorf("%v, %v", got, err)
	}
	v.Accounts = false
	if sum, err = Write(&out, json1, v, source); err != nil || sum.Accounts != nil {
		t.Errorf("one account: %v, %v", sum.Accounts, err)
	}
}

// TestAccounts_InEveryForm that has totals; a name is never markup, a formula or a control
// character.
func TestAccounts_InEveryForm(t *testing.T) {
	v, source := severalAccounts()
	for format, want := range map[string][]string{
		"csv": {"33,,,account,,,,,\"web: 1 of 1 buckets need attention, 1 could not be read\"", ",account,,,,,\"'=pay ‹U+001B›"},
		"prometheus": {
			`bucketwarden_account_buckets{account="44"} 2`, `bucketwarden_account_buckets_attention{account="22"} 1`,
			`bucketwarden_account_info{account="33",name="web"} 1`, `bucketwarden_account_info{account="11"} 1`,
		},
		"html": {
			`data-v="33">web <small>33</small></th><td>1</td><td class="bad">1</td><td class="unread">1</td>`, `data-v="44">44</th><td>2</td><td>0</td><td>0</td>`,
			`data-v="22">=pay ‹U+001B›[31m‹U+202E›eu <small>22</small>`, `"names":{"22":"=pay ‹U+001B›`, "2 of 4 accounts need attention", `<span class="label">web</span>`,
		},
		"ocsf": {`"account":{"name":"web","type":"Alibaba Cloud Account","type_id":99,"uid":"33"}`, `"account":{"type":"Alibaba Cloud Account","type_id":99,"uid":"44"}`},
	} {
		var out strings.Builder
		f, _ := FormatNamed(format)
		if _, err := Write(&out, f, v, source); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s has no %s:\n%s", format, text, out.String())
			}
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e") {
			t.Errorf("%s shows a name as it is", format)
		}
	}
}

// TestAccounts_AThousand: the totals of a report over many accounts.
func TestAccounts_AThousand(t *testing.T) {
	v, _ := severalAccounts()
	var all []ossenc.Result
	for i := range 1000 {
		r := ossenc.Result{Account: fmt.Sprintf("2%015d", i), Bucket: "b", Verdict: ossenc.Compliant, Observed: true}
		if i%100 == 7 {
			r.Verdict = ossenc.WouldFix
		}
		all = append(all, r)
	}
	var out strings.Builder
	f, _ := FormatNamed("json")
	sum, err := Write(&out, f, v, rows(nil, all...))
	if err != nil || len(sum.Accounts) != 1000 || sum.Accounts[9].Attention != 1 || sum.Accounts[10].Attention != 0 || sum.Accounts[0].Account != "2000000000000007" {
		t.Errorf("%d accounts, %v, %v", len(sum.Accounts), sum.Accounts[:11], err)
	}
}

// TestAccounts_OnThePage: it has the totals of the JSON form in the same order, ten of them
// at once, and a name cannot end its element.
func TestAccounts_OnThePage(t *testing.T) {
	line := regexp.MustCompile(`data-v="([^"]*)">(?:[^<]* <small>)?[0-9]+(?:</small>)?</th><td>([0-9,]+)</td><td[^>]*>([0-9,]+)</td><td[^>]*>([0-9,]+)</td>`)
	for _, n := range []int{2, 10, 11, 1000} {
		v, _ := severalAccounts()
		v.AccountName = func(id string) string { return `</th><script>"&` + id[:2] }
		var all []ossenc.Result
		for i := range n {
			for b := range 1 + i%3 {
				r := ossenc.Result{Account: fmt.Sprintf("2%015d", i), Bucket: fmt.Sprintf("b-%d", b), Verdict: ossenc.Compliant, Observed: true}
				if i%7 == b {
					r = ossenc.Result{Account: r.Account, Bucket: r.Bucket, Verdict: ossenc.Unknown, Code: ossenc.Denied}
				}
				all = append(all, r)
			}
		}
		page, sum := written(t, "html", v, rows(nil, all...))
		_, table, _ := strings.Cut(string(page), `id="h-accounts"`)
		table, _, _ = strings.Cut(table, "</section>")
		found := line.FindAllStringSubmatch(table, -1)
		if len(found) != n || len(sum.Accounts) != n {
			t.Fatalf("%d accounts are on the page, %d in the summary, want %d:\n%.2000s", len(found), len(sum.Accounts), n, table)
		}
		for i, total := range sum.Accounts {
			if got, want := fmt.Sprint(found[i][1:]), fmt.Sprint([]string{total.Account, grouped(total.Buckets), grouped(total.Attention), grouped(total.Unread)}); got != want {
				t.Fatalf("of %d, number %d on the page is %s, want %s", n, i, got, want)
			}
		}
		shown, _, folded := strings.Cut(table, "<details>")
		if folded != (n > 10) || strings.Count(shown, "data-v=") != min(n, 10) {
			t.Errorf("%d of %d accounts are shown at once", strings.Count(shown, "data-v="), n)
		}
	}
	v, _ := severalAccounts()
	if page, _ := written(t, "html", v, rows(nil, ossenc.Result{Bucket: "b", Verdict: ossenc.Compliant, Observed: true})); strings.Contains(string(page), "h-accounts") {
		t.Error("one account has a table")
	}
}

// TestErrorOf_HundredsOfAccounts: the sentence names some and counts the rest.
func TestErrorOf_HundredsOfAccounts(t *testing.T) {
	var all []error
	for i := range 500 {
		all = append(all, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: fmt.Sprintf("no role in account %d", i)})
	}
	got := ErrorOf(errors.Join(all...))
	if got.Code != ossenc.Denied || strings.Count(got.Detail, "no role") != 20 || !strings.HasSuffix(got.Detail, "; and 480 more") {
		t.Errorf("%s: %s", got.Code, got.Detail)
	}
	if got := ErrorOf(errors.Join(all[:20]...)); strings.Count(got.Detail, "no role") != 20 || strings.Contains(got.Detail, "more") {
		t.Errorf("%s", got.Detail)
	}
}
