package report

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"

	"bucketwarden/ossenc"
)

// digest is over the facts of all rows, so that anyone can prove that a report is
// the one that was made: SHA-256 over one line for each row,
//
//	account TAB bucket TAB region TAB verdict TAB code TAB rule TAB required TAB policy_rule LF
//
// with the values of the JSON form, where the account is empty for the provenance's
// own. The rows come sorted by account and bucket. Backslash, tab, CR and LF in a
// value are written \\, \t, \r and \n, as jq's @tsv does. docs/report.md has the
// shell line that recomputes it.
type digest struct{ hash hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

var tabEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (d digest) add(res ossenc.Result) {
	cells := []string{res.Account, res.Bucket, res.Region, string(res.Verdict), string(res.Code), ruleOf(res), requiredOf(res), res.PolicyRule}
	for i, cell := range cells {
		cells[i] = tabEscapes.Replace(string([]rune(cell))) // as JSON shows what is not UTF-8
	}
	d.hash.Write([]byte(strings.Join(cells, "\t") + "\n"))
}

// String returns the digest so far, such as sha256:e3b0….
func (d digest) String() string { return "sha256:" + hex.EncodeToString(d.hash.Sum(nil)) }

// DigestOf returns the digest of rows that are sorted as a report's.
func DigestOf(rows []ossenc.Result) string {
	d := newDigest()
	for _, res := range rows {
		d.add(res)
	}
	return d.String()
}
