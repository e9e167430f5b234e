package strictjson

import (
	"encoding/json"
	"strings"
	"testing"
)

type command struct {
	Action string `json:"action"`
	Limit  int    `json:"limit"`
}

func TestDecode(t *testing.T) {
	tests := []struct{ name, body, problem string }{
		{"Good", ` {"action":"sweep","limit":3} `, ""},
		{"ByteOrderMark", "\ufeff{\"action\":\"sweep\"}", ""},
		{"UTF16", "\xff\xfe{\x00}\x00", "UTF-16"},
		{"OtherCase", `{"ACTION":"sweep"}`, ""},
		{"Misspelt", `{"actoin":"sweep"}`, `unknown field "actoin"`},
		{"Twice", `{"action":"a","action":"b"}`, `member "action" is given twice`},
		{"TwiceInAnotherCase", `{"action":"a","Action":"b"}`, `member "Action" is given twice`},
		{"TwiceWithALongS", `{"action":"a","limit":1,"actionſ":"b"}`, "a letter that some readers"},
		{"TwiceWithKelvin", `{"\u212a":1,"k":2}`, "a letter that some readers"},
		{"OnceWithALongS", `{"ſtate":1}`, "a letter that some readers"},
		{"TwiceInGreek", `{"σ":1,"ς":2}`, `member "ς" is given twice`},
		{"TwiceInside", `{"action":{"a":1,"a":2}}`, `member "a" is given twice`},
		{"WrongType", `{"limit":"3"}`, "a member has a value of the wrong type"},
		{"TwoValues", `{} {}`, "something behind"},
		{"Text", `sweep`, "not well-formed"},
		{"Broken", `{"action":`, "not well-formed"},
		{"BrokenName", `{"action`, "not well-formed"},
		{"Empty", ``, "not well-formed"},
		{"Deep", strings.Repeat(`[`, 1_000_000), "nested more than 16 deep"},
		{"LongName", `{"` + strings.Repeat("x", 1000) + `":1}`, "..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c command
			err := Decode([]byte(tt.body), &c)
			if (err != nil) != (tt.problem != "") || err != nil && (!strings.Contains(err.Error(), tt.problem) || len(err.Error()) > 300) {
				t.Errorf("%+v, %v; want %q", c, err, tt.problem)
			}
		})
	}
}

func TestObject_KeepsTheNamesAsTheyAre(t *testing.T) {
	got, err := Object([]byte(`{"Action":1}`))
	if err != nil || len(got) != 1 || string(got["Action"]) != "1" {
		t.Errorf("%s, %v", got, err)
	}
	for _, body := range []string{`null`, `[]`, `"a"`, `{"a":1,"a":2}`, `{} x`} {
		if got, err := Object([]byte(body)); err == nil {
			t.Errorf("%s: %v, want an error", body, got)
		}
	}
}

func TestWhere_QuotesNothing(t *testing.T) {
	for body, want := range map[string]string{`{"s3cr3t" x}`: "syntax error at byte 11", `5`: "syntax error"} {
		var v string
		if got := Where(json.Unmarshal([]byte(body), &v)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestEncode_LeavesTextReadable(t *testing.T) {
	var b strings.Builder
	if err := Encode(&b, "a & b < c"); err != nil || b.String() != "\"a & b < c\"\n" {
		t.Errorf("%s, %v", b.String(), err)
	}
}

// FuzzDecode checks what holds for any body: what is taken is also what
// encoding/json reads, and an error is short enough for an answer.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"action":"sweep","limit":1}`, `{"action":"a","ACTION":"b"}`, `[[[]]]`, `{} x`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var strict, loose command
		err := Decode(body, &strict)
		switch {
		case err != nil && (err.Error() == "" || len(err.Error()) > 1000):
			t.Errorf("error %q", err)
		case err == nil && (json.Unmarshal(body, &loose) != nil || strict != loose):
			t.Errorf("%q: %+v, encoding/json reads %+v", body, strict, loose)
		}
	})
}

// The bound is on all arrays of a body together, however they are nested.
func TestCheck_BoundsElements(t *testing.T) {
	for body, most := range map[string]int{`[]`: 0, `[1,2,3]`: 3, `{"a":[1,2],"b":[3]}`: 3, `[[1],[2]]`: 4, `{"a":1,"b":2}`: 0} {
		if err := Check([]byte(body), most); err != nil {
			t.Errorf("%s, %d: %v", body, most, err)
		}
		if err := Check([]byte(body), most-1); most > 0 && err == nil {
			t.Errorf("%s is taken with %d elements", body, most-1)
		}
	}
	var rows struct{ Rows []any }
	if err := Decode([]byte(`{"rows":[`+strings.Repeat("0,", maxElements)+`0]}`), &rows); err == nil {
		t.Error("there is no bound")
	}
}
