package buckets

import (
	"context"
	"sync"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// The lines of the result file. Each has a kind and a time.
type (
	stamp struct {
		Kind string    `json:"kind"` // begin, intent, result or end
		Time time.Time `json:"time"`
	}
	beginLine struct {
		stamp
		// Digest is that of the plan.
		Digest string `json:"digest"`
	}
	// intentLine is a write that is about to be made. If no result follows, the
	// process ended in between, and the write may have been made.
	intentLine struct {
		stamp
		service.PlanRow
	}
	resultLine struct {
		stamp
		ossenc.Result
	}
)

// guard stands before the warden while changes are made: it notes each write before
// and after it is made, begins none when the user has pressed ^C, and shows how far
// the work has come.
type guard struct {
	service.Warden // sees only what may be begun

	app      *app.App
	journal  *files.Journal // nil notes nothing
	progress *term.Progress
	total    int
	// throttled returns how many calls were turned away.
	throttled func() int

	mu      sync.Mutex
	done    int
	skipped int
	err     error // of the journal: then nothing more is written
}

// Ensure carries out one change. ^C does not end it, so that its write is read
// back.
func (g *guard) Ensure(ctx context.Context, t ossenc.Task) ossenc.Result {
	if g.app.Stopping() {
		return g.skip(t)
	}
	asked := false
	budget := t.Budget
	t.Budget = func() bool {
		asked = true
		return !g.app.Stopping() && (budget == nil || budget()) && g.note(intentLine{g.stamp("intent"), rowOf(t)})
	}
	res := g.Warden.Ensure(context.WithoutCancel(ctx), t)
	if asked && g.app.Stopping() && res.Verdict == ossenc.Blocked && res.Before == res.After {
		return g.skip(t)
	}
	if t.Mode != ossenc.ReportOnly {
		g.note(resultLine{g.stamp("result"), res})
	}
	g.count()
	return res
}

// rowOf is the write that a task is about to make. Every task of an apply or an undo
// says what it expects.
func rowOf(t ossenc.Task) service.PlanRow {
	r := service.PlanRow{Account: t.Bucket.Account, Bucket: t.Bucket.Name, Region: t.Bucket.Region}
	if t.Override != nil { // an undo
		r.Target = t.Override.Rule
	}
	if t.Precondition.Before != nil {
		r.Before = *t.Precondition.Before
	}
	if t.Precondition.Target != nil { // of a plan
		r.Target = *t.Precondition.Target
	}
	return r
}

func (g *guard) stamp(kind string) stamp { return stamp{kind, g.app.Now().UTC()} }

// skip is the result of a change that was not begun.
func (g *guard) skip(t ossenc.Task) ossenc.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.skipped++
	return ossenc.Result{
		Account: t.Bucket.Account, Bucket: t.Bucket.Name, Region: t.Bucket.Region,
		Verdict: ossenc.Blocked, Code: ossenc.Refused, Reason: "not begun: interrupted",
	}
}

// note adds a line to the journal and reports whether it is there.
func (g *guard) note(line any) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.journal == nil || g.err != nil {
		return g.err == nil
	}
	g.err = g.journal.Add(line)
	return g.err == nil
}

func (g *guard) count() {
	g.mu.Lock()
	g.done++
	c := term.Count{Done: g.done, Found: g.total, Whole: true, Throttled: g.throttled()}
	g.mu.Unlock()
	g.progress.Show(c)
}
