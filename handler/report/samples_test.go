package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"bucketwarden/internal/docs"
	"bucketwarden/ossenc"
)

// sample is the report of the samples in docs/report.md.
func sample(t *testing.T, form string) string {
	t.Helper()
	aes, own := ossenc.Rule{Algorithm: ossenc.AES256}, ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-hzz65f3a68euj0blbgmz9"}
	v := evidence()
	v.Prefix, v.RegionFilter, v.Wanted, v.Compare = "", "", ossenc.Rule{}, ""
	v.Origin.Tool, v.Origin.Identity = "command", "acs:ram::"+v.Account+":user/alice"
	v.Origin.Policy.Lines = map[string]int{"payments": 8, "everything else": 12}
	body, _ := written(t, form, v, rows(nil,
		ossenc.Result{Bucket: "assets", Region: "cn-beijing", Verdict: ossenc.WouldFix, Observed: true, Wanted: aes, Target: aes, PolicyRule: "everything else", Reason: "no default encryption; AES256 is required", OSSRequestID: "6B07D9DB1EEC738653CDCBEB"},
		ossenc.Result{Bucket: "payments", Region: "cn-hangzhou", Verdict: ossenc.Compliant, Observed: true, Before: own, After: own, Wanted: own, PolicyRule: "payments", Reason: own.String() + " is current and required", OSSRequestID: "6B07D9DB1EEC738653CDCBEC"},
	))
	if form == "json" || form == "sarif" {
		return indented(t, body)
	}
	if form == "ocsf" {
		return indented(t, body[:bytes.IndexByte(body, '\n')])
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

func indented(t *testing.T, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every sample is what is written, line by line; … stands for lines that are left out.
func TestDocs_SamplesAreReal(t *testing.T) {
	forms := []string{"json", "csv", "prometheus", "ocsf", "junit", "sarif"}
	blocks := docs.Blocks(t, "docs/report.md")
	if len(blocks) != len(forms) {
		t.Fatalf("%d samples, %d forms", len(blocks), len(forms))
	}
	for i, form := range forms {
		whole := strings.Split(sample(t, form), "\n")
		at, jumped := 0, true
		for _, line := range strings.Split(strings.TrimSuffix(blocks[i].Text, "\n"), "\n") {
			if strings.TrimSpace(line) == "…" {
				jumped = true
				continue
			}
			next := slices.Index(whole[at:], line)
			if next < 0 || next > 0 && !jumped {
				t.Errorf("%s, the sample of %s: %q does not follow in\n%s", blocks[i].Place(), form, line, strings.Join(whole, "\n"))
				break
			}
			at, jumped = at+next+1, false
		}
	}
}

// metricsOf are the names of the series of a report of every kind, with their labels.
func metricsOf(t *testing.T) map[string]map[string]bool {
	t.Helper()
	earlier, _ := written(t, "json", evidence(), rows(nil))
	e, err := ReadEarlier(earlier)
	if err != nil {
		t.Fatal(err)
	}
	v := evidence()
	v.History = NewHistory(e)
	body, _ := written(t, "prometheus", v, rows(nil, every()...))
	all := map[string]map[string]bool{}
	for line := range strings.Lines(string(body)) {
		m := sampleLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			continue
		}
		if all[m[1]] == nil {
			all[m[1]] = map[string]bool{}
		}
		for _, l := range regexp.MustCompile(`([a-z_]+)="`).FindAllStringSubmatch(m[2], -1) {
			all[m[1]][l[1]] = true
		}
	}
	return all
}

// unknownIn returns what a query names that the report does not have: a metric, or a
// label of one of the query's metrics.
func unknownIn(query string, metrics map[string]map[string]bool) string {
	labels := map[string]bool{}
	for _, name := range regexp.MustCompile(`bucketwarden_[a-z_]+`).FindAllString(query, -1) {
		if metrics[name] == nil {
			return name
		}
		maps.Copy(labels, metrics[name])
	}
	if len(labels) == 0 && !strings.Contains(query, "bucketwarden_report_timestamp_seconds") && !strings.Contains(query, "bucketwarden_report_complete") {
		return "(no metric)"
	}
	lists := regexp.MustCompile(`(?:by|on|group_left) \(([^)]*)\)`).FindAllStringSubmatch(query, -1)
	lists = append(lists, regexp.MustCompile(`\{([a-z_]+)=`).FindAllStringSubmatch(query, -1)...)
	for _, list := range lists {
		for l := range strings.SplitSeq(list[1], ",") {
			if l = strings.TrimSpace(l); !labels[l] {
				return l
			}
		}
	}
	return ""
}

// The queries of the examples for Grafana and Prometheus name metrics and labels that
// there are.
func TestExamples_AskForWhatThereIs(t *testing.T) {
	metrics := metricsOf(t)
	for query, want := range map[string]string{
		"sum by (verdict) (bucketwarden_buckets)": "", "sum by (verdcit) (bucketwarden_buckets)": "verdcit", "bucketwarden_bucket == 0": "bucketwarden_bucket",
		`bucketwarden_bucket_info{kode="x"}`: "kode", "min(bucketwarden_report_complete)": "", "up": "(no metric)",
	} {
		if got := unknownIn(query, metrics); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	var queries []string
	for _, p := range grafanaPanels(t) {
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	data, err := os.ReadFile("../../docs/examples/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, r := range file.Groups[0].Rules {
		queries = append(queries, r.Expr)
	}
	if len(queries) < 12 {
		t.Errorf("only %d queries", len(queries))
	}
	for _, q := range queries {
		if unknown := unknownIn(q, metrics); unknown != "" {
			t.Errorf("%s: the report has no %s", q, unknown)
		}
	}
}

type grafanaPanel struct {
	ID          int
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ RefID, Expr string }
}

// grafanaPanels reads the dashboard, and checks what Grafana needs to import it.
func grafanaPanels(t *testing.T) []grafanaPanel {
	t.Helper()
	data, err := os.ReadFile("../../docs/examples/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Title, UID    string
		SchemaVersion int
		Panels        []grafanaPanel
		Templating    struct {
			List []struct{ Name, Type, Query string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	if v := dashboard.Templating.List; dashboard.Title == "" || dashboard.UID == "" || dashboard.SchemaVersion == 0 || len(v) != 1 || v[0].Type != "datasource" || !bytes.Contains(data, []byte("${"+v[0].Name+"}")) {
		t.Errorf("%+v", dashboard)
	}
	cells := map[string]bool{}
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if p.Title == "" || p.Type == "" || ids[p.ID] || len(p.Targets) == 0 || p.Targets[0].RefID == "" || p.GridPos.W < 1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := fmt.Sprint(p.GridPos.X+x, ",", p.GridPos.Y+y)
				if cells[cell] {
					t.Fatalf("the panel %s lies on another", p.Title)
				}
				cells[cell] = true
			}
		}
	}
	return dashboard.Panels
}

// What GitHub's code scanning asks of SARIF beyond the schema (its documentation,
// "SARIF support for code scanning"): or it shows nothing, and says nothing.
func TestSARIF_IsWhatGitHubShows(t *testing.T) {
	body, _ := written(t, "sarif", evidence(), rows(nil, every()...))
	var got struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID                                      string
						ShortDescription, FullDescription, Help struct{ Text string }
						Properties                              map[string]any
					}
				}
			}
			Results []struct {
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(body, &got); err != nil || len(got.Runs) != 1 || len(got.Runs[0].Results) < 10 {
		t.Fatalf("%v %s", err, body)
	}
	for _, r := range got.Runs[0].Tool.Driver.Rules {
		var severity float64
		if _, err := fmt.Sscan(fmt.Sprint(r.Properties["security-severity"]), &severity); err != nil || severity <= 0 || severity > 10 || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" {
			t.Errorf("%+v", r)
		}
	}
	seen := map[string]bool{}
	for _, r := range got.Runs[0].Results {
		print := r.PartialFingerprints["primaryLocationLineHash"]
		if len(r.Locations) != 1 || r.Message.Text == "" || print == "" || seen[print] {
			t.Errorf("%+v", r)
			continue
		}
		seen[print] = true
		if at := r.Locations[0].PhysicalLocation; at.Region.StartLine < 1 || strings.HasPrefix(at.ArtifactLocation.URI, "/") || strings.Contains(at.ArtifactLocation.URI, ":") {
			t.Errorf("%+v", at)
		}
	}
}
