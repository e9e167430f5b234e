package ossenc

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestOrderedStream_KeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOrderedStream[int](4)
		begun := time.Now()
		go func() {
			defer s.close()
			for i := range 10 {
				s.start(func() int {
					time.Sleep(time.Duration(10-i) * time.Second) // the first one is the slowest
					return i
				})
			}
		}()
		var got []int
		all := s.each(func(i int) bool {
			got = append(got, i)
			return true
		}, func() { t.Error("cancelled") })
		if !all || !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("%t, %v", all, got)
		}
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("%s: one after the other would take 55 s", took)
		}
	})
}

func TestOrderedStream_StopsWithoutLeavingAnyone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left that blocks
		for _, end := range []string{"false", "panic"} {
			s := newOrderedStream[int](1)
			cancelled := make(chan struct{})
			go func() {
				defer s.close()
				for i := range 5 {
					s.start(func() int {
						if i > 0 {
							<-cancelled
						}
						return i
					})
				}
			}()
			var got []int
			func() {
				defer func() {
					if p := recover(); (p != nil) != (end == "panic") {
						t.Errorf("%s: recovered %v", end, p)
					}
				}()
				all := s.each(func(i int) bool {
					got = append(got, i)
					if end == "panic" {
						panic(end)
					}
					return false
				}, func() { close(cancelled) })
				if all {
					t.Error("all, though it stopped")
				}
			}()
			if !slices.Equal(got, []int{0}) {
				t.Errorf("%s: %v", end, got)
			}
		}
	})
}
