package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each number that a document states, and the line of the code that it comes from. A
// change of the code or of the text fails here until the other follows.
var numbers = []struct{ file, says, source, code string }{
	{"docs/sweep.md", "begins with 64 buckets at a time", "ossenc/sweep.go", "defaultConcurrency = 64"},
	{"docs/sweep.md", "Three seconds before the invocation's time ends", "ossenc/sweep.go", "defaultReserve = 3 * time.Second"},
	{"docs/sweep.md", "at most 1,000 and 1 MB of them", "handler/service/sweep_result.go", "maxListed = 1000"},
	{"docs/sweep.md", "at most 1,000 and 1 MB of them", "handler/service/sweep_result.go", "maxListedBytes = 1 << 20"},
	{"docs/sweep.md", "A plan holds 5,000 rows", "handler/service/sweep_result.go", "maxPlanned = 5000"},
	{"docs/sweep.md", "exemptions that end within 14 days", "handler/service/service.go", "soon = 14 * 24 * time.Hour"},
	{"docs/sweep.md", "older than `WARDEN_PLAN_AGE` (24 hours), or more than five minutes from the future", "handler/service/apply.go", "DefaultPlanAge = 24 * time.Hour"},
	{"docs/sweep.md", "older than `WARDEN_PLAN_AGE` (24 hours), or more than five minutes from the future", "handler/service/apply.go", "planSkew = 5 * time.Minute"},
	{"docs/settings.md", "| `WARDEN_PLAN_AGE` | 1m to 744h | `24h` |", "internal/settings/plan.go", "maxPlanAge = 31 * 24 * time.Hour"},
	{"docs/settings.md", "| `WARDEN_SWEEP_MAX_HOPS` | 1 to 10000 | `500` |", "handler/service/run.go", "DefaultMaxHops = 500"},
	{"docs/http.md", "about 4 MB long", "handler/web/report.go", "maxReport = 4 << 20"},
	{"docs/http.md", "is at most a minute old", "handler/web/eventbridge.go", "signatureWindow = time.Minute"},
	{"SECURITY.md", "at most 1 MB each, four at a time, each within 5 s", "handler/web/eventbridge.go", "maxDelivery = 1 << 20"},
	{"SECURITY.md", "at most 1 MB each, four at a time, each within 5 s", "handler/web/eventbridge.go", "deliveryTime = 5 * time.Second"},
	{"SECURITY.md", "at most 1 MB each, four at a time, each within 5 s", "handler/web/eventbridge.go", "maxReading = 4"},
	{"docs/deploy.md", "answers what it has, within 9.5 s", "internal/fcruntime/drainer.go", "grace = 8 * time.Second"},
	{"docs/deploy.md", "answers what it has, within 9.5 s", "internal/fcruntime/drainer.go", "cancelGrace = 1500 * time.Millisecond"},
	{"docs/operations.md", "created less than 10 minutes ago", "ossenc/look.go", "appearTime = 10 * time.Minute"},
	{"docs/reach.md", "or after 30 minutes without a request", "cmd/bucketwarden/internal/remote/open.go", "idleTime = 30 * time.Minute"},
	{"docs/command.md", "buckets at a time, 16 if not given", "cmd/bucketwarden/internal/reach/flags.go", "defaultConcurrency = 16"},
	{"docs/command.md", "answer within 5 seconds", "cmd/bucketwarden/internal/reach/caller.go", "callerTime = 5 * time.Second"},
	{"docs/deploy.md", "most buckets in `timeout: 300`", "s.yaml", "timeout: 300"},
	{"docs/deploy.md", "0.1 vCPU", "s.yaml", "cpu: 0.1"},
	{"docs/deploy.md", "0.125 GB", "s.yaml", "memorySize: 128"},
}

func TestNumbersAreThoseOfTheCode(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	has := func(file, text string) bool {
		b, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(strings.Fields(string(b)), " "), text)
	}
	for _, n := range numbers {
		if !has(n.file, n.says) {
			t.Errorf("%s does not say %q", n.file, n.says)
		}
		if !has(n.source, n.code) {
			t.Errorf("%s does not say %q, which is where %q of %s comes from", n.source, n.code, n.says, n.file)
		}
	}
}
