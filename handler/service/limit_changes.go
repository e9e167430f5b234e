package service

import (
	"context"
	"fmt"

	"bucketwarden/ossenc"
)

// checkLimit refuses more changes than the policy allows at once, before the first
// write.
func (s *Service) checkLimit(ctx context.Context, changes int, o ChangeOptions) error {
	if o.DryRun || o.PastPolicy {
		return nil
	}
	ctx, cancel, _ := s.begin(ctx)
	defer cancel()
	limit, err := s.limit(ctx, s.Warden(), ossenc.SweepOptions{}, s.Policy.MaxChanges)
	if limit == nil || changes <= *limit {
		return nil
	}
	message := fmt.Sprintf("%d changes, and max_changes of the policy allows %d; nothing was written", changes, *limit)
	if err != nil {
		return &ossenc.Error{Code: ossenc.CodeOf(err), Message: message + " (not every bucket could be counted)", Err: err}
	}
	return &ossenc.Error{Code: ossenc.Refused, Message: message}
}
