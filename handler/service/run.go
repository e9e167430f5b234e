package service

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// Invoker starts invocations of this same function, or of the one of its name in
// another region; an empty region is here. The real one is Function Compute's client.
type Invoker interface {
	// Start hands payload to an asynchronous invocation with a task ID. known means
	// that a task with this ID exists, so that none was started.
	Start(ctx context.Context, region, taskID string, payload []byte) (known bool, err error)
	// Task reports whether the platform knows a task with this ID, and what it was
	// started with; payload is nil where the platform does not say.
	Task(ctx context.Context, region, taskID string) (payload []byte, known bool, err error)
}

// Bounds of a run. An account of a million buckets needs some hundred hops of ten
// minutes.
const (
	DefaultMaxHops = 500
	runTime        = 24 * time.Hour
	maxRunPayload  = 100 << 10 // of the 128 KB that an asynchronous payload may have
	maxParts       = 200       // of a fan-out
	maxRuns        = 99        // with the same ID, one after the other
	maxRunID       = 64        // characters of the ID that a request gives
	maxPartID      = maxRunID + len("-") + 40 + len("-r99")
	handOverTime   = 2 * time.Second
)

// Run is the state of a sweep that continues in further invocations: one of them
// is a hop. It travels in the payload, because the function keeps no state.
type Run struct {
	// ID names the run; with the hop's number it is the task ID, so that the platform
	// starts each hop once.
	ID string `json:"id"`
	// Hop counts from 1. MaxHops and Ends end a run that does not end by itself.
	Hop     int       `json:"hop"`
	MaxHops int       `json:"max_hops"`
	Ends    time.Time `json:"ends"`
	// Limit is how many buckets the run may write; nil for any number. A share was
	// counted once, at the beginning.
	Limit *int `json:"limit,omitempty"`
	// Totals over all hops so far.
	Buckets  int                    `json:"buckets"`
	Totals   map[ossenc.Verdict]int `json:"by_verdict"`
	Failures map[ossenc.Code]int    `json:"failures,omitempty"`
	// Errors counts the accounts whose list could not be read to its end.
	Errors int `json:"account_errors,omitempty"`
}

// taskID returns the task ID of a hop.
func (r *Run) taskID(hop int) string { return fmt.Sprintf("%s-h%05d", r.ID, hop) }

// check refuses what no hop would have sent.
func (r *Run) check() error {
	if !validRunID(r.ID, maxPartID) || r.Hop < 1 || r.MaxHops < 1 || r.Ends.IsZero() || r.Limit != nil && *r.Limit < 0 {
		return fmt.Errorf("run is what an earlier part of this sweep sent")
	}
	return nil
}

// validRunID: a letter first, then letters, digits and -, so that with its suffixes it
// is a task ID of at most 128 characters.
func validRunID(s string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s[:1], "abcdefghijklmnopqrstuvwxyz") == "" &&
		strings.Trim(s, nameCharacters+"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// RunID makes the ID of a run from what started it and when: the same event, delivered
// twice, is the same run.
func RunID(trigger string, at time.Time) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(nameCharacters, r) {
			return r
		}
		return '-'
	}, strings.ToLower(trigger))
	return "sweep-" + name[:min(len(name), 40)] + "-" + at.UTC().Format("20060102T150405")
}

// HopResult says what came of one hop, or of the start of a run.
type HopResult struct {
	Action string      `json:"action"`
	Mode   ossenc.Mode `json:"mode"`
	Run    *Run        `json:"run,omitempty"`
	// Complete is whether every bucket had its turn; Continues whether a further hop
	// was started.
	Complete  bool `json:"complete"`
	Continues bool `json:"continues"`
	// Parts is how many parts a fan-out started.
	Parts int `json:"parts,omitempty"`
	// Next is the cursor to resume with by hand, if the run ends here too early.
	Next    *ResumeToken `json:"next,omitempty"`
	Changes int          `json:"changes"`
	Errors  []string     `json:"errors,omitempty"`
	// Code is the most urgent code of the failures; empty if nothing failed.
	Code ossenc.Code `json:"-"`
}

func (h *HopResult) fail(code ossenc.Code, message string) {
	h.Code = ossenc.MoreUrgent(h.Code, code)
	h.Errors = append(h.Errors, message)
}

// StartRun starts the run that r asks for: one first hop, or one for each part of a
// fan-out. It checks no bucket itself. While a run with the same ID may be under way,
// none is started.
func (s *Service) StartRun(ctx context.Context, r *SweepRequest) (*HopResult, error) {
	if s.Invoker == nil {
		return nil, &ossenc.Error{Code: ossenc.Invalid, Message: "this sweep is to continue by itself, which is not switched on: " + s.InvokerSetting}
	}
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	run := Run{ID: cmp.Or(r.RunID, RunID("request", time.Now())), Hop: 1, MaxHops: cmp.Or(s.MaxHops, DefaultMaxHops), Ends: time.Now().Add(runTime).UTC().Truncate(time.Second)}
	warden := s.Warden()
	sweep := r.options(warden)
	count := countOnce(ctx, warden, sweep)
	if sweep.Mode.MayWrite(false) {
		var err error
		if run.Limit, err = limit(count, s.Policy.MaxChanges, r.MaxChanges); err != nil { // the limit is lower then
			log.line(ctx, slog.LevelError, "not every account could be counted for max_changes", slog.String("run", run.ID), slog.String("error", err.Error()))
		}
	}
	f := fanOut{service: s, log: log, request: *r, run: run, res: &HopResult{Action: r.Action, Mode: sweep.Mode}}
	switch r.FanOut {
	case FanOutAccount:
		f.byAccount(ctx, warden, sweep)
	case FanOutRegion:
		f.byRegion(ctx, count)
	default:
		f.start(ctx, "", f.part("", 0, 1))
	}
	f.res.Continues = f.res.Parts > 0
	log.line(ctx, levelOfCode(f.res.Code), "sweep run started", slog.String("run", run.ID), slog.Int("parts", f.res.Parts), slog.String("code", string(f.res.Code)))
	return f.res, nil
}

// payload is the request as the next invocation receives it.
func (r *SweepRequest) payload() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("service: " + err.Error()) // impossible: strings, numbers and maps of them
	}
	return b
}

func levelOfCode(c ossenc.Code) slog.Level {
	if c != "" {
		return slog.LevelError
	}
	return slog.LevelInfo
}
