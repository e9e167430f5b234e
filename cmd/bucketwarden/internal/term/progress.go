package term

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Count is how far some work has come.
type Count struct {
	Done, Found int
	// Whole is whether all that there is has been found.
	Whole bool
	// Listing is whether the work is to find what there is: nothing is done with it yet.
	Listing bool
	// Parts is what the work is made of, where there are several, such as accounts, and
	// Ended how many of them are through.
	Ended, Parts int
	// Throttled is how many calls OSS has turned away because there were too many.
	Throttled int
}

// Progress is one line that is written over itself. All of its methods may be
// called on nil, which shows nothing.
type Progress struct {
	out   io.Writer
	width int
	what  string
	begun time.Time
	now   func() time.Time

	mu    sync.Mutex
	last  Count
	shown time.Time
	wide  int // of the line on the screen
}

// everyNow is how often the line changes: often enough to be alive, rarely enough
// to be read.
const everyNow = 100 * time.Millisecond

// Progress returns the line for some work, or nil where there is no terminal to
// show it on.
func (t *Terminal) Progress(what string) *Progress {
	if t.o.Quiet || !isTerminal(t.o.Err) || t.o.Env["TERM"] == "dumb" {
		return nil
	}
	return &Progress{out: t.o.Err, width: max(t.Width(), 40), what: what, begun: time.Now(), now: time.Now}
}

// Show writes the line, if the last one is old enough.
func (p *Progress) Show(c Count) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.last = c
	if now.Sub(p.shown) < everyNow {
		return
	}
	p.shown = now
	p.line(p.what + "  " + describe(c, now.Sub(p.begun)))
}

// line replaces what is on the screen. The caller holds the lock.
func (p *Progress) line(text string) {
	text = End(text, p.width-1)
	p.erase()
	p.wide = Width(text)
	_, _ = io.WriteString(p.out, text)
}

// Clear takes the line away, so that something else can be written.
func (p *Progress) Clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.shown = time.Time{}
}

func (p *Progress) erase() {
	if p.wide > 0 {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.wide = 0
	}
}

// describe says: 1200 of 5000, 240/s, 16s left, OSS turned away 3 calls (too many).
func describe(c Count, passed time.Duration) string {
	text, counted := fmt.Sprintf("%d done, %d found", c.Done, c.Found), c.Done
	switch {
	case c.Listing:
		text, counted = fmt.Sprintf("%d found", c.Found), c.Found
	case c.Whole:
		text = fmt.Sprintf("%d of %d", c.Done, c.Found)
	}
	if c.Parts > 1 {
		text += fmt.Sprintf(" in %d of %d accounts", c.Ended, c.Parts)
	}
	rate := float64(counted) / max(passed.Seconds(), 0.001)
	if counted > 0 && passed >= time.Second {
		text += fmt.Sprintf(", %.0f/s", rate)
		if left := c.Found - c.Done; c.Whole && left > 0 {
			text += ", " + (time.Duration(float64(left)/rate*float64(time.Second)) + time.Second).Truncate(time.Second).String() + " left"
		}
	}
	if c.Throttled > 0 {
		text += fmt.Sprintf(", OSS turned away %d calls (too many)", c.Throttled)
	}
	return text
}

// Keep shows each second how far it has come until stop is called,
// even while nothing comes: an answer that is late, and calls that OSS turns away, are
// seen then. throttled is asked for their number. The line goes with stop.
func (p *Progress) Keep(begun Count, throttled func() int) (stop func()) {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	p.last = begun
	p.mu.Unlock()
	return p.ticking(func(passed time.Duration) string {
		c := p.last
		c.Throttled = throttled()
		return describe(c, passed)
	})
}

// Ticking shows what is waited for, and for how long, until stop is called. Nothing
// is shown in the first second.
func (p *Progress) Ticking() (stop func()) { return p.TickingWith(func() string { return "" }) }

// TickingWith is like [Progress.Ticking], with a text in front of the time that says how
// far it has come. Another goroutine asks for it.
func (p *Progress) TickingWith(far func() string) (stop func()) {
	if p == nil {
		return func() {}
	}
	return p.ticking(func(passed time.Duration) string { return far() + passed.Round(time.Second).String() })
}

// ticking writes the line anew each second. text is called under the lock.
func (p *Progress) ticking(text func(passed time.Duration) string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		begun, tick := p.begun, time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.line(p.what + "  " + text(p.now().Sub(begun)))
				p.mu.Unlock()
			case <-done:
				p.Clear()
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}
