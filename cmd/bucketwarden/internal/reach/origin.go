package reach

import (
	"slices"

	"bucketwarden/handler/report"
)

// Origin returns who makes a report of what r reaches. As whom is empty before
// [Reach.Select].
func (r *Reach) Origin(version string) report.Origin {
	source := r.Policy.Source // zero where flags or settings require the same of all
	who := r.Caller()
	return report.Origin{
		Tool: "command", Version: version, Identity: who.ARN, IdentityError: who.Problem,
		Policy: report.FileOf(source.Name, source.SHA256, source.Lines),
	}
}

// Scope returns what the flags ask for, for a report.
func (f *Flags) Scope() report.Scope {
	sorted := func(values []string) []string { return slices.Sorted(slices.Values(values)) }
	return report.Scope{Accounts: sorted(f.accounts), Regions: sorted(f.regions), Buckets: sorted(f.buckets), Prefix: f.prefix}
}
