package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// sent returns the parts that were sent, by their IDs.
func sent(t *testing.T, f *fakeInvoker) map[string]*SweepRequest {
	t.Helper()
	parts := map[string]*SweepRequest{}
	for _, id := range f.order {
		run, isFirst := strings.CutSuffix(id, "-h00001")
		p := parse(t, f.tasks[id])
		if !isFirst || p.Run.ID != run || p.IsRun() || parts[run] != nil || len(id) > 128 {
			t.Fatalf("%s: %s", id, f.tasks[id])
		}
		parts[run] = p
	}
	return parts
}

// inOne reports whether a bucket in the region is in exactly one of the parts.
func inOne(parts map[string]*SweepRequest, region string) bool {
	n := 0
	for _, p := range parts {
		if p.Region == region || p.Region == "" && !slices.Contains(p.ExceptRegions, region) {
			n++
		}
	}
	return n == 1
}

// everywhere is where buckets may be at any time, also where none was listed.
var everywhere = []string{"cn-hangzhou", "cn-beijing", "ap-southeast-1", "eu-central-1", "xx-new-region-9", ""}

const byRegion = `{"action":"sweep","fan_out":"region","run_id":"r","prefix":"b","max_changes":"70%"}`

func TestFanOut_ByRegion(t *testing.T) {
	for name, c := range map[string]struct {
		set    []string // the function's regions
		listed map[string]int
		want   string // regions of the parts
		at     string // where they were sent
		counts int
		limits int
	}{
		"as the buckets are":         {nil, map[string]int{"cn-hangzhou": 6, "cn-beijing": 3, "": 1, "Not A Region": 0}, "[ cn-beijing cn-hangzhou]", `["" "" ""]`, 1, 7},
		"where functions are":        {[]string{"cn-hangzhou", "ap-southeast-1"}, map[string]int{"cn-beijing": 10}, "[ ap-southeast-1 cn-hangzhou]", `["" "ap-southeast-1" "cn-hangzhou"]`, 1, 7},
		"an estate without a bucket": {nil, map[string]int{}, "[]", `[""]`, 1, 0},
	} {
		p := &pieces{n: 5, each: 10, regions: c.listed}
		s, f := runnable(t, p)
		s.Regions = c.set
		start, err := s.StartRun(t.Context(), parse(t, []byte(byRegion)))
		if err != nil || start.Code != "" || start.Parts != len(f.order) || !start.Continues {
			t.Fatalf("%s: %+v, %v", name, start, err)
		}
		parts := sent(t, f)
		var regions []string
		limits := 0
		for id, p := range parts {
			regions = append(regions, p.Region)
			limits += *p.Run.Limit
			if want := "r-" + p.Region; p.Prefix != "b" || id != want && id+p.Region != "r-others" {
				t.Errorf("%s: part %s: %+v", name, id, p)
			}
		}
		if slices.Sort(regions); fmt.Sprint(regions) != c.want || fmt.Sprintf("%q", f.regions) != c.at || p.counts != c.counts || limits != c.limits {
			t.Errorf("%s: parts %q sent to %q, %d counts, limits %d", name, regions, f.regions, p.counts, limits)
		}
		for _, region := range everywhere {
			if !inOne(parts, region) {
				t.Errorf("%s: buckets in %q are in no part or in several", name, region)
			}
		}
	}
}

// TestFanOut_ByRegion_ListsOnlyIfItMust: with regions that are set and a number for the
// limit nothing is counted; with an account that cannot be listed the run starts all the
// same, because the part for the others has what was not listed.
func TestFanOut_ByRegion_ListsOnlyIfItMust(t *testing.T) {
	p := &pieces{n: 5, each: 10, countErr: &ossenc.Error{Code: ossenc.Denied, Message: "no role"}}
	s, f := runnable(t, p)
	if start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","fan_out":"region","run_id":"a"}`))); err != nil || start.Code != "" || start.Parts != 2 || p.counts != 1 {
		t.Errorf("%+v, %v, %d counts", start, err, p.counts)
	}
	s.Regions = []string{"cn-beijing"}
	if start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","fan_out":"region","run_id":"b","max_changes":5}`))); err != nil || start.Code != "" || start.Parts != 2 || p.counts != 1 {
		t.Errorf("%+v, %v, %d counts", start, err, p.counts)
	}
	if len(f.order) != 4 {
		t.Errorf("%q", f.order)
	}
}

// TestFanOut_ByRegion_AStartThatWasCutOff: wherever a start ended, and whatever regions
// there are then, its repetition sends what is missing: no region twice, none left out.
func TestFanOut_ByRegion_AStartThatWasCutOff(t *testing.T) {
	for _, lost := range []bool{false, true} { // whether only the answer is lost
		for at := range 4 {
			p := &pieces{n: 5, each: 10, regions: map[string]int{"cn-hangzhou": 1, "cn-beijing": 1, "ap-southeast-1": 1}}
			s, f := runnable(t, p)
			f.start = func(string) error {
				if len(f.order) < at {
					return nil
				}
				if f.lost = lost; lost {
					return nil
				}
				return &ossenc.Error{Code: ossenc.Unavailable, Message: "no answer"}
			}
			if start, err := s.StartRun(t.Context(), parse(t, []byte(byRegion))); err != nil || start.Code != ossenc.Unavailable {
				t.Fatalf("at %d: %+v, %v", at, start, err)
			}
			f.start, f.lost = nil, false
			p.regions = map[string]int{"eu-central-1": 1, "cn-beijing": 1} // meanwhile
			if _, err := s.StartRun(t.Context(), parse(t, []byte(byRegion))); err != nil {
				t.Fatal(err)
			}
			parts := sent(t, f)
			for _, region := range everywhere {
				if !inOne(parts, region) {
					t.Errorf("ended at %d, answers lost %t: %q is in no part or in several of %q", at, lost, region, f.order)
				}
			}
			again, err := s.StartRun(t.Context(), parse(t, []byte(byRegion)))
			if err != nil || again.Code != ossenc.Refused || again.Parts != 0 || again.Continues || len(sent(t, f)) != len(parts) {
				t.Errorf("once more: %+v, %v", again, err)
			}
		}
	}
}

// TestFanOut_ByRegion_TheRegionsOfAnEarlierStartAreNotKnown: nothing is started.
func TestFanOut_ByRegion_TheRegionsOfAnEarlierStartAreNotKnown(t *testing.T) {
	s, f := runnable(t, &pieces{n: 5, each: 10})
	f.tasks["r-others-h00001"] = nil
	if start, err := s.StartRun(t.Context(), parse(t, []byte(byRegion))); err != nil || start.Code != ossenc.Refused || len(f.order) != 0 {
		t.Errorf("%+v, %v, %q", start, err, f.order)
	}
}

// TestFanOut_ByRegion_ManyRegions share the part for the others; long names fit.
func TestFanOut_ByRegion_ManyRegions(t *testing.T) {
	p := &pieces{n: 5, each: 10, regions: map[string]int{}}
	for i := range 1000 {
		p.regions[fmt.Sprintf("xx-%s-%03d", strings.Repeat("y", 33), i)] = 1
	}
	s, f := runnable(t, p)
	id := "r" + strings.Repeat("x", maxRunID-1)
	start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","fan_out":"region","run_id":"`+id+`"}`)))
	if err != nil || start.Code != "" || start.Parts != maxParts {
		t.Fatalf("%+v, %v", start, err)
	}
	parts := sent(t, f)
	for region := range p.regions {
		if !inOne(parts, region) {
			t.Errorf("%s", region)
		}
	}
}

// TestStartRun_UntilTheFirstOneEnds: the same ID is refused until the end of the run, and
// where the platform does not say when that is; then it starts once more, once.
func TestStartRun_UntilTheFirstOneEnds(t *testing.T) {
	for _, fanOut := range []string{"", FanOutAccount, FanOutRegion} {
		s, f := runnable(t, &pieces{n: 5, each: 10, accounts: ossenc.AccountList{IDs: []string{"", "2"}}})
		request := []byte(`{"action":"sweep","continue":true,"run_id":"r","fan_out":"` + fanOut + `"}`)
		first, err := s.StartRun(t.Context(), parse(t, request))
		if err != nil || first.Code != "" {
			t.Fatalf("%+v, %v", first, err)
		}
		end := parse(t, f.tasks[f.order[0]]).Run.Ends
		started := len(f.order)
		again := func(want ossenc.Code, why string) {
			t.Helper()
			start, err := s.StartRun(t.Context(), parse(t, request))
			if err != nil || start.Code != want || !strings.Contains(fmt.Sprint(start.Errors), why) || want != "" && len(f.order) != started {
				t.Errorf("fan_out %q: %+v, %v, tasks %q", fanOut, start, err, f.order)
			}
		}
		again(ossenc.Refused, "until "+end.Format(time.RFC3339))
		known := map[string][]byte{}
		for _, id := range f.order {
			known[id] = f.tasks[id]
			f.tasks[id] = nil
		}
		again(ossenc.Refused, "does not say until when")
		for id, payload := range known {
			f.tasks[id] = []byte(strings.ReplaceAll(string(payload), end.Format(time.RFC3339), "2001-01-01T00:00:00Z"))
		}
		again("", "")
		if len(f.order) != 2*started || !strings.HasSuffix(f.order[started], "-r2-h00001") || !strings.HasPrefix(f.order[started], "r-") {
			t.Errorf("fan_out %q: %q", fanOut, f.order)
		}
		started = len(f.order)
		again(ossenc.Refused, "was started before")
	}
}

// TestHop_EndsWithItsRun: a hop does not work beyond the end of its run, because another
// run may have the ID from then on.
func TestHop_EndsWithItsRun(t *testing.T) {
	p := &pieces{n: 25, each: 10}
	s, f := runnable(t, p)
	f.tasks["r-h00001"] = nil
	ends := time.Now().Add(time.Hour)
	s.Hop(t.Context(), &SweepRequest{Action: "sweep", Run: &Run{ID: "r", Hop: 1, MaxHops: 5, Ends: ends}})
	if !p.until.Equal(ends) {
		t.Errorf("works until %s, want %s", p.until, ends)
	}
}

// TestHop_TwoAtATime: a repetition that ran at the same time has started the next hop, and
// the platform would take its ID once more. The run does not fork.
func TestHop_TwoAtATime(t *testing.T) {
	p := &pieces{n: 25, each: 10}
	s, f := runnable(t, p)
	f.forgets = true
	f.tasks["r-h00001"] = nil
	request := &SweepRequest{Action: "sweep", Run: &Run{ID: "r", Hop: 1, MaxHops: 5, Ends: time.Now().Add(time.Hour)}}
	p.during = func() {
		p.during = nil
		s.Hop(t.Context(), request)
	}
	if h := s.Hop(t.Context(), request); h.Code != "" || !h.Continues || len(f.order) != 1 {
		t.Errorf("%+v, tasks %q", h, f.order)
	}
	// The platform cannot be asked any more: nothing is started.
	f.order, f.exists = nil, nil
	clear(f.tasks)
	f.tasks["r-h00001"] = nil
	p.during = func() { f.exists = &ossenc.Error{Code: ossenc.Unavailable, Message: "no answer"} }
	if h := s.Hop(t.Context(), request); h.Code != ossenc.Unavailable || h.Continues || h.Next == nil || len(f.order) != 0 {
		t.Errorf("%+v, tasks %q", h, f.order)
	}
}
