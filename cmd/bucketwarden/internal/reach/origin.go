package reach

import (
	"slices"

	"bucketwarden/handler/report"
)

// Origin returns who makes a report of what r reaches.
func (r *Reach) Origin(version string) report.Origin {
	source := r.Policy.Source // zero where flags or settings require the same of all
	return report.Origin{Tool: "command", Version: version, Policy: report.FileOf(source.Name, source.SHA256, source.Lines)}
}

// Scope returns what the flags ask for, for a report.
func (f *Flags) Scope() report.Scope {
	sorted := func(values []string) []string { return slices.Sorted(slices.Values(values)) }
	return report.Scope{Accounts: sorted(f.accounts), Regions: sorted(f.regions), Buckets: sorted(f.buckets), Prefix: f.prefix}
}
