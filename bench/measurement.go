package main

import (
	"cmp"
	"iter"
	"runtime"
	"slices"
	"time"

	"bucketwarden/internal/local/stack"
)

// measurement is everything that one run found out.
type measurement struct {
	Go       string     `json:"go"`
	CPUs     int        `json:"cpus"`
	Time     time.Time  `json:"time"`
	Programs []*program `json:"programs"`
	// BareOurWay is the size of bare in bytes, built with Bucketwarden's flags.
	BareOurWay int64    `json:"bare_with_our_flags_bytes"`
	Modules    []module `json:"dependencies"`
	Sweeps     []sweep  `json:"sweeps"`
	TLS        overTLS  `json:"tls"`
	Command    command  `json:"command"`

	sweeper string // the executable of bench/sweep
}

// The programs, as indexes of measurement.Programs.
const (
	bare = iota
	put
	warden
)

func newMeasurement() *measurement {
	return &measurement{
		Go: runtime.Version(), CPUs: runtime.NumCPU(), Time: time.Now().UTC().Truncate(time.Second),
		Programs: []*program{
			bare:   {Name: "bare", pkg: "./bench/bare", flags: plain},
			put:    {Name: "put", pkg: "./bench/put", flags: plain},
			warden: {Name: "bucketwarden", pkg: ".", flags: stack.BuildFlags},
		},
	}
}

// turns yields the indexes below n, in each round beginning with another: who
// comes after whom must not decide.
func turns(round, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield((round + i) % n) {
				return
			}
		}
	}
}

// median returns the middle one, or the lower of the two middle ones, of what
// came after the first, which warmed things up. One value alone counts.
func median[T cmp.Ordered](values []T) T {
	if len(values) > 1 {
		values = values[1:]
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

// medianOf is the median of one number of each sample.
func medianOf[S any, T cmp.Ordered](samples []S, of func(S) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return median(values)
}

// us returns d in microseconds.
func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
