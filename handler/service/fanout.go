package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// fanOut is the start of a run: of its parts, or of its one part.
type fanOut struct {
	service *Service
	log     invocationLog
	request SweepRequest
	run     Run
	res     *HopResult
}

// part returns the first hop of part i of n, with its share of the limit. Its ID ends with name.
func (f *fanOut) part(name string, i, n int) *SweepRequest {
	p, run := f.request, f.run
	p.RunID, p.FanOut, p.Continue, p.MaxChanges = "", "", false, policy.MaxChanges{}
	p.Run = &run
	if name != "" {
		run.ID += "-" + name
	}
	if run.Limit != nil {
		share := *run.Limit / n
		if i < *run.Limit%n {
			share++
		}
		run.Limit = &share
	}
	return &p
}

// byAccount starts a part for each account, or for several where there are many.
func (f *fanOut) byAccount(ctx context.Context, warden Warden, sweep ossenc.SweepOptions) {
	accounts, err := warden.AccountList(ctx, sweep)
	for _, one := range joined(errors.Join(append(accounts.Problems, err)...)) {
		f.res.fail(ossenc.CodeOf(one), one.Error())
	}
	if err != nil { // a part that is left out would be accounts that are left alone
		return
	}
	n := min(len(accounts.IDs), maxParts)
	for i := range n {
		p := f.part(fmt.Sprintf("p%03d", i+1), i, n)
		for j := i; j < len(accounts.IDs); j += n {
			p.Accounts = append(p.Accounts, accounts.IDs[j])
		}
		f.start(ctx, "", p)
	}
}

// byRegion starts a part for each region, and one for every other region: so a bucket is
// in exactly one part, wherever it is and whenever it was created. The part for the
// others comes first. Its payload says which regions have parts of their own, so that a
// repetition of a start that was cut off starts the same parts.
func (f *fanOut) byRegion(ctx context.Context, count counting) {
	others := f.part("others", 0, 1)
	earlier, err := f.service.claim(ctx, "", others.Run)
	var regions []string
	switch {
	case earlier != nil:
		regions = earlier.ExceptRegions
		f.res.fail(ossenc.CodeOf(err), err.Error())
	case err != nil:
		f.res.fail(ossenc.CodeOf(err), err.Error())
		return
	default:
		regions = f.regions(ctx, count)
		id := others.Run.ID
		others = f.part("others", len(regions), len(regions)+1)
		others.Run.ID, others.ExceptRegions = id, regions
		if !f.send(ctx, "", others) {
			return
		}
	}
	for i, region := range regions {
		p := f.part(region, i, len(regions)+1)
		p.Region = region
		at := ""
		if slices.Contains(f.service.Regions, region) {
			at = region
		}
		f.start(ctx, at, p)
	}
}

// regions are those that have a function for their part, or else those that have buckets.
func (f *fanOut) regions(ctx context.Context, count counting) []string {
	if f.service.Regions != nil {
		return slices.Sorted(slices.Values(f.service.Regions))
	}
	counts, err := count()
	if err != nil {
		f.log.line(ctx, slog.LevelError, "not every account could be listed, so buckets may be in the part for every other region", slog.String("run", f.run.ID), slog.String("error", err.Error()))
	}
	regions := slices.Sorted(maps.Keys(counts))
	regions = slices.DeleteFunc(regions, func(r string) bool { return !ossenc.ValidRegion(r) })
	return regions[:min(len(regions), maxParts-1)]
}

// start starts a part, unless a run with its ID may be under way. It is asked before,
// because the platform may not refuse a task ID that it knows.
func (f *fanOut) start(ctx context.Context, region string, p *SweepRequest) {
	if _, err := f.service.claim(ctx, region, p.Run); err != nil {
		f.res.fail(ossenc.CodeOf(err), p.Run.ID+": "+err.Error())
		return
	}
	f.send(ctx, region, p)
}

// send hands a part to the platform.
func (f *fanOut) send(ctx context.Context, region string, p *SweepRequest) bool {
	known, err := f.service.Invoker.Start(ctx, region, p.Run.taskID(1), p.payload())
	switch {
	case err != nil:
		f.res.fail(ossenc.CodeOf(err), p.Run.ID+": "+err.Error())
	case known:
		f.res.fail(ossenc.Refused, "a run with the ID "+p.Run.ID+" was started at the same time; give another run_id to start one more")
	default:
		f.res.Parts++
	}
	return err == nil && !known
}

// claim gives a run an ID under which nothing was started: its own, or with a number
// where the runs of that ID have had their time. If one may be under way, or that is not
// known, it is an error; earlier is what that one was started with, if the platform says.
func (s *Service) claim(ctx context.Context, region string, run *Run) (earlier *SweepRequest, err error) {
	id := run.ID
	for n := 2; ; n++ {
		payload, known, err := s.Invoker.Task(ctx, region, run.taskID(1))
		if err != nil || !known {
			return nil, err
		}
		started := "a run with the ID " + run.ID + " was started before"
		earlier, err := ParseSweep(payload)
		switch {
		case err != nil || earlier.Run == nil || earlier.Run.ID != run.ID:
			return nil, refused(started + ", and the platform does not say until when it may continue")
		case !time.Now().After(earlier.Run.Ends):
			return earlier, refused(started + " and may continue until " + earlier.Run.Ends.Format(time.RFC3339))
		case n > maxRuns:
			return nil, refused(started + ", and all its numbers are used")
		}
		run.ID = fmt.Sprintf("%s-r%d", id, n)
	}
}

func refused(why string) error {
	return &ossenc.Error{Code: ossenc.Refused, Message: why + "; give another run_id to start one more"}
}
