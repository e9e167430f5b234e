package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rowsUnder returns the words in backquotes at the start of the rows of the table
// under a heading.
func rowsUnder(doc, heading string) []string {
	_, section, _ := strings.Cut(doc, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var words []string
	for line := range strings.Lines(section) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for i, word := range strings.Split(first, "`") {
			if strings.HasPrefix(line, "| `") && i%2 == 1 {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return words
}

func TestEveryVerdictAndCodeIsExplained(t *testing.T) {
	doc := read(t, "docs/operations.md")
	for heading, typ := range map[string]string{"Verdicts": "Verdict", "Codes": "Code"} {
		if got, want := rowsUnder(doc, heading), constants(t, "ossenc", typ); !slices.Equal(got, want) {
			t.Errorf("under %s there are %v, the code has %v", heading, got, want)
		}
	}
}

// constants returns the values of the constants of a type in a package.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	var values []string
	eachGoFile(t, dir, func(f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typ && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
					value, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, value)
				}
			}
			return true
		})
	})
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typ, dir)
	}
	slices.Sort(values)
	return values
}

func eachGoFile(t *testing.T, dir string, visit func(*ast.File)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		visit(f)
	}
}

// The fields that alarms and queries name are those that the log has.
func TestLogFieldsAreThoseOfTheLog(t *testing.T) {
	got := rowsUnder(read(t, "docs/operations.md"), "Fields")
	want := []string{"request_id"}
	for _, m := range regexp.MustCompile(`slog\.[A-Z]\w+\("(\w+)"`).FindAllStringSubmatch(read(t, "handler/service/log.go"), -1) {
		if m[1] != "stack" && !slices.Contains(want, m[1]) {
			want = append(want, m[1])
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the table has %v, the log has %v", got, want)
	}
}

// The messages of other lines are in the code as they are in the table.
func TestOtherLinesAreInTheCode(t *testing.T) {
	var code strings.Builder
	for _, dir := range []string{"internal/function", "internal/fcruntime", "handler"} {
		names, err := fs.Glob(os.DirFS(filepath.Join(root, dir)), "*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				code.WriteString(read(t, filepath.Join(dir, name)))
			}
		}
	}
	rows := rowsUnder(read(t, "docs/operations.md"), "Other lines")
	if len(rows) < 5 {
		t.Fatalf("only %d rows: %q", len(rows), rows)
	}
	for _, message := range rows {
		if !strings.Contains(code.String(), strconv.Quote(message)) {
			t.Errorf("no line of the code says %q", message)
		}
	}
}

// docs/deploy.md says how a dead letter is replayed: by its requestPayload.
func TestDeadLetterIsReplayedByItsRequestPayload(t *testing.T) {
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
	s.OSS.PutBucket(localoss.Bucket{Name: "letter", Region: stack.Region})
	s.OSS.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "AccessDenied"} })
	sendAsync(t, s, stack.BucketCreated("id", "letter", stack.Region).JSON())
	var letter struct{ RequestPayload, ResponsePayload string }
	sent := <-letters
	if err := json.Unmarshal(sent, &letter); err != nil {
		t.Fatal(err)
	}
	for name := range object(t, []byte(docs.Blocks(t, "docs/deploy.md")[0].Text)) {
		if _, ok := object(t, sent)[name]; !ok {
			t.Errorf("docs/deploy.md shows %s, and the letter has none: %s", name, sent)
		}
	}
	if !strings.Contains(letter.ResponsePayload, `"errorType":"denied"`) {
		t.Errorf("the letter says %s, want denied", letter.ResponsePayload)
	}
	s.OSS.SetFault(nil)
	if _, err := s.Function.Invoke(t.Context(), []byte(letter.RequestPayload)); err != nil {
		t.Fatal(err)
	}
	if b, _ := s.OSS.Bucket("letter"); b.Rule.Algorithm != "AES256" {
		t.Errorf("after the replay the rule is %+v, want AES256", b.Rule)
	}
}

// docs/s-variants.md fetches the report without an HTTP trigger.
func TestReportByInvocation(t *testing.T) {
	binary, err := stack.Build(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Env: []string{"WARDEN_HTTP_AUTH=platform"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	r, err := s.Function.Invoke(t.Context(), []byte(read(t, "docs/examples/report.json")))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(r.Payload, &answer); err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(answer.Body, `"buckets"`) {
		t.Errorf("got %s, %v", r.Payload, err)
	}
}

func sendAsync(t *testing.T, s *stack.Stack, event []byte) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/2023-03-30/functions/bucketwarden/invocations", bytes.NewReader(event))
	r.Header.Set("X-Fc-Invocation-Type", "Async")
	w := httptest.NewRecorder()
	s.Function.Handler().ServeHTTP(w, r.WithContext(t.Context()))
	if w.Code != http.StatusAccepted {
		t.Fatalf("the platform answered %d: %s", w.Code, w.Body)
	}
}
