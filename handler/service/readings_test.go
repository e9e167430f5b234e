package service

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// What was read, and between which moments, is in every form that says when; nothing is
// taken from a result whose rule was not read.
func TestReadings(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)
	const kms = `{"algorithm":"KMS","kms_key_id":"","kms_data_encryption":""}`
	line := `{"time":"2026-11-01T02:03:04Z","msg":"verdict","account":"22","bucket":"b-1","verdict":"fixed","after":"KMS","duration_ms":1500,"oss_request_id":"R1"}`
	for name, c := range map[string]struct {
		values       []string
		want         int
		began, ended time.Duration // from at
		write        string
		timeless     int
	}{
		"Log":             {[]string{`{"msg":"starting"}`, line}, 1, -3500 * time.Millisecond, 2 * time.Second, "R1", 0},
		"LogInAMessage":   {[]string{`{"message":` + quoted(line) + `}`}, 1, -3500 * time.Millisecond, 2 * time.Second, "R1", 0},
		"LogInAList":      {[]string{`[` + line + `]`}, 1, -3500 * time.Millisecond, 2 * time.Second, "R1", 0},
		"LogCompliant":    {[]string{strings.Replace(line, "fixed", "compliant", 1)}, 1, -3500 * time.Millisecond, 2 * time.Second, "", 0},
		"LogNotRead":      {[]string{strings.Replace(line, `"after":"KMS",`, "", 1)}, 0, 0, 0, "", 0},
		"LogOddRule":      {[]string{strings.Replace(line, `"KMS"`, `"ROT13"`, 1)}, 0, 0, 0, "", 0},
		"LogNoTime":       {[]string{strings.Replace(line, `"time":"2026-11-01T02:03:04Z",`, "", 1)}, 0, 0, 0, "", 1},
		"Report":          {[]string{`{"buckets":[{"account":"22","bucket":"b-1","verdict":"compliant","after":` + kms + `,"rule":"KMS"}],"provenance":{"time":"2026-11-01T02:03:04Z"}}`}, 1, -24 * time.Hour, 24 * time.Hour, "", 0},
		"ReportNotRead":   {[]string{`{"buckets":[{"account":"22","bucket":"b-1","verdict":"unknown","after":null}],"provenance":{"time":"2026-11-01T02:03:04Z"}}`}, 0, 0, 0, "", 0},
		"ReportNoTime":    {[]string{`{"buckets":[{"account":"22","bucket":"b-1","verdict":"compliant","after":` + kms + `,"rule":"KMS"}]}`}, 0, 0, 0, "", 1},
		"Journal":         {[]string{`{"kind":"intent","time":"2026-11-01T02:03:04Z","account":"22","bucket":"b-1","target":` + kms + `}`, `{"kind":"result","time":"2026-11-01T02:03:05Z","account":"22","bucket":"b-1","verdict":"fixed","after":` + kms + `,"oss_request_id":"R2"}`}, 1, -2 * time.Second, 3 * time.Second, "R2", 0},
		"JournalNoIntent": {[]string{`{"kind":"result","time":"2026-11-01T02:03:05Z","account":"22","bucket":"b-1","verdict":"fixed","after":` + kms + `}`}, 0, 0, 0, "", 0},
		"Answer":          {[]string{`{"results":[{"account":"22","bucket":"b-1","verdict":"fixed","before":null,"after":` + kms + `}]}`}, 0, 0, 0, "", 1},
		"AnotherDocument": {[]string{`{"kind":"bucketwarden-evidence","buckets":[{"bucket":"b-1","required":null}]}`, `7`, `null`, `"x"`, `[[[[[]]]]]`}, 0, 0, 0, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var r Readings
			for _, v := range c.values {
				r.Add(json.RawMessage(v))
			}
			if len(r.All) != c.want || r.Timeless != c.timeless {
				t.Fatalf("%+v, %d without a time", r.All, r.Timeless)
			}
			for _, got := range r.All {
				if want := (Reading{"22", "b-1", ossenc.Rule{Algorithm: ossenc.KMS}, at.Add(c.began), at.Add(c.ended), c.write}); got != want {
					t.Errorf("%+v\nwant %+v", got, want)
				}
			}
		})
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
