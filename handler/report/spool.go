package report

import (
	"bytes"
	"compress/flate"
	"io"
)

// spool keeps text that comes later in a report than it is made. It keeps it
// compressed: the lines of a report repeat each other, so that a row takes less
// than 100 bytes.
type spool struct {
	kept bytes.Buffer
	n    int // bytes before they are compressed
	in   *flate.Writer
}

func newSpool() *spool {
	s := &spool{}
	s.in, _ = flate.NewWriter(&s.kept, flate.BestSpeed) // the level is valid
	return s
}

// Write implements [io.Writer]. It never fails.
func (s *spool) Write(b []byte) (int, error) {
	s.n += len(b)
	return s.in.Write(b)
}

// copyTo writes all that was kept. It ends with the first error, which p keeps.
func (s *spool) copyTo(p *printer) {
	_ = s.in.Close() // a buffer takes everything
	_, _ = io.Copy(p, flate.NewReader(&s.kept))
}
