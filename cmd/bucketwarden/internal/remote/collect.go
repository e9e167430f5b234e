package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// Asked is what is asked of the function.
type Asked struct {
	// Prefix and Region leave out all other buckets; empty for all.
	Prefix, Region string
	// Takes leaves out rows here; nil takes all.
	Takes func(res ossenc.Result, ownAccount string) bool
}

// Collected is the report of an estate, joined from the function's answers.
type Collected struct {
	// Rows are sorted by account and bucket, and none is there twice.
	Rows []ossenc.Result
	// Origin, Account, Wanted, Compare and EndingSoon are the function's.
	Origin     report.Origin
	Account    string
	Wanted     ossenc.Rule
	Compare    ossenc.Compare
	EndingSoon []ossenc.Exemption
	// Several is whether the function's policy has several accounts, and Names are
	// theirs, by ID.
	Several bool
	Names   map[string]string
	// Parts is how many answers were joined.
	Parts int
	// Missing says what the report misses; nil where the function answered all.
	Missing *report.Error
}

// maxParts bounds how many answers are joined. A part has thousands of buckets, unless
// the function's time-out is far too short.
const maxParts = 10_000

// collector asks for part after part.
type collector struct {
	asked    Asked
	to       sender
	patience time.Duration // for one request
	pause    time.Duration // before the first repetition
	limit    int           // of parts

	first *part
	all   Collected
	last  ossenc.Result // the last row, taken or not
	seen  atomic.Int64
}

// Collect asks the function for the report, until it has all parts. Without a first part
// that can be used there is an error and no report; what fails later is in
// [Collected.Missing].
func (v *Via) Collect(ctx context.Context, a *app.App, login reach.Login, asked Asked) (*Collected, error) {
	to, where, err := v.open(ctx, a, login)
	if err != nil {
		return nil, err
	}
	c := &collector{asked: asked, to: to, patience: v.timeout, pause: time.Second, limit: maxParts}
	stop := a.Terminal().Progress("Asking " + where).TickingWith(func() string {
		return fmt.Sprintf("%d buckets, ", c.seen.Load())
	})
	err = c.collect(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	c.all.Origin = origin(a.Version, where, c.first.Provenance, c.all.Parts, v.askedBy(ctx))
	return &c.all, nil
}

// collect follows the cursors.
func (c *collector) collect(ctx context.Context) error {
	c.all.Names = map[string]string{}
	for after := ""; ; {
		p, err := c.part(ctx, after)
		if err == nil {
			err = c.take(p, after)
		}
		switch {
		case err != nil && c.first == nil:
			return err
		case err != nil:
			c.miss(behind(after), err)
			return nil
		case p.Next == "":
			return nil
		case c.all.Parts == c.limit:
			c.miss(behind(p.Next), fmt.Errorf("the function has given %d parts, and no end", c.limit))
			return nil
		}
		after = p.Next
	}
}

func behind(after string) string { return "the buckets behind " + after + " are missing" }

// take joins a part with those before it. A part that does not follow them, or that was
// made by another version or policy, is refused whole.
func (c *collector) take(p *part, after string) error {
	if err := c.belongs(p, after); err != nil {
		return err
	}
	last := c.last
	for _, r := range p.Buckets {
		if order(r.Result, last) <= 0 {
			return fmt.Errorf("the function's answer has %s a second time, or not in its order", ossenc.CursorOf(r.Result))
		}
		last = r.Result
	}
	if p.Next != "" && (p.Next == after || len(p.Buckets) == 0 || p.Next != string(ossenc.CursorOf(last))) {
		return fmt.Errorf("the function's answer leads to %s, which is not behind its last bucket", p.Next)
	}
	c.last = last
	if c.first == nil {
		c.first = p
		c.all.Account, c.all.Wanted, c.all.Compare = p.Provenance.Account, p.Wanted, p.Compare
	}
	c.all.Parts++
	c.all.EndingSoon = p.EndingSoon
	c.all.Several = c.all.Several || len(p.Accounts) > 0
	for _, total := range p.Accounts {
		c.all.Names[total.Account] = total.Name
	}
	c.keep(p)
	c.failures(p)
	return nil
}

func (c *collector) keep(p *part) {
	for _, r := range p.Buckets {
		c.all.Several = c.all.Several || r.Account != ""
		if c.asked.Takes == nil || c.asked.Takes(r.Result, p.Provenance.Account) {
			c.all.Rows = append(c.all.Rows, r.Result)
		}
	}
	c.seen.Add(int64(len(p.Buckets)))
}

// belongs reports why a part cannot stand beside the first one; nil if it can.
func (c *collector) belongs(p *part, after string) error {
	scope := p.Provenance.Scope
	regions := []string{}
	if c.asked.Region != "" {
		regions = append(regions, c.asked.Region)
	}
	if scope.Prefix != c.asked.Prefix || scope.After != after || !slices.Equal(append([]string{}, scope.Regions...), regions) || len(scope.Buckets)+len(scope.Accounts) > 0 {
		return errors.New("the function's answer is to another question")
	}
	if c.first == nil {
		return nil
	}
	was, is := c.first.Provenance, p.Provenance
	for _, fact := range []struct{ name, was, is string }{
		{"version", was.Version, is.Version},
		{"policy", policyText(was.Policy), policyText(is.Policy)},
		{"account", was.Account, is.Account},
		{"identity", was.Identity, is.Identity},
		{"required rule", c.first.Wanted.String() + " " + string(c.first.Compare), p.Wanted.String() + " " + string(p.Compare)},
	} {
		if fact.was != fact.is {
			return fmt.Errorf("the function changed while it was asked: its %s was %.200s and is %.200s; ask again", fact.name, fact.was, fact.is)
		}
	}
	return nil
}

func policyText(f *report.PolicyFile) string {
	if f == nil {
		return "none"
	}
	return f.Name + " (SHA-256 " + f.SHA256 + ")"
}

// order compares the places of two rows, as a sweep goes; the zero row is before all.
func order(a, b ossenc.Result) int {
	if n := strings.Compare(a.Account, b.Account); n != 0 {
		return n
	}
	return strings.Compare(a.Bucket, b.Bucket)
}

// failures keeps what a part says is missing and the next one does not make good.
func (c *collector) failures(p *part) {
	switch {
	case p.Error != nil && p.Next != "" && (p.Error.Code == ossenc.Deadline || !strings.Contains(p.Next, "/")):
		// The time ran out, or a list ended early in the first account: the next part
		// begins there.
	case p.Error != nil:
		c.missed(p.Error)
	case !p.Complete && p.Next == "" && p.unread == 0 && (len(p.Buckets) > 0 || c.asked.Prefix+c.asked.Region == ""):
		c.missed(&report.Error{Code: ossenc.Internal, Detail: "the function says that its report is not complete: " + term.End(p.Missing, 300)})
	}
}

// miss notes what is not there and why.
func (c *collector) miss(what string, err error) {
	e := &report.Error{Code: ossenc.Unavailable, Detail: what + ": " + err.Error()}
	if why, ok := errors.AsType[*ossenc.Error](err); ok {
		e.Code, e.OSSCode, e.OSSRequestID = why.Code, why.OSSCode, why.RequestID
	}
	if why, ok := errors.AsType[*report.Error](err); ok {
		e.Code = why.Code
	}
	c.missed(e)
}

// missed joins failures. Every part of an organisation repeats those of its accounts.
func (c *collector) missed(e *report.Error) {
	e.Detail = term.Clean(e.Detail)
	switch was := c.all.Missing; {
	case was == nil:
		c.all.Missing = e
	case !strings.Contains(was.Detail, e.Detail):
		c.all.Missing = &report.Error{Code: ossenc.MoreUrgent(was.Code, e.Code), Detail: was.Detail + "; " + e.Detail}
	}
}
