package document

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Node is one value in a file. The zero Node is a value that is not there: it
// holds nothing and is never a problem.
type Node struct {
	file *File
	yaml *yaml.Node
	path string
}

// Exists reports whether there is such a value in the file.
func (n Node) Exists() bool { return n.yaml != nil }

// Line returns the line in which the value begins, from 1; 0 for one that is
// not there.
func (n Node) Line() int {
	if !n.Exists() {
		return 0
	}
	return n.yaml.Line
}

// Problem notes that something is wrong with the value.
func (n Node) Problem(format string, args ...any) {
	if n.Exists() {
		n.file.add(n.yaml.Line, n.yaml.Column, n.path, fmt.Sprintf(format, args...))
	}
}

// maxWarnings is how many warnings a file can have: each is a line of the log at every
// start.
const maxWarnings = 100

// Warn notes that the value is allowed and may be a mistake all the same. Beyond
// [maxWarnings] it only notes that there are more.
func (n Node) Warn(format string, args ...any) {
	if !n.Exists() || len(n.file.warnings) > maxWarnings {
		return
	}
	path, message := n.path, fmt.Sprintf(format, args...)
	if len(n.file.warnings) == maxWarnings {
		path, message = "", fmt.Sprintf("there are more than %d warnings; the others are left out", maxWarnings)
	}
	n.file.warnings = append(n.file.warnings, Problem{n.file.name, max(n.yaml.Line, 1), max(n.yaml.Column, 1), path, message})
}

// Visible returns the text if everything in it can be seen: where it is shown, no
// other text may seem to stand there. Control characters, those that turn the
// direction of writing, and those without a width are a problem.
func (n Node) Visible(text string) string {
	for _, r := range text {
		if !unicode.IsGraphic(r) {
			n.Problem("has a character that cannot be seen (%U)", r)
			return ""
		}
	}
	return text
}

// Text returns the text that the value is. Empty text is a problem: an author who
// means none leaves the field out.
func (n Node) Text() string {
	switch {
	case !n.Exists():
	case n.yaml.Kind != yaml.ScalarNode || n.yaml.ShortTag() == "!!null":
		n.wrong("text")
	case n.yaml.ShortTag() != "!!str":
		n.Problem("is %s; put it in quotes to make it text: %q", n.kind(), n.yaml.Value)
	case strings.TrimSpace(n.yaml.Value) == "":
		n.Problem("is empty text")
	case strings.TrimSpace(n.yaml.Value) != n.yaml.Value:
		n.Problem("begins or ends with blanks or line breaks: %q", n.yaml.Value)
	default:
		return n.yaml.Value
	}
	return ""
}

// Raw returns the value as it was written, without quotes; nothing for lists and
// objects.
func (n Node) Raw() string {
	if !n.Exists() {
		return ""
	}
	return n.yaml.Value
}

// SingleLine returns the text that the value is, in one line.
func (n Node) SingleLine() string {
	if n.Exists() && n.yaml.Kind == yaml.ScalarNode && n.yaml.ShortTag() == "!!str" {
		if words := strings.Fields(n.yaml.Value); len(words) > 0 {
			return strings.Join(words, " ")
		}
	}
	return n.Text()
}

// Choice returns the text that the value is, which must be one of those allowed.
// A value that is not there is the first of them; a wrong one is the empty text.
func (n Node) Choice(allowed ...string) string {
	if !n.Exists() {
		return allowed[0]
	}
	text := n.Text()
	for _, a := range allowed {
		if text == a {
			return a
		}
	}
	if text != "" {
		n.Problem("%q is none of %s%s", text, strings.Join(allowed, ", "), DidYouMean(text, allowed))
	}
	return ""
}

// Bool reports whether the value is a yes-or-no that is true.
func (n Node) Bool() bool {
	if !n.Exists() {
		return false
	}
	if n.yaml.Value != "true" && n.yaml.Value != "false" || n.yaml.ShortTag() != "!!bool" {
		n.wrong("true or false")
	}
	return n.yaml.Value == "true"
}

// Number returns the whole number that the value is, and whether it is one that
// is written in plain digits. That it is not is not a problem yet.
func (n Node) Number() (int, bool) {
	if !n.Exists() || n.yaml.ShortTag() != "!!int" {
		return 0, false
	}
	number, err := strconv.Atoi(n.yaml.Value)
	return number, err == nil && strconv.Itoa(number) == n.yaml.Value
}

// Date returns the day that the value is, at 0:00 UTC, or the zero Time.
func (n Node) Date() time.Time {
	if !n.Exists() {
		return time.Time{}
	}
	if tag := n.yaml.ShortTag(); tag != "!!str" && tag != "!!timestamp" {
		n.wrong("a date such as 2027-03-31")
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, n.yaml.Value)
	if err != nil || day.Year() < 2000 {
		n.Problem("%q is not a date; write the last day like 2027-03-31", n.yaml.Value)
		return time.Time{}
	}
	return day
}

// Items returns the values of a list. An empty list is a problem.
func (n Node) Items() []Node {
	switch {
	case !n.Exists():
		return nil
	case n.yaml.Kind != yaml.SequenceNode:
		n.wrong("a list")
		return nil
	case len(n.yaml.Content) == 0:
		n.Problem("is an empty list")
		return nil
	}
	items := make([]Node, 0, len(n.yaml.Content))
	for i, c := range n.yaml.Content {
		if item := n.file.node(c, fmt.Sprintf("%s[%d]", n.path, i)); item.Exists() {
			items = append(items, item)
		}
	}
	return items
}

// IsList reports whether the value is a list.
func (n Node) IsList() bool { return n.Exists() && n.yaml.Kind == yaml.SequenceNode }

// wrong notes that the value is of another kind than expected.
func (n Node) wrong(want string) { n.Problem("is %s; %s is expected", n.kind(), want) }

// kind says what the value is, for people.
func (n Node) kind() string {
	switch n.yaml.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tag := n.yaml.ShortTag(); tag {
	case "!!str":
		return "text"
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	default:
		return "of the type " + tag
	}
}
