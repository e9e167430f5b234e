package trails

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
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

// line is what of a log line of the function says what it read.
type line struct {
	Time      time.Time `json:"time"`
	Msg       string    `json:"msg"`
	Account   string    `json:"account"`
	Bucket    string    `json:"bucket"`
	Verdict   string    `json:"verdict"`
	After     *string   `json:"after"`
	Duration  float64   `json:"duration_ms"`
	RequestID string    `json:"oss_request_id"`
	// Message has the line as text where the platform kept it so.
	Message string `json:"message"`
}

// maxLine bounds a line of a log.
const maxLine = 1 << 20

// readResults reads lines of JSON. Lines without a verdict are left out; a file
// without any verdict is not what was meant.
func (f *inputs) readResults(in io.Reader) error {
	found := 0
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		if l.Message != "" && l.Msg == "" {
			_ = json.Unmarshal([]byte(l.Message), &l)
		}
		if l.Msg != "verdict" || !ossenc.ValidBucketName(l.Bucket) || l.Time.IsZero() {
			continue
		}
		found++
		f.add(l)
	}
	if lines.Err() != nil {
		return fmt.Errorf("a line is longer than %d bytes", maxLine)
	}
	if found == 0 {
		return fmt.Errorf("it has no log line of the function with a verdict")
	}
	return nil
}

// clocks is how far the function's clock may be from ActionTrail's.
const clocks = 2 * time.Second

// add enters what a line says was read last.
func (f *inputs) add(l line) {
	if l.After == nil {
		return
	}
	rule, err := ossenc.ParseRule(*l.After)
	if err != nil {
		return
	}
	r := history.Reading{
		Began: l.Time.Add(-time.Duration(l.Duration*float64(time.Millisecond)) - clocks), Ended: l.Time.Add(clocks), Rule: rule,
	}
	if l.Verdict == string(ossenc.Fixed) {
		r.ChangeID = l.RequestID
	}
	k := key{l.Account, l.Bucket}
	f.readings[k] = append(f.readings[k], r)
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
