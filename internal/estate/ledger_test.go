package estate

import (
	"bytes"
	"encoding/json"
	"sync"

	"bucketwarden/ossenc"
)

// ledger reads the log of all processes: the verdicts of each bucket, and the ends of
// the hops.
type ledger struct {
	mu     sync.Mutex
	counts map[string]int // verdicts of each bucket
	places map[string]int // verdicts of each region
	hops   []hop
	rest   []byte
}

// hop is the log line of a hop that ended.
type hop struct {
	Msg, Run, Code      string
	Hop, Buckets        int
	RunBuckets          int `json:"run_buckets"`
	Complete, Continues bool
}

// Write takes complete lines.
func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.rest = rest
		var entry struct {
			hop
			Bucket, Verdict, Region string
		}
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "verdict":
			if l.counts == nil {
				l.counts, l.places = map[string]int{}, map[string]int{}
			}
			l.counts[entry.Bucket]++
			l.places[entry.Region]++
		case "sweep hop":
			l.hops = append(l.hops, entry.hop)
		}
	}
}

// seen returns how many buckets had their turn, and how many had more than one.
func (l *ledger) seen() (all, twice int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.counts {
		if all++; n > 1 {
			twice++
		}
	}
	return all, twice
}

// ended returns the hops that ended.
func (l *ledger) ended() []hop {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]hop(nil), l.hops...)
}

// idle reports whether the hop ended before a single bucket had its turn. On a machine
// that stands still for a moment one does, and is repeated.
func (h hop) idle() bool { return h.Code == string(ossenc.Deadline) && h.Buckets == 0 }
