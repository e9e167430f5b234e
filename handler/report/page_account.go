package report

// worstAccounts is how many accounts of an estate the page shows at once; the others are
// folded.
const worstAccounts = 10

// pageAccount is counted for an account that the page keeps until its end, besides its
// rows.
const pageAccount = 200

// nameAccounts keeps the accounts' names for the rest of the page.
func (p *page) nameAccounts(s *Summary) {
	for _, total := range s.Accounts {
		if total.Name != "" {
			p.names[total.Account] = total.Name
		}
	}
}

// accounts are the totals of each account, the worst first; nothing for a single one.
func (p *page) accounts(s *Summary) {
	if len(s.Accounts) < 2 {
		return
	}
	bad := 0
	for _, total := range s.Accounts {
		bad += number(total.Attention > 0)
	}
	p.print(`<section class="card accounts" aria-labelledby="h-accounts"><h2 id="h-accounts">`, escape(p.t["accounts"]), `</h2>`,
		`<p>`, escape(p.t.with("accounts_line", "n", grouped(bad), "m", grouped(len(s.Accounts)))), "</p>\n")
	first := min(len(s.Accounts), worstAccounts)
	p.accountTotals(s.Accounts[:first])
	if rest := s.Accounts[first:]; len(rest) > 0 {
		p.print(`<details><summary>`, escape(p.t.with("accounts_more", "n", grouped(len(rest)))), "</summary>\n")
		p.accountTotals(rest)
		p.print("</details>\n")
	}
	p.print("</section>\n")
}

func (p *page) accountTotals(all []AccountTotal) {
	p.print(`<table class="totals"><thead><tr>`)
	for _, head := range []string{"col_account", "buckets", "total_attention", "total_unread"} {
		p.print(`<th scope="col">`, escape(p.t[head]), "</th>")
	}
	p.print("</tr></thead><tbody>\n")
	for _, total := range all {
		p.print(`<tr><th scope="row" data-f="account" data-v="`, escape(total.Account), `">`)
		if total.Name != "" {
			p.print(escape(total.Name), " <small>", escape(total.Account), "</small></th>")
		} else {
			p.print(escape(total.Account), "</th>")
		}
		p.print("<td>", grouped(total.Buckets), "</td>")
		p.countCell("bad", total.Attention)
		p.countCell("unread", total.Unread)
		p.print("</tr>\n")
	}
	p.print("</tbody></table>\n")
}

func (p *page) countCell(class string, n int) {
	if n == 0 {
		p.print(`<td>0</td>`)
		return
	}
	p.print(`<td class="`, class, `">`, grouped(n), "</td>")
}
