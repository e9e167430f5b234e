package service

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// invocationLog is the log of one use case. Each line has the platform's request ID
// first. [slog.Logger.With] would make a logger for it, which is a line's worth of work
// where most invocations write one line.
type invocationLog struct {
	logger    *slog.Logger
	requestID string
}

func (l invocationLog) line(ctx context.Context, level slog.Level, text string, attrs ...slog.Attr) {
	var room [28]slog.Attr // so that the usual line needs no memory of its own
	l.logger.LogAttrs(ctx, level, text, append(append(room[:0], slog.String("request_id", l.requestID)), attrs...)...)
}

// logResult writes the one line that says what became of an event or a task. from
// is what is known of the event; nil for none.
func logResult(ctx context.Context, log invocationLog, from *event.Header, r *Result, took time.Duration) {
	attrs := append(
		make([]slog.Attr, 0, 24), // room for all
		slog.String("event_id", r.EventID),
		slog.String("event_type", r.EventType),
		slog.String("bucket", r.Bucket),
		slog.String("region", r.Region),
		slog.String("verdict", string(r.Verdict)),
		slog.String("reason", r.Reason),
		slog.String("oss_request_id", r.OSSRequestID),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
	)
	if r.Account != "" { // without it the change could not be undone from the log
		attrs = append(attrs, slog.String("account", r.Account))
	}
	if r.Observed { // a rule that was not read must not look like no rule
		attrs = append(attrs, slog.String("before", r.Before.String()), slog.String("wanted", r.Wanted.String()), slog.String("after", r.After.String()))
	}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", string(r.Code)), slog.Bool("retryable", r.Code.Retryable()))
	}
	if from != nil && !from.Time.IsZero() {
		attrs = append(attrs, slog.Float64("event_age_ms", float64(time.Since(from.Time).Microseconds())/1000))
	}
	if by := r.ChangedBy; by != nil {
		attrs = append(attrs, slog.String("changed_by", by.Name), slog.String("changed_by_kind", by.Kind), slog.String("changed_by_tool", string(by.Tool)),
			slog.String("changed_by_call", by.Call), slog.Time("changed_at", by.At))
		if by.OtherAccount {
			attrs = append(attrs, slog.Bool("changed_by_other_account", true))
		}
	}
	if from != nil && len(from.Repaired) > 0 {
		attrs = append(attrs, slog.String("repaired", strings.Join(from.Repaired, ", ")))
	}
	level := levelOf(r.Verdict)
	if c := r.Contested; c != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("contested", c.String()), slog.String("contested_by", c.By.Name), slog.String("contested_by_kind", c.By.Kind),
			slog.String("contested_by_tool", string(c.By.Tool)), slog.Int("contested_count", c.Count), slog.Time("contested_since", c.Since))
	}
	if o := r.Overwrote; o != nil {
		level = max(level, overwroteLevel(o))
		attrs = append(attrs, overwroteAttrs(o)...)
	}
	if r.Warning != "" {
		level = max(level, slog.LevelWarn)
		attrs = append(attrs, slog.String("warning", r.Warning))
	}
	log.line(ctx, level, "verdict", attrs...)
}

// overwroteLevel is error where it is proved: a stronger rule may be lost, and nothing
// else says so. Where it only may be, a person looks when there is time.
func overwroteLevel(o *ossenc.Overwrite) slog.Level {
	if o.Certain {
		return slog.LevelError
	}
	return slog.LevelWarn
}

func overwroteAttrs(o *ossenc.Overwrite) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("overwrote", o.String()), slog.String("overwrote_by", o.By.Name), slog.String("overwrote_by_kind", o.By.Kind),
		slog.String("overwrote_by_tool", string(o.By.Tool)), slog.String("overwrote_call", o.Call), slog.Time("overwrote_at", o.At),
		slog.Int64("overwrote_within_ms", o.WithinMS), slog.Bool("overwrote_certain", o.Certain),
	}
	if o.Rule != nil {
		attrs = append(attrs, slog.String("overwrote_rule", o.Rule.String()))
	}
	return attrs
}

func levelOf(v ossenc.Verdict) slog.Level {
	switch {
	case v.Failed():
		return slog.LevelError
	case v == ossenc.WouldFix:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// StackAttr is the stack of a panic: file names and lines, no values.
func StackAttr() slog.Attr {
	var lines []string
	for line := range strings.Lines(string(debug.Stack())) {
		if strings.HasPrefix(line, "\t") {
			at, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			lines = append(lines, at)
		}
	}
	return slog.Any("stack", lines)
}
