//go:build !windows

package showcase

import (
	"context"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The terminal in docs/images says what the command prints today. `make screenshots`
// renews it.
func TestTheTerminalIsReal(t *testing.T) {
	command := filepath.Join(t.TempDir(), "bucketwarden")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "../../cmd/bucketwarden").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen, err := Report(context.WithoutCancel(t.Context()), command)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile("../../docs/images/terminal.svg")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := said(string(picture)), strings.TrimSpace(Plain(seen)); got != want {
		t.Errorf("docs/images/terminal.svg says\n%s\nthe command prints\n%s\nrun make screenshots", got, want)
	}
	if SVG(seen) != string(picture) {
		t.Error("the picture has other colours than the terminal: run make screenshots")
	}
	if info, err := os.Stat("../../docs/images/page.png"); err != nil || info.Size() > 300<<10 {
		t.Errorf("docs/images/page.png: %v", err)
	}
}

// said returns the text of a picture.
func said(svg string) string {
	var lines []string
	for _, m := range regexp.MustCompile(`<text [^>]*>(.*)</text>`).FindAllStringSubmatch(svg, -1) {
		lines = append(lines, html.UnescapeString(strings.ReplaceAll(regexp.MustCompile(`</?tspan[^>]*>`).ReplaceAllString(m[1], ""), noBreak, " ")))
	}
	return strings.Join(lines, "\n")
}

func TestSVG(t *testing.T) {
	got := SVG("\x1b[31mbad\x1b[0m  <b>\x1b[9mx\n\x1b[1;31mworst\x1b[0m\n")
	for _, want := range []string{
		`<tspan fill="#ff7b72">bad</tspan>` + noBreak + noBreak + `&lt;b&gt;x</text>`, `<tspan fill="#ff7b72">worst</tspan></text>`, `height="70"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	if said(got) != "bad  <b>x\nworst" {
		t.Errorf("%q", said(got))
	}
}
