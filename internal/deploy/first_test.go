package deploy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// checks are the ten blocking checks of docs/first-deployment.md, by their name.
func checks(t *testing.T) map[string]string {
	t.Helper()
	_, doc, _ := strings.Cut(read(t, "docs/first-deployment.md"), "\n## Ten blocking checks\n")
	doc, _, _ = strings.Cut(doc, "\n## ")
	all := map[string]string{}
	for _, section := range strings.Split(doc, "\n### ")[1:] {
		name, _, _ := strings.Cut(section, ".")
		all[name] = section
	}
	return all
}

// Each of the ten checks has a command, what is expected, and what to do if it
// does not come.
func TestTenBlockingChecks(t *testing.T) {
	all := checks(t)
	for i := 1; i <= 10; i++ {
		section, ok := all[fmt.Sprintf("B%d", i)]
		if !ok {
			t.Errorf("there is no check B%d", i)
			continue
		}
		_, expected, ok := strings.Cut(section, "Expected")
		if !strings.Contains(section, "```sh\n") || !ok || strings.Count(expected, "```") < 2 {
			t.Errorf("B%d has no command, or no expected output", i)
		}
		if _, after, _ := strings.Cut(expected, "```\n\n"); len(strings.TrimSpace(after)) < 40 {
			t.Errorf("B%d does not say what to do otherwise: %q", i, after)
		}
	}
}

// Each (check X) of docs/deploy.md leads to a check or a row of
// docs/first-deployment.md, and no id is given twice.
func TestEveryOpenPointHasItsCheck(t *testing.T) {
	doc := read(t, "docs/first-deployment.md")
	var ids []string
	for _, m := range regexp.MustCompile(`(?m)^(?:### |\| )([A-Z]\d+)(?:\.| \|)`).FindAllStringSubmatch(doc, -1) {
		if slices.Contains(ids, m[1]) {
			t.Errorf("%s is there twice", m[1])
		}
		ids = append(ids, m[1])
	}
	for _, name := range []string{"docs/deploy.md", "docs/operations.md", "docs/s-variants.md"} {
		text := read(t, name)
		for _, m := range regexp.MustCompile(`\(check ([^)]*)\)`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(ids, m[1]) {
				t.Errorf("%s: there is no %s in docs/first-deployment.md", name, m[1])
			}
		}
		if n := strings.Count(text, "**(check)**"); name != "docs/deploy.md" && n > 0 || n > 1 { // the one that explains the mark
			t.Errorf("%s has %d checks without an id", name, n)
		}
	}
}

// event is what a check sends, and expected its JSON block.
func eventOf(t *testing.T, section string) string {
	t.Helper()
	m := regexp.MustCompile(`s invoke .*-e '([^']*)'`).FindStringSubmatch(section)
	if m == nil {
		t.Fatalf("no event in %q", section)
	}
	return m[1]
}

func expectedOf(t *testing.T, section string) map[string]any {
	t.Helper()
	m := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(section)
	if m == nil {
		t.Fatalf("no JSON in %q", section)
	}
	return object(t, []byte(m[1]))
}

func object(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

// has reports what of want is not in got; texts of JSON are compared as JSON.
func has(got, want any) error {
	switch want := want.(type) {
	case map[string]any:
		if text, ok := got.(string); ok {
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				return err
			}
		}
		m, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is not an object", got)
		}
		for name, w := range want {
			if err := has(m[name], w); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case string:
		var inner map[string]any
		if json.Unmarshal([]byte(want), &inner) == nil {
			return has(got, inner)
		}
		if got != want {
			return fmt.Errorf("%v, want %v", got, want)
		}
	default:
		if got != want {
			return fmt.Errorf("%v, want %v", got, want)
		}
	}
	return nil
}

// What the checks expect is what the function answers, as far as it can be seen on
// this machine.
func TestExpectedOutputs(t *testing.T) {
	binary, err := stack.Build(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	letters := make(chan []byte, 1)
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Configure: func(c *localfc.Config) {
		c.MaxAsyncRetryAttempts = -1
		c.OnFailure = func(letter []byte) { letters <- letter }
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	all := checks(t)
	compared := map[string]bool{}
	s.OSS.PutBucket(localoss.Bucket{Name: "check", Region: stack.Region})

	invoke := func(event string) localfc.Result {
		t.Helper()
		r, err := s.Function.Invoke(t.Context(), []byte(event))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	expect := func(name string, got []byte) {
		t.Helper()
		compared[name] = true
		if err := has(object(t, got), expectedOf(t, all[name])); err != nil {
			t.Errorf("%s: %v in %s", name, err, got)
		}
	}

	expect("B1", invoke(eventOf(t, all["B1"])).Payload)

	for name, event := range map[string][]byte{
		"B3": stack.BucketCreated("1", "check", stack.Region).JSON(),
		"B4": stack.Call("2", "DeleteBucketEncryption", "check", stack.Region, "console").JSON(),
	} {
		s.OSS.PutBucket(localoss.Bucket{Name: "check", Region: stack.Region})
		compared[name] = true
		line := verdictLine(t, invoke(string(event)).Log)
		got := fmt.Sprintf("%s\t%s\t%s\t%s", line["event_type"], line["verdict"], line["before"], line["after"])
		if !strings.Contains(all[name], "\n"+got) {
			t.Errorf("%s: the log has %q", name, got)
		}
	}

	s.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Operation != "GetBucketEncryption" {
			return nil
		}
		return &localoss.Fault{Code: "AccessDenied"}
	})
	expect("B6", invoke(eventOf(t, all["B6"])).Payload)
	sendAsync(t, s, stack.BucketCreated("3", "check", stack.Region).JSON())
	expect("B8", <-letters)
	s.OSS.SetFault(nil)
	sendAsync(t, s, []byte(eventOf(t, all["B7"])))
	expect("B7", <-letters)
	for _, b := range docs.Blocks(t, "docs/first-deployment.md") {
		found := false
		for name := range compared {
			found = found || strings.Contains(all[name], b.Text)
		}
		if !found {
			t.Errorf("%s is in none of the checks that were compared", b.Place())
		}
	}
}

// verdictLine is the line of the log that says what became of a bucket.
func verdictLine(t *testing.T, log string) map[string]any {
	t.Helper()
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"msg":"verdict"`) {
			return object(t, []byte(line))
		}
	}
	t.Fatalf("no verdict in %q", log)
	return nil
}

// Every event that the documents send by hand is one that the function knows.
func TestEventsOfTheDocsAreKnown(t *testing.T) {
	binary, err := stack.Build(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	found := 0
	for _, name := range []string{"docs/operations.md", "docs/deploy.md", "docs/sweep.md", "docs/s-variants.md"} {
		for _, m := range regexp.MustCompile(`s invoke -e '([^']*)'`).FindAllStringSubmatch(read(t, name), -1) {
			found++
			r, err := s.Function.Invoke(t.Context(), []byte(m[1]))
			if err != nil || r.FunctionError != "" {
				t.Errorf("%s: %s ends in %v %s", name, m[1], err, r.Payload)
			}
		}
	}
	if found == 0 {
		t.Error("no event was found")
	}
}
