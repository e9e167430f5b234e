package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says which packages of ours a room may import. Imports go downwards only,
// so that a room can be read, tested and used without those above it.
var rooms = map[string][]string{
	".":                                 {"internal/function"},
	"internal/function":                 {"handler", "handler/event", "handler/service", "handler/web", "internal/fcruntime", "internal/settings", "ossenc/…"},
	"internal/settings":                 {"handler", "handler/web", "ossenc/…"},
	"internal/fcruntime":                {"ossenc"},
	"handler":                           {"handler/service", "handler/strictjson", "ossenc"},
	"handler/web":                       {"handler/report", "handler/service", "handler/strictjson", "ossenc"},
	"handler/service":                   {"handler/event", "handler/strictjson", "ossenc", "ossenc/policy"},
	"handler/report":                    {"handler/strictjson", "ossenc"},
	"handler/event":                     {"handler/strictjson", "ossenc"},
	"handler/strictjson":                {},
	"handler/internal/memory":           {"ossenc", "ossenc/policy"},
	"ossenc":                            {"ossenc/internal/…", "ossenc/region"},
	"ossenc/history":                    {"ossenc"},
	"ossenc/internal/flight":            {},
	"ossenc/internal/wait":              {},
	"ossenc/region":                     {},
	"ossenc/policy":                     {"ossenc", "ossenc/policy/…", "ossenc/region"},
	"ossenc/policy/document":            {},
	"ossenc/policy/glob":                {},
	"ossenc/policy/policytest":          {"ossenc", "ossenc/policy", "ossenc/policy/document"},
	"ossenc/alicloud":                   {"ossenc", "ossenc/alicloud/acs3", "ossenc/alicloud/redact", "ossenc/alicloud/tlsdial", "ossenc/internal/…", "ossenc/region"},
	"ossenc/alicloud/acs3":              {"ossenc"},
	"ossenc/alicloud/actiontrail":       {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi", "ossenc/history"},
	"ossenc/alicloud/cloudconfig":       {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi"},
	"ossenc/alicloud/fc":                {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi"},
	"ossenc/alicloud/kms":               {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi"},
	"ossenc/alicloud/openapi":           {"ossenc", "ossenc/alicloud", "ossenc/alicloud/acs3", "ossenc/internal/…"},
	"ossenc/alicloud/organisation":      {"ossenc", "ossenc/alicloud", "ossenc/alicloud/resourcedirectory", "ossenc/internal/…"},
	"ossenc/alicloud/redact":            {},
	"ossenc/alicloud/resourcedirectory": {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi"},
	"ossenc/alicloud/sts":               {"ossenc", "ossenc/alicloud", "ossenc/alicloud/openapi"},
	"ossenc/alicloud/tlsdial":           {},

	// The command. Its verbs know nothing of each other, nor of HTTP routes.
	"cmd/bucketwarden":                   {"cmd/bucketwarden/internal/…", "internal/function"},
	"cmd/bucketwarden/internal/app":      {"cmd/bucketwarden/internal/creds", "cmd/bucketwarden/internal/files", "cmd/bucketwarden/internal/term", "ossenc/policy/document"},
	"cmd/bucketwarden/internal/creds":    {},
	"cmd/bucketwarden/internal/files":    {},
	"cmd/bucketwarden/internal/term":     {},
	"cmd/bucketwarden/internal/version":  {},
	"cmd/bucketwarden/internal/reach":    {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/creds", "cmd/bucketwarden/internal/term", "handler/report", "internal/function", "internal/settings", "ossenc/…"},
	"cmd/bucketwarden/internal/remote":   {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/files", "cmd/bucketwarden/internal/reach", "cmd/bucketwarden/internal/term", "handler/report", "internal/settings", "ossenc/…"},
	"cmd/bucketwarden/internal/buckets":  {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/files", "cmd/bucketwarden/internal/reach", "cmd/bucketwarden/internal/remote", "cmd/bucketwarden/internal/term", "handler/report", "handler/service", "internal/settings", "ossenc/…"},
	"cmd/bucketwarden/internal/policies": {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/files", "cmd/bucketwarden/internal/reach", "cmd/bucketwarden/internal/term", "ossenc/…"},
	"cmd/bucketwarden/internal/trails":   {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/files", "cmd/bucketwarden/internal/reach", "cmd/bucketwarden/internal/term", "handler/service", "handler/strictjson", "internal/settings", "ossenc/…"},
	"cmd/bucketwarden/internal/locals":   {"cmd/bucketwarden/internal/app", "cmd/bucketwarden/internal/term", "events", "internal/local/fc", "internal/local/stack", "internal/settings", "ossenc/…"},

	// The stand-ins: each service knows what the services share and no other service,
	// but for the trail of what OSS did.
	"internal/local/wire":              {},
	"internal/local/rpc":               {"internal/local/wire"},
	"internal/local/oss":               {"internal/local/wire"},
	"internal/local/kms":               {"internal/local/rpc", "internal/local/wire"},
	"internal/local/sts":               {"internal/local/rpc"},
	"internal/local/cloudconfig":       {"internal/local/rpc"},
	"internal/local/resourcedirectory": {"internal/local/rpc"},
	"internal/local/actiontrail":       {"internal/local/oss", "internal/local/rpc", "internal/local/wire"},
	"internal/local/fc":                {"internal/local/rpc"},
	"internal/local/cloud":             {"internal/local/actiontrail", "internal/local/kms", "internal/local/oss", "internal/local/resourcedirectory", "internal/local/rpc", "internal/local/sts", "internal/local/wire"},
	"internal/local/console":           {"internal/local/fc", "internal/local/kms", "internal/local/oss", "internal/local/wire", "ossenc"},
	"internal/local/stack":             {"events", "internal/local/…", "internal/settings", "ossenc", "ossenc/policy"},
}

// ruled are the parts of the house whose every package is a room.
var ruled = []string{"handler", "ossenc", "cmd", "internal/function", "internal/settings", "internal/fcruntime", "internal/local"}

func TestRoomsImportDownwardsOnly(t *testing.T) {
	seen := map[string]bool{}
	eachFile(root, func(name string, f *ast.File) {
		room := filepath.Dir(name)
		allowed, ok := rooms[room]
		if !ok {
			if slices.ContainsFunc(ruled, func(part string) bool { return covers(part+"/…", room) || part == room }) {
				t.Errorf("%s: no one says what %s may import", name, room)
			}
			return
		}
		seen[room] = true
		for _, i := range f.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			pkg, ours := strings.CutPrefix(path, "bucketwarden/")
			if ours && !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, pkg) }) {
				t.Errorf("%s imports %s; %s may import %q", name, pkg, room, allowed)
			}
		}
	})
	for room := range rooms {
		if !seen[room] {
			t.Errorf("there is no room %s", room)
		}
	}
}

// covers reports whether pkg is the allowed package, or with … one of those below
// it.
func covers(allowed, pkg string) bool {
	above, below := strings.CutSuffix(allowed, "/…")
	return pkg == above || below && strings.HasPrefix(pkg, above+"/")
}

// without says what a room must not link, not even through another package.
var without = []struct{ room, dep, why string }{
	{"handler/event", "net/http", "events are read without HTTP"},
	{"handler/service", "net/http", "a command calls the use cases without HTTP"},
	{"handler/report", "net/http", "a report is written to any io.Writer"},
	{"handler/service", "bucketwarden/ossenc/alicloud", "the cloud comes in from above"},
	{"internal/fcruntime", "bucketwarden/handler", "the platform's loop knows no application"},
	{"ossenc/alicloud/organisation", "bucketwarden/handler/service", "what speaks to the cloud knows no application"},
	{"internal/local/oss", "bucketwarden/ossenc", "a stand-in that shared the product's code would share its mistakes"},
}

func TestRoomsLinkNothingFromAbove(t *testing.T) {
	for _, w := range without {
		out, err := command("go", "list", "-deps", "bucketwarden/"+w.room)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(strings.Fields(out), w.dep) {
			t.Errorf("%s links %s: %s", w.room, w.dep, w.why)
		}
	}
}

// Where settings may be named besides internal/settings: the stand-ins, which
// set them for the function, and the bench.
var namesSettings = []string{"internal/settings/", "internal/local/", "bench/"}

var settingName = regexp.MustCompile(`(?:^|[^A-Z])WARDEN_[A-Z]`)

func TestSettingsAreNamedInOneRoom(t *testing.T) {
	eachFile(root, func(name string, f *ast.File) {
		if !slices.ContainsFunc(namesSettings, func(dir string) bool { return strings.HasPrefix(name, dir) }) && namesASetting(f) {
			t.Errorf("%s names a setting; use the constant of internal/settings", name)
		}
	})
}

func namesASetting(f *ast.File) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		found = found || ok && lit.Kind == token.STRING && settingName.MatchString(lit.Value)
		return true
	})
	return found
}

// The budgets are what is true today, so that they only shrink.
const (
	maxFunction = 50  // lines; most have 9, nine in ten at most 22
	maxFile     = 300 // lines; most have fewer than 200
)

func TestFilesAndFunctionsAreSmall(t *testing.T) {
	fset := token.NewFileSet()
	eachFile(root, func(name string, _ *ast.File) {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(fset, name, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(b), "\n"); lines > maxFile {
			t.Errorf("%s has %d lines, at most %d: split it", name, lines, maxFile)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; lines > maxFunction {
					t.Errorf("%s: %s has %d lines, at most %d: split it", name, fn.Name.Name, lines, maxFunction)
				}
			}
		}
	})
}

// Documents that name files name those that are there.
func TestDocumentsNameFilesThatAreThere(t *testing.T) {
	path := regexp.MustCompile("`((?:handler|ossenc|internal|cmd|bench|docs|events)/[a-z0-9_/.-]+)`")
	for _, name := range []string{"docs/design.md", "CONTRIBUTING.md"} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		found := path.FindAllStringSubmatch(string(b), -1)
		if len(found) < 10 {
			t.Errorf("%s names only %d files", name, len(found))
		}
		for _, m := range found {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
}
