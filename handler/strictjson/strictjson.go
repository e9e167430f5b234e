// Package strictjson reads JSON to the letter. encoding/json takes members that
// it does not know, repeated members and members in any case; a request that
// changes encryption must not be understood in part.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// maxNesting is more than any body needs, and keeps the stack small.
const maxNesting = 16

// maxElements is how many elements all arrays of a body may have together: more than a
// plan or an answer with results has, and few enough for the memory of any element.
const maxElements = 50_000

// maxText is how many characters of an error of encoding/json are repeated.
const maxText = 200

var errNotJSON = errors.New("the body is not well-formed JSON")

// TrimMark returns body without the byte order mark that some editors write before
// UTF-8, and without blanks around it (RFC 8259, section 8.1, lets a reader ignore it).
func TrimMark(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
}

// Decode decodes exactly one JSON value into v. Unknown members, repeated
// members and anything after the value are errors. An error quotes at most the
// name of a member, never a value.
func Decode(body []byte, v any) error {
	body = TrimMark(body)
	if err := Check(body, maxElements); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if _, isType := errors.AsType[*json.UnmarshalTypeError](err); isType {
		return errors.New("a member has a value of the wrong type")
	}
	if err != nil {
		return errors.New(truncate(strings.TrimPrefix(err.Error(), "json: ")))
	}
	return nil
}

// Object returns the members of the one JSON object that body is. Their names
// are as they stand there: encoding/json would match them in any case.
func Object(body []byte) (map[string]json.RawMessage, error) {
	body = TrimMark(body)
	if err := Check(body, maxElements); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, errors.New("the body is not a JSON object")
	}
	return members, nil
}

// Check returns an error unless body is exactly one well-formed JSON value
// without repeated members, without deep nesting, and with at most so many elements in
// all its arrays.
func Check(body []byte, most int) error {
	body = TrimMark(body)
	if bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff")) {
		return errors.New("the body is UTF-16; JSON is UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := checkValue(d, 0, &most); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON value")
	}
	return nil
}

// checkValue reads one JSON value; elements is how many more the arrays may have.
func checkValue(d *json.Decoder, depth int, elements *int) error {
	open, err := d.Token()
	if err != nil {
		return errNotJSON
	}
	if open != json.Delim('{') && open != json.Delim('[') {
		return nil
	}
	if depth == maxNesting {
		return fmt.Errorf("the body is nested more than %d deep", maxNesting)
	}
	seen := map[string]bool{}
	for d.More() {
		if open == json.Delim('{') {
			if err := checkName(d, seen); err != nil {
				return err
			}
		} else if *elements--; *elements < 0 {
			return errors.New("the arrays have too many elements")
		}
		if err := checkValue(d, depth+1, elements); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errNotJSON
	}
	return nil
}

// checkName reads the name of a member, which must not be one of those seen.
func checkName(d *json.Decoder, seen map[string]bool) error {
	key, err := d.Token()
	if err != nil {
		return errNotJSON
	}
	name := fold(key.(string))
	if len(name) != len(key.(string)) { // to a reader that goes to the letter it is another member
		return fmt.Errorf("member %.40q has a letter that some readers of JSON take for another", key)
	}
	if seen[name] {
		return fmt.Errorf("member %.40q is given twice", key)
	}
	seen[name] = true
	return nil
}

// fold gives all names that encoding/json takes for one member the same form. That
// is not only upper and lower case: it takes ſ for s and the sign of kelvin for k,
// which are longer in bytes.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return unicode.ToLower(least)
	}, name)
}

func truncate(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "..."
	}
	return s
}

// Where describes an error of encoding/json by its place: its own text may quote
// the payload.
func Where(err error) string {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("syntax error at byte %d", s.Offset)
	}
	return "syntax error"
}

// Encode writes v as one line of JSON for people too: an & stays an &. Nothing
// that it writes may stand inside HTML. The error is that of w.
func Encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
