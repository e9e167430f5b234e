// Package term writes for a person at a terminal: tables that fit, colours, one
// line of progress, questions. In a pipe it writes plain text, and nothing of
// what only a person can use.
package term

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// Options says how to write.
type Options struct {
	In       io.Reader
	Out, Err io.Writer
	// Env holds the environment variables; NO_COLOR, TERM and COLUMNS matter.
	Env map[string]string
	// NoColor writes no colours whatever the terminal can.
	NoColor bool
	// Quiet shows no progress.
	Quiet bool
}

// Terminal is where a person reads and answers, or what stands in its place.
type Terminal struct {
	o Options
}

// New returns the terminal with these streams.
func New(o Options) *Terminal { return &Terminal{o} }

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width returns the width of the output in columns; 0 where it is not a terminal
// and lines may be as long as they are.
func (t *Terminal) Width() int {
	if !isTerminal(t.o.Out) {
		return 0
	}
	if n, err := strconv.Atoi(t.o.Env["COLUMNS"]); err == nil && n > 0 {
		return n
	}
	if w, _, err := term.GetSize(int(t.o.Out.(*os.File).Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// Asks reports whether there is a person to ask.
func (t *Terminal) Asks() bool { return isTerminal(t.o.In) && isTerminal(t.o.Err) }

// Colour is one of the colours of a state.
type Colour string

// The colours, by what they mean.
const (
	Plain Colour = ""
	Good  Colour = "32"
	Bad   Colour = "31"
	Worst Colour = "1;31"
	Warn  Colour = "33"
	Dim   Colour = "2"
	Bold  Colour = "1"
)

// Paint returns s in a colour where the output shows colours. NO_COLOR with any
// value means that it does not (https://no-color.org).
func (t *Terminal) Paint(c Colour, s string) string {
	if c == Plain || s == "" || !t.colours(t.o.Out) {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// Colours reports whether the output shows colours.
func (t *Terminal) Colours() bool { return t.colours(t.o.Out) }

func (t *Terminal) colours(stream any) bool {
	return !t.o.NoColor && t.o.Env["NO_COLOR"] == "" && t.o.Env["TERM"] != "dumb" && isTerminal(stream)
}
