package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"bucketwarden/events"
	localfc "bucketwarden/internal/local/fc"
)

// localSettings are the function's variables in s.local.yaml.
func localSettings(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../../../s.local.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, " #")
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && strings.HasPrefix(name, "WARDEN_") {
			env = append(env, name+"="+value)
		}
	}
	if len(env) < 5 {
		t.Fatalf("only %q", env)
	}
	return env
}

// Every sample ends under `s local` as `make events` says, with the settings of
// s.local.yaml and those that the sample needs.
func TestSamplesEndAsTheManifestSays(t *testing.T) {
	samples, err := events.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range samples {
		depends := s.Trigger == "http" || strings.HasSuffix(name, "by-self.json") || name == "native-bucket-created.json"
		if s.Results == nil || !depends {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cmd := container(t, localfc.RuntimeGo1, freePort(t), "--event", sample(t, name))
			cmd.Env = slices.DeleteFunc(cmd.Env, func(pair string) bool { return strings.HasPrefix(pair, "WARDEN_") })
			cmd.Env = slices.Concat(cmd.Env, localSettings(t), s.Settings) // what comes last counts
			cmd.Stderr = nil
			out, _ := cmd.Output() // its status is that of the verdicts
			if got, want := verdicts(t, string(out)), fmt.Sprint(s.Results); got != want {
				t.Errorf("got %s, want %s\n%s", got, want, out)
			}
		})
	}
}

// verdicts finds the answer among the lines of the log.
func verdicts(t *testing.T, out string) string {
	t.Helper()
	type answer struct {
		Results []events.Result
		Body    string
		Error   string `json:"errorMessage"`
	}
	for line := range strings.Lines(out) {
		var a answer
		if json.Unmarshal([]byte(line), &a) != nil {
			continue
		}
		if inner := a.Body + a.Error; inner != "" {
			a = answer{}
			if json.Unmarshal([]byte(inner), &a) != nil {
				continue
			}
		}
		if a.Results != nil {
			return fmt.Sprint(a.Results)
		}
	}
	t.Fatalf("no answer in %s", out)
	return ""
}
