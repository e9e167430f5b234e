package docs

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	document := strings.ReplaceAll(`# A title
<!-- blocks tested by: a TestA -->

'''sh
one
'''

<!-- not run: needs a live account -->
'''json
{}
'''

Text <!-- not run: no mark inside a line -->
<!-- tested by: b TestB, c/d TestD -->
<!-- another comment -->

''''text
'''
''''
'''sh
'''
`, "'", "`")
	want := []Block{
		{"d.md", 4, "sh", "one\n", []string{"a TestA"}, ""},
		{"d.md", 9, "json", "{}\n", nil, "needs a live account"},
		{"d.md", 17, "text", "```\n", []string{"b TestB", "c/d TestD"}, ""},
		{"d.md", 20, "sh", "", []string{"a TestA"}, ""},
	}
	if got, err := Parse("d.md", document); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, broken := range map[string]string{"NoEnd": "```sh\n", "Indented": "a\n\n    make\n", "NotAtTheLeft": "- a\n  ```sh\n  ```\n", "Capitals": "```SH\n```\n"} {
		if _, err := Parse("d.md", broken); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCheck_FindsMistakes(t *testing.T) {
	const here = "internal/docs TestCheck_FindsMistakes"
	for name, b := range map[string]Block{
		"NoMark":     {Language: "sh"},
		"NoLanguage": {Why: "w"},
		"NoTest":     {Language: "sh", Tests: []string{"internal/docs TestThatIsNotThere"}},
		"AsksNot":    {Language: "sh", Tests: []string{here}},
		"NoFile":     {Language: "sh", Tests: []string{"internal/docs/none.test.js"}},
		"Shell":      {Language: "sh", Why: "w", Text: "if\n"},
		"JSON":       {Language: "json", Why: "w", Text: "{\n"},
		"YAML":       {Language: "yaml", Why: "w", Text: "a: [\n"},
		"Go":         {Language: "go", Why: "w", Text: "if {\n"},
	} {
		if b.File = "README.md"; Check(b) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
