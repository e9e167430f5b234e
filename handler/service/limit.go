package service

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// counting returns how many buckets of each region a sweep goes over.
type counting func() (map[string]int, error)

// countOnce counts when it is called first.
func countOnce(ctx context.Context, w Warden, sweep ossenc.SweepOptions) counting {
	return sync.OnceValues(func() (map[string]int, error) { return w.Count(ctx, sweep) })
}

// limit returns how many buckets may be changed: the lowest of the caps, or nil if
// there is none. Where one is a share, the buckets are counted. The error says which
// accounts could not be counted; the limit holds all the same, because a share of
// fewer buckets is lower.
func limit(count counting, caps ...policy.MaxChanges) (lowest *int, err error) {
	buckets := 0
	for _, c := range caps {
		if c.Percent > 0 {
			var regions map[string]int
			regions, err = count()
			buckets = sum(maps.Values(regions))
		}
		if !c.Exists() {
			continue
		}
		n := c.Count
		if c.Percent > 0 {
			n = c.Of(buckets)
		}
		if lowest == nil || n < *lowest {
			lowest = &n
		}
	}
	return lowest, err
}

func sum(numbers iter.Seq[int]) (total int) {
	for n := range numbers {
		total += n
	}
	return total
}

// checkLimit refuses more changes than the policy allows at once, before the first
// write.
func (s *Service) checkLimit(ctx context.Context, changes int, o ChangeOptions) error {
	if o.DryRun || o.PastPolicy || s.Policy == nil {
		return nil
	}
	ctx, cancel, _ := s.begin(ctx)
	defer cancel()
	most, err := limit(countOnce(ctx, s.Warden(), ossenc.SweepOptions{}), s.Policy.MaxChanges)
	if most == nil || changes <= *most {
		return nil
	}
	message := fmt.Sprintf("%d changes, and max_changes of the policy allows %d; nothing was written", changes, *most)
	if err != nil {
		return &ossenc.Error{Code: ossenc.CodeOf(err), Message: message + " (not every bucket could be counted)", Err: err}
	}
	return &ossenc.Error{Code: ossenc.Refused, Message: message}
}
