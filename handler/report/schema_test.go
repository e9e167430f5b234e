package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// validate fails the test for each value that a JSON Schema refuses.
func validate(t *testing.T, schema string, values ...json.RawMessage) {
	t.Helper()
	for i, answer := range schemaSays(t, schema, values...) {
		if answer != "" {
			t.Errorf("%s: %s\n%s", schema, answer, values[i])
		}
	}
}

func schemaSays(t *testing.T, schema string, values ...json.RawMessage) []string {
	t.Helper()
	in, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if schema != "sarif" {
		if schema, err = filepath.Abs(schema); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-C", "../../internal/schematest", ".", schema)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(values) {
		t.Fatalf("%d answers for %d values: %v", len(answers), len(values), err)
	}
	return answers
}

// sources are accounts of every kind, each with a view that fits.
func sources(t *testing.T) map[string]Source {
	failed := &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable, OSSCode: "InternalError", RequestID: "R", Message: "sorry"}
	return map[string]Source{
		"account": account(t), "hostile": rows(nil, hostile()...), "none": rows(nil), "every": rows(nil, every()...),
		"failed": rows(failed, ossenc.Result{Bucket: "a", Verdict: ossenc.Compliant, Observed: true}),
	}
}

// every is a row of each verdict and code.
func every() []ossenc.Result {
	var all []ossenc.Result
	add := func(res ossenc.Result) {
		res.Bucket, res.Region, res.Reason, res.PolicyRule = "b-"+string(rune('a'+len(all))), "cn-hangzhou", "why", "payments"
		all = append(all, res)
	}
	for _, v := range []ossenc.Verdict{ossenc.Compliant, ossenc.WouldFix, ossenc.Exempt, ossenc.Gone} {
		add(ossenc.Result{Verdict: v, Observed: v != ossenc.Gone})
	}
	for _, c := range ossenc.Codes() {
		if c == ossenc.Deadline {
			continue // ends the report
		}
		add(ossenc.Result{Verdict: ossenc.Blocked, Code: c, Observed: true, After: ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "k"}})
		add(ossenc.Result{Verdict: ossenc.Unknown, Code: c})
	}
	return all
}

func TestJSON_FollowsItsPublishedSchema(t *testing.T) {
	var values []json.RawMessage
	for _, source := range sources(t) {
		for _, v := range []View{view(), evidence(), collected()} {
			body, _ := written(t, "json", v, source)
			values = append(values, body)
		}
	}
	validate(t, "../../docs/report.schema.json", values...)
}

func TestOCSF_FollowsItsSchema(t *testing.T) {
	var values []json.RawMessage
	for _, source := range sources(t) {
		for _, v := range []View{view(), evidence()} {
			body, sum := written(t, "ocsf", v, source)
			lines := bytes.Split(bytes.TrimSpace(body), []byte("\n"))
			if len(lines) != sum.Rows+1 {
				t.Errorf("%d lines for %d rows", len(lines), sum.Rows)
			}
			for _, line := range lines {
				values = append(values, line)
			}
		}
	}
	validate(t, "testdata/ocsf.schema.json", values...)
}

func TestSARIF_FollowsItsSchema(t *testing.T) {
	var values []json.RawMessage
	for _, source := range sources(t) {
		body, _ := written(t, "sarif", evidence(), source)
		values = append(values, body)
	}
	validate(t, "sarif", values...)
	if answer := schemaSays(t, "sarif", json.RawMessage(`{"version":"2.1.0","runs":[{"results":[]}]}`)); answer[0] == "" {
		t.Error("the schema takes a run without a tool")
	}
}

// A format that points at a policy's lines is an error without a policy.
func TestSARIF_NeedsAPolicyFile(t *testing.T) {
	f, _ := FormatNamed("sarif")
	var out bytes.Buffer
	if _, err := Write(&out, f, view(), account(t)); err == nil || out.Len() != 0 || !strings.Contains(err.Error(), "no policy file") {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

func TestSARIF_IsAtTheLineOfTheRuleThatDecided(t *testing.T) {
	body, _ := written(t, "sarif", evidence(), rows(nil, every()...))
	var got struct {
		Runs []struct {
			Results []struct {
				RuleID    string
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(body, &got); err != nil || len(got.Runs) != 1 || len(got.Runs[0].Results) == 0 {
		t.Fatalf("%v %s", err, body)
	}
	for _, r := range got.Runs[0].Results {
		if at := r.Locations[0].PhysicalLocation; at.ArtifactLocation.URI != "policy.yaml" || at.Region.StartLine != 12 {
			t.Errorf("%s is at %+v", r.RuleID, at)
		}
	}
}

// junitSuites is the form that CI systems read.
type junitSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []struct {
		Name       string `xml:"name,attr"`
		Timestamp  string `xml:"timestamp,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Class   string    `xml:"classname,attr"`
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnit_CountsWhatItHas(t *testing.T) {
	for name, source := range sources(t) {
		body, sum := written(t, "junit", evidence(), source)
		var got junitSuites
		if err := xml.Unmarshal(body, &got); err != nil || len(got.Suites) != 1 || len(got.Suites[0].Properties) < 10 {
			t.Fatalf("%s: %v\n%s", name, err, body)
		}
		failures, failed, skipped := 0, 0, 0
		for _, c := range got.Suites[0].Cases {
			failures += number(c.Failure != nil)
			failed += number(c.Error != nil)
			skipped += number(c.Skipped != nil)
		}
		if got.Tests != len(got.Suites[0].Cases) || got.Failures != failures || got.Errors != failed || got.Skipped != skipped {
			t.Errorf("%s: %+v", name, got)
		}
		if !sum.Complete && failed == 0 {
			t.Errorf("%s: not complete, and no error", name)
		}
	}
}

// junitSchema is what CI systems take of JUnit's XML (Jenkins' jenkins-junit.xsd and
// GitLab's reader): for each element its attributes, those that must be there with a !,
// and its children.
var junitSchema = map[string]struct{ attributes, children string }{
	"testsuites": {"name tests failures errors skipped time", "testsuite"},
	"testsuite":  {"name! tests! failures errors skipped time timestamp hostname id package", "properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"name! value!", ""},
	"testcase":   {"name! classname! time", "skipped error failure system-out system-err"},
	"skipped":    {"message type", ""},
	"error":      {"message type", ""},
	"failure":    {"message type", ""},
}

// junitMistake returns what in a document is not of the schema; empty for nothing.
func junitMistake(body []byte) string {
	var open []string
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		switch e := token.(type) {
		case nil:
			if err != io.EOF {
				return err.Error()
			}
			return ""
		case xml.StartElement:
			name := e.Name.Local
			schema, known := junitSchema[name]
			parent := "testsuites"
			if len(open) > 0 {
				parent = junitSchema[open[len(open)-1]].children
			}
			if !known || !slices.Contains(strings.Fields(parent), name) {
				return name + " is not allowed here"
			}
			has := map[string]bool{}
			for _, a := range e.Attr {
				has[a.Name.Local] = true
				if !slices.Contains(strings.Fields(strings.ReplaceAll(schema.attributes, "!", "")), a.Name.Local) {
					return name + " has no attribute " + a.Name.Local
				}
			}
			for _, a := range strings.Fields(schema.attributes) {
				if must, ok := strings.CutSuffix(a, "!"); ok && !has[must] {
					return name + " lacks " + must
				}
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func TestJUnit_FollowsItsSchema(t *testing.T) {
	for name, source := range sources(t) {
		body, _ := written(t, "junit", evidence(), source)
		if mistake := junitMistake(body); mistake != "" {
			t.Errorf("%s: %s\n%s", name, mistake, body)
		}
	}
	for text, want := range map[string]string{
		`<testsuites><testsuite name="a" tests="1"><testcase name="b"/></testsuite></testsuites>`: "testcase lacks classname",
		`<testsuites><testcase name="b" classname="c"/></testsuites>`:                             "testcase is not allowed here",
		`<testsuites color="red"></testsuites>`:                                                   "testsuites has no attribute color",
	} {
		if got := junitMistake([]byte(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
