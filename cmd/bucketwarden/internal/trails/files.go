package trails

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/handler/service"
	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

// inputs is what the files of the flags say.
type inputs struct {
	events   []tagged
	covered  []history.Interval
	readings map[key][]history.Reading
}

func (e *evidence) readFiles() (inputs, error) {
	f := inputs{readings: map[key][]history.Reading{}}
	for _, text := range e.covers {
		i, err := interval(text)
		if err != nil {
			return f, app.Usagef("--trail-covers: %w", err)
		}
		f.covered = append(f.covered, i)
	}
	if len(e.covers) > 0 && len(e.trails) == 0 {
		return f, app.Usagef("--trail-covers says what the --trail files cover, and there are none")
	}
	for _, name := range e.trails {
		err := open(name, func(r io.Reader) error {
			return actiontrail.ReadEvents(r, func(event actiontrail.Event) { f.events = append(f.events, tagged{event, event.Owner}) })
		})
		if err != nil {
			return f, app.Usagef("--trail %s: %w", name, err)
		}
	}
	for _, name := range e.results {
		if err := open(name, f.readResults); err != nil {
			return f, app.Usagef("--results %s: %w", name, err)
		}
	}
	return f, nil
}

// interval reads FROM/TO.
func interval(text string) (history.Interval, error) {
	from, to, ok := strings.Cut(text, "/")
	begin, err := moment(from)
	if err != nil || !ok {
		return history.Interval{}, fmt.Errorf("%.80q is not FROM/TO, such as 2026-06-01/2026-09-01", text)
	}
	end, err := moment(to)
	if err != nil || !begin.Before(end) {
		return history.Interval{}, fmt.Errorf("%.80q is not FROM/TO, such as 2026-06-01/2026-09-01", text)
	}
	return history.Interval{From: begin, To: end}, nil
}

// open reads a file, compressed or not.
func open(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("it cannot be read")
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("it is not a gzip file")
		}
		return read(unzipped)
	}
	return read(in)
}

// maxLine bounds a line of a log, in bytes: a report on one line may be long.
const maxLine = 64 << 20

// readResults reads any JSON that Bucketwarden prints and that says when: lines of the
// log, among others; reports; journals. A file without any is not what was meant.
func (f *inputs) readResults(in io.Reader) error {
	var found service.Readings
	buffered := bufio.NewReader(in)
	var err error
	if isDocument(buffered) {
		err = eachValue(buffered, found.Add)
	} else {
		err = eachLine(buffered, found.Add)
	}
	switch {
	case err != nil:
		return err
	case len(found.All) == 0 && found.Timeless > 0:
		return fmt.Errorf("its results do not say when they were made; take the function's log, or a report as JSON")
	case len(found.All) == 0:
		return fmt.Errorf("it has no result of Bucketwarden that says what was read and when: no log line with a verdict, no report, no journal")
	}
	for _, r := range found.All {
		k := key{r.Account, r.Bucket}
		f.readings[k] = append(f.readings[k], history.Reading{Began: r.Began, Ended: r.Ended, Rule: r.Rule, ChangeID: r.WriteID})
	}
	return nil
}

// isDocument reports whether the file begins with a JSON value of several lines.
func isDocument(in *bufio.Reader) bool {
	head, _ := in.Peek(in.Size())
	head = strictjson.TrimMark(head)
	line, _, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	return whole && (bytes.HasPrefix(line, []byte("{")) || bytes.HasPrefix(line, []byte("["))) && !json.Valid(line)
}

func eachValue(in io.Reader, each func(json.RawMessage)) error {
	d := json.NewDecoder(in)
	for n := 1; ; n++ {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("value %d is not JSON", n)
		}
		each(value)
	}
}

// eachLine leaves out what is not JSON, as a log has such lines.
func eachLine(in io.Reader, each func(json.RawMessage)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if value := strictjson.TrimMark(lines.Bytes()); json.Valid(value) {
			each(bytes.Clone(value))
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("a line is longer than %d bytes", maxLine)
	case err != nil:
		return fmt.Errorf("it cannot be read to its end")
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func hasPrefix(name, prefix string) bool { return strings.HasPrefix(name, prefix) }

func coveredAt(place string, i history.Interval) coveredPart {
	account, region, ok := strings.Cut(place, "/")
	if !ok {
		account, region = "", place
	}
	return coveredPart{utc(i), account, region}
}
