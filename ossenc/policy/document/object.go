package document

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is a value with named fields.
type Object struct {
	Node
	fields map[string]Node
}

// Entry is one field of an object whose names are free.
type Entry struct {
	Name  string
	Key   Node // where the name stands
	Value Node
}

// Object returns the value as an object with these fields. Any other field, a
// repeated one and an object without any are problems.
func (n Node) Object(known ...string) Object {
	o := Object{Node: n, fields: map[string]Node{}}
	if n.Exists() && n.yaml.Kind != yaml.MappingNode {
		o.Node = Node{} // nothing can be missing in it
	}
	for _, e := range n.Entries() {
		if !slices.Contains(known, e.Name) {
			e.Key.Problem("unknown field%s; the fields here are %s", DidYouMean(e.Name, known), strings.Join(known, ", "))
			continue
		}
		o.fields[e.Name] = e.Value
	}
	return o
}

// Get returns the field, or a node that is not there.
func (o Object) Get(name string) Node { return o.fields[name] }

// Require returns the field, and its absence is a problem.
func (o Object) Require(name string) Node {
	n, ok := o.fields[name]
	if !ok {
		o.Problem("%s is missing", name)
	}
	return n
}

// Has reports whether the object has the field.
func (o Object) Has(name string) bool { return o.fields[name].Exists() }

// Entries returns the fields of an object whose names are free, in the file's
// order. A repeated name and an object without any are problems.
func (n Node) Entries() []Entry {
	switch {
	case !n.Exists():
		return nil
	case n.yaml.Kind != yaml.MappingNode:
		n.wrong("an object")
		return nil
	case len(n.yaml.Content) == 0:
		n.Problem("is an empty object")
		return nil
	}
	var entries []Entry
	lines := map[string]int{}
	for pair := range slices.Chunk(n.yaml.Content, 2) {
		e, ok := n.entry(pair[0], pair[1])
		if !ok {
			continue
		}
		if line, repeated := lines[e.Name]; repeated {
			e.Key.Problem("is given a second time; the first is in line %d", line)
			continue
		}
		lines[e.Name] = e.Key.Line()
		entries = append(entries, e)
	}
	return entries
}

func (n Node) entry(k, v *yaml.Node) (Entry, bool) {
	key := n.file.node(k, n.path)
	if !key.Exists() {
		return Entry{}, false
	}
	if key.yaml.ShortTag() == "!!merge" {
		key.Problem("merge keys (<<) are not read; write the fields out")
		return Entry{}, false
	}
	name := key.Text()
	if name == "" {
		return Entry{}, false
	}
	key.path = strings.TrimPrefix(fmt.Sprintf("%s.%s", n.path, name), ".")
	value := n.file.node(v, key.path)
	return Entry{name, key, value}, value.Exists()
}

// Meant is [DidYouMean], worked out only where it is shown: a warning may not be.
func Meant(word string, known []string) fmt.Stringer { return meant{word, known} }

type meant struct {
	word  string
	known []string
}

// String returns the hint.
func (m meant) String() string { return DidYouMean(m.word, m.known) }

// DidYouMean returns a hint at the known word that was probably meant, to put
// behind a message, or nothing.
func DidYouMean(word string, known []string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	w := plain.Replace(strings.ToLower(word))
	if len(w) > 64 || len(known) > 200 { // a hint is not worth the time
		return ""
	}
	best, least := "", (len(w)+2)/3+1
	for _, known := range known {
		k := plain.Replace(strings.ToLower(known))
		if len(k) > 64 {
			continue
		}
		d := distance(w, k)
		if len(w) > 2 && (strings.HasSuffix(k, w) || strings.HasSuffix(w, k) || strings.HasPrefix(k, w)) {
			d = min(d, 1)
		}
		if d < least {
			best, least = known, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is how many characters must be changed, put in or taken out to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
