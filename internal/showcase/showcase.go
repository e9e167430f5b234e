// Package showcase is the account that the documents' pictures show, and the picture of
// a terminal. `make screenshots` makes the pictures from the real command and the real
// function; a test compares what they say with what is printed today.
package showcase

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	localoss "bucketwarden/internal/local/oss"
)

// Columns is the width of the terminal in the picture.
const Columns = 118

// Fill creates the buckets, in four regions and in every state.
func Fill(s *localoss.Server) {
	kms := func(key string) localoss.Rule { return localoss.Rule{Algorithm: "KMS", KMSKeyID: key} }
	aes, sm4, none := localoss.Rule{Algorithm: "AES256"}, localoss.Rule{Algorithm: "SM4"}, localoss.Rule{}
	for _, b := range []struct {
		name, region string
		rule         localoss.Rule
	}{
		{"analytics-raw", "cn-hangzhou", aes},
		{"backups-2026", "cn-shanghai", kms("key-hzz62f1cb66fa42qo9n")},
		{"customer-exports", "cn-beijing", none},
		{"data-lake", "cn-hangzhou", aes},
		{"invoices", "cn-shanghai", sm4},
		{"legal-archive", "cn-beijing", aes},
		{"media-originals", "ap-southeast-1", aes},
		{"payments", "cn-hangzhou", kms("key-hzz62f1cb66fa42qo9n")},
		{"release-artifacts", "ap-southeast-1", aes},
		{"sandbox-li-wei", "cn-hangzhou", none},
		{"hr-documents", "cn-shanghai", aes},
		{"telemetry", "cn-beijing", aes},
		{"web-assets", "ap-southeast-1", aes},
	} {
		s.PutBucket(localoss.Bucket{Name: b.name, Region: b.region, Rule: b.rule})
	}
	s.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Bucket == "hr-documents" && r.Operation == "GetBucketEncryption" {
			return &localoss.Fault{Code: "AccessDenied"}
		}
		return nil
	})
}

// The look of the terminal in the picture.
const (
	charWidth, lineHeight = 8.4, 19
	margin                = 16
)

// colours are those of a terminal with a dark background, by the SGR code.
var colours = map[string]string{"1": "#ffffff", "2": "#8b98a5", "31": "#ff7b72", "1;31": "#ff7b72", "32": "#56d364", "33": "#e3b341"}

// SVG returns the picture of a terminal that shows text, with the colours that are in
// it (ESC [ code m).
func SVG(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	columns := 0
	for _, l := range lines {
		columns = max(columns, utf8.RuneCountInString(Plain(l)))
	}
	width, height := int(float64(columns)*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", width, height, width, height)
	b.WriteString("<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n")
	b.WriteString("<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" fill=\"#e6edf3\">\n")
	for i, l := range lines {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, margin+i*lineHeight+14, spans(l))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// spans writes one line, each piece in its colour.
func spans(line string) string {
	var b strings.Builder
	for i, piece := range strings.Split(line, "\x1b[") {
		code := ""
		if i > 0 {
			code, piece, _ = strings.Cut(piece, "m")
		}
		if piece == "" {
			continue
		}
		piece = html.EscapeString(strings.ReplaceAll(piece, " ", noBreak)) // viewers fold spaces
		if fill := colours[code]; fill != "" {
			piece = fmt.Sprintf("<tspan fill=\"%s\">%s</tspan>", fill, piece)
		}
		b.WriteString(piece)
	}
	return b.String()
}

const noBreak = "\u00a0"

// Plain returns text without its colours.
func Plain(text string) string {
	var b strings.Builder
	for i, piece := range strings.Split(text, "\x1b[") {
		if i > 0 {
			_, piece, _ = strings.Cut(piece, "m")
		}
		b.WriteString(piece)
	}
	return b.String()
}
