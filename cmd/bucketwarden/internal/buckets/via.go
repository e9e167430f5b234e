package buckets

import (
	"cmp"
	"context"
	"fmt"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/remote"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// collect makes the report of what the deployed function answers.
func (s *survey) collect(ctx context.Context, targets []target) error {
	if err := s.flags.CheckVia(); err != nil {
		return err
	}
	file, err := s.flags.PolicyFile()
	if err != nil {
		return err
	}
	if err := s.check(report.Origin{Policy: identityOf(file)}, targets); err != nil {
		return err
	}
	picker := s.flags.Picker()
	prefix, region := s.flags.Narrow()
	all, err := s.via.Collect(ctx, s.app, s.flags.Login(), remote.Asked{Prefix: prefix, Region: region, Takes: picker.Takes})
	if err != nil {
		return failed(s.app, err)
	}
	if all.Missing == nil { // else what is not there may be in what is missing
		if err := picker.Unmatched(); err != nil {
			return err
		}
	}
	if err := samePolicy(file, all.Origin.Policy); err != nil {
		return err
	}
	if err := s.sameAccount(all.Account); err != nil {
		return err
	}
	var count tally
	sum, err := s.writeAll(s.viewOf(all, file), s.replay(all, &count), targets)
	if err != nil {
		return failed(s.app, err)
	}
	s.summarize(collectedFrom(sum), sum, &count, targets)
	return s.status(sum, &count)
}

// identityOf identifies a policy; nil for none.
func identityOf(p *policy.Policy) *report.PolicyFile {
	if p == nil {
		return nil
	}
	return report.FileOf(p.Source.Name, p.Source.SHA256, p.Source.Lines)
}

// samePolicy refuses a file of --policy that is not the one that decided.
func samePolicy(file *policy.Policy, deployed *report.PolicyFile) error {
	if file == nil || deployed != nil && deployed.SHA256 == file.Source.SHA256 {
		return nil
	}
	is := "no policy file"
	if deployed != nil {
		is = fmt.Sprintf("%s with the SHA-256 %s", term.Clean(deployed.Name), deployed.SHA256)
	}
	return &app.Error{
		Exit: app.Usage, Err: fmt.Errorf("the function has not the policy %s with the SHA-256 %s; it has %s", file.Source.Name, file.Source.SHA256, is),
		Next: "leave --policy out to see what the function's own policy says, or deploy the file",
	}
}

// viewOf is what the report shows besides its rows. The lines and the exemptions of the
// policy are known only where its file is here.
func (s *survey) viewOf(all *remote.Collected, file *policy.Policy) report.View {
	by := all.Origin
	v := report.View{
		History: s.history, Scope: s.flags.Scope(), Now: s.app.Now(), Account: all.Account, Wanted: all.Wanted, Compare: all.Compare,
		Language: s.language, Reach: report.ReachCommand, Accounts: all.Several, EndingSoon: all.EndingSoon,
		AccountName: func(account string) string { return all.Names[account] },
	}
	if file != nil {
		by.Policy, v.Exemptions = identityOf(file), file.Exemptions()
	}
	v.Origin = by
	return v
}

// replay passes the collected rows on.
func (s *survey) replay(all *remote.Collected, count *tally) report.Source {
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for _, res := range all.Rows {
			count.add(res, s.failOn)
			if !row(res) {
				break
			}
		}
		if all.Missing != nil {
			return ossenc.SweepSummary{}, all.Missing
		}
		return ossenc.SweepSummary{Complete: true}, nil
	}
}

// collectedFrom says where a report comes from: what is required, from which function, as
// whom the buckets were read, and who asked.
func collectedFrom(sum *report.Summary) []string {
	p := sum.Provenance
	required := "by the function's policy"
	if p.Policy != nil {
		required += fmt.Sprintf(" %s (SHA-256 %s)", term.Clean(p.Policy.Name), p.Policy.SHA256)
	}
	if !sum.Wanted.IsNone() {
		words := "or stronger"
		if sum.Compare == ossenc.Exact {
			words = "exactly"
		}
		required = fmt.Sprintf("%s %s (the function's settings)", term.Clean(sum.Wanted.String()), words)
	}
	if scope := p.Scope.String(); scope != (report.Scope{}).String() {
		required += "; only " + scope
	}
	asked := term.Clean(p.Via.AskedBy)
	if p.Via.AskedByError != "" {
		asked = "unknown (" + term.Clean(p.Via.AskedByError) + ")"
	}
	return []string{
		"Required: " + required,
		fmt.Sprintf("Collected via: %s, version %s, in %s", term.Clean(p.Via.Function), cmp.Or(term.Clean(p.Via.Version), "unknown"), counted(p.Via.Parts, "part")),
		readAs(sum), "Asked by: " + asked,
	}
}
