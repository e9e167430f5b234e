// Package events holds a sample of everything that may arrive, with the outcome it
// must have. The samples are embedded, so that every command has them wherever it
// runs.
package events

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Sample is one entry of the manifest.
type Sample struct {
	// About says in a few words what the sample is; empty for what is no payload.
	About string `json:"about"`
	// Trigger is how it arrives: eventbridge, http, timer and so on.
	Trigger string `json:"trigger"`
	// Settings are those that the sample needs, as NAME=value; nil for none.
	Settings []string `json:"settings"`
	// Results is what the function answers in an account where every bucket named
	// here exists without a rule; nil for what is no event.
	Results []Result `json:"results"`
}

// Result is what becomes of one bucket.
type Result struct {
	// Bucket is the bucket's name, empty if the sample names none.
	Bucket string `json:"bucket"`
	// Verdict is the function's.
	Verdict string `json:"verdict"`
}

// Samples returns the manifest, by the names of the files.
func Samples() (map[string]Sample, error) {
	b, err := files.ReadFile("manifest.json")
	if err != nil {
		return nil, err
	}
	var samples map[string]Sample
	return samples, json.Unmarshal(b, &samples)
}

// Read returns the sample of a name, such as timer.json; the folder events/ before
// it and the ending .json behind it may be left out or written.
func Read(name string) ([]byte, error) {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "events/"), ".json") + ".json"
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("there is no sample %s: %w", name, fs.ErrNotExist)
	}
	return b, nil
}

// Settings returns the settings that a payload needs if it is a sample, else nil.
func Settings(payload []byte) []string {
	samples, _ := Samples() // embedded, and read by the tests
	for name, s := range samples {
		if b, err := Read(name); err == nil && len(s.Settings) > 0 && bytes.Equal(b, payload) {
			return s.Settings
		}
	}
	return nil
}

// Buckets returns the names of the buckets that the samples are about, sorted,
// without the one whose creation fails because it belongs to another account.
func Buckets() ([]string, error) {
	samples, err := Samples()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range samples {
		for _, r := range s.Results {
			if r.Bucket != "" && r.Bucket != "demo-bucket-taken" {
				names = append(names, r.Bucket)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
