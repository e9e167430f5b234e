package fc

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	logTail = 4 << 10
	logKept = 64 << 10
	endMark = "End RequestId: "
	// logLag bounds the wait for a line that left the child before its answer
	// did but comes through another pipe.
	logLag = time.Second
)

// lines is the child's output: an io.Writer that passes complete lines on and
// remembers the last ones.
type lines struct {
	out io.Writer

	mu      sync.Mutex
	partial []byte
	kept    []byte
	total   int
	marks   bool // whether the child writes such lines
	changed chan struct{}
}

func newLines(out io.Writer, marks bool) *lines {
	return &lines{out: out, marks: marks, changed: make(chan struct{})}
}

// Write implements io.Writer. It never fails, so that a broken log does not
// block the child.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	if end := bytes.LastIndexByte(l.partial, '\n') + 1; end > 0 {
		l.pass(l.partial[:end])
		l.partial = bytes.Clone(l.partial[end:])
	}
	return len(p), nil
}

// flush completes a last line that had no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.pass(append(l.partial, '\n'))
		l.partial = nil
	}
}

func (l *lines) pass(whole []byte) {
	for line := range bytes.Lines(whole) {
		l.out.Write(line)
	}
	l.total += len(whole)
	l.marks = l.marks || bytes.Contains(whole, []byte(endMark))
	l.kept = append(l.kept, whole...)
	l.kept = bytes.Clone(l.kept[max(0, len(l.kept)-logKept):])
	close(l.changed)
	l.changed = make(chan struct{})
}

// mark returns the place from which since reads.
func (l *lines) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// since returns the tail of what came after mark, and a channel that is closed
// when more comes; nil for a child that has never marked an invocation's end.
func (l *lines) since(mark int) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.total-mark, len(l.kept), logTail)
	text := string(l.kept[len(l.kept)-n:])
	if !l.marks {
		return text, nil
	}
	return text, l.changed
}

// of returns the tail of what came after mark, once the line that ends the
// invocation is there if the child writes such lines.
func (l *lines) of(ctx context.Context, mark int, id string) string {
	ctx, cancel := context.WithTimeout(ctx, logLag)
	defer cancel()
	for {
		text, changed := l.since(mark)
		if changed == nil || strings.Contains(text, endMark+id) {
			return text
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return text
		}
	}
}
