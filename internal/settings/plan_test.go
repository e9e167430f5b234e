package settings

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/web"
	"bucketwarden/internal/docs"
	"bucketwarden/ossenc"
)

func TestRead_PlanAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "24h": 24 * time.Hour, "90m": 90 * time.Minute, "1m": time.Minute, "744h": 31 * 24 * time.Hour} {
		if cfg, err := Read([]string{PlanAge + "=" + text}); err != nil || cfg.PlanAge != want {
			t.Errorf("%q is %s, %v", text, cfg.PlanAge, err)
		}
	}
	for _, text := range []string{"24", "0s", "-1h", "59s", "745h", "1d", "soon"} {
		if _, err := Read([]string{PlanAge + "=" + text}); err == nil || !strings.Contains(err.Error(), PlanAge+": is a time from 1m to 744h") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Nothing but the setting lets approve into HTTP, and the lines of the document are
// settings of two callers, of whom one plans and the other approves.
func TestDocs_TheSettingsOfApproval(t *testing.T) {
	cfg, err := Read([]string{HTTPAuth + "=platform"})
	if err != nil || fmt.Sprint(cfg.Auth.Allow) != "[report apply]" {
		t.Errorf("by default HTTP can do %v, %v", cfg.Auth.Allow, err)
	}
	for _, b := range docs.Blocks(t, "docs/sweep.md", "yaml") {
		var environ []string
		n := 0
		for line := range strings.Lines(b.Text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			for strings.Contains(value, "SHA256") {
				n++
				value = strings.Replace(value, "SHA256", fmt.Sprintf("%064x", n), 1)
			}
			environ = append(environ, name+"="+value)
		}
		cfg, err := Read(environ)
		if err != nil || cfg.Mode != ossenc.Approve || len(cfg.Auth.Tokens) != 2 {
			t.Fatalf("%s: %+v, %v", b.Text, cfg.Auth, err)
		}
		if planner, approver := cfg.Auth.Tokens[0].Scopes, cfg.Auth.Tokens[1].Scopes; fmt.Sprint(planner, approver) != fmt.Sprint([]web.Scope{web.ScopeReport, web.ScopeApply}, []web.Scope{web.ScopeApprove}) {
			t.Errorf("the planner may %v, the approver %v", planner, approver)
		}
	}
}
