package service

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// Reading is what a record says was read of a bucket's rule last.
type Reading struct {
	Account, Bucket string
	Rule            ossenc.Rule
	// The rule was read at some moment between Began and Ended.
	Began, Ended time.Time
	// WriteID is the request ID of the write that the reading confirmed; empty for none.
	WriteID string
}

const (
	// clocks is how far the clocks of two machines may be apart.
	clocks = 2 * time.Second
	// reportTime is how long a report may have taken, before or after the time that it says:
	// as long as the platform lets a function run.
	reportTime = 24 * time.Hour
)

// Readings collects what was read from any JSON that Bucketwarden prints, as far as it says
// when: lines of the function's log, reports, journals of an apply or an undo. The
// zero value is ready to use.
type Readings struct {
	All []Reading
	// Timeless counts results that do not say when: the answers of the function.
	Timeless int

	begun map[[2]string]time.Time // by a journal
}

// Add enters one JSON value, or a list of such. What is none of these is left out.
func (r *Readings) Add(value json.RawMessage) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		for _, one := range list {
			if len(one) > 0 && one[0] == '{' {
				r.Add(one)
			}
		}
		return
	}
	var text struct {
		Message string `json:"message"`
		Msg     string `json:"msg"`
	}
	if json.Unmarshal(value, &text) == nil && text.Msg == "" && strings.HasPrefix(text.Message, "{") {
		value = json.RawMessage(text.Message) // the platform kept the line so
	}
	var report struct {
		Provenance struct {
			Time time.Time `json:"time"`
		} `json:"provenance"`
	}
	_ = json.Unmarshal(value, &report)
	records, err := recordsIn(value, 0, math.MaxInt)
	if err != nil {
		return
	}
	for _, one := range records {
		if ossenc.ValidBucketName(one.Bucket) {
			r.add(one, report.Provenance.Time)
		}
	}
}

func (r *Readings) add(one changeRecord, reported time.Time) {
	id := [2]string{one.Account, one.Bucket}
	reading := Reading{Account: one.Account, Bucket: one.Bucket, Rule: one.After.Rule}
	if one.Verdict == ossenc.Fixed {
		reading.WriteID = one.RequestID
	}
	begun, noted := r.begun[id]
	switch {
	case one.Msg == "verdict" && !one.Time.IsZero():
		if !one.After.isText { // nothing was read
			return
		}
		took := time.Duration(one.Duration * float64(time.Millisecond))
		reading.Began, reading.Ended = one.Time.Add(-took-clocks), one.Time.Add(clocks)
	case one.Kind == "intent":
		if r.begun == nil {
			r.begun = map[[2]string]time.Time{}
		}
		r.begun[id] = one.Time
		return
	case one.Kind == "result":
		if delete(r.begun, id); !noted || one.Verdict != ossenc.Fixed {
			return
		}
		reading.Began, reading.Ended = begun.Add(-clocks), one.Time.Add(clocks)
	case !reported.IsZero():
		var text string
		rule, err := ossenc.Rule{}, json.Unmarshal(one.Rule, &text)
		if err == nil {
			rule, err = ossenc.ParseRule(text)
		}
		if err != nil { // it was not read
			return
		}
		reading.Rule, reading.WriteID = rule, ""
		reading.Began, reading.Ended = reported.Add(-reportTime), reported.Add(reportTime)
	case one.Verdict != "":
		r.Timeless++
		return
	default:
		return
	}
	r.All = append(r.All, reading)
}
