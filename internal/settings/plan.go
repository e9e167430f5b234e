package settings

import (
	"errors"
	"time"
)

// maxPlanAge bounds how long an approval can hold: after a month its reasons are forgotten.
const maxPlanAge = 31 * 24 * time.Hour

// planAge returns how old a plan may be when it is applied; 0 if it is not set.
func (r *reader) planAge() time.Duration {
	text := r.values[PlanAge]
	if text == "" {
		return 0
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < time.Minute || age > maxPlanAge {
		r.problem(PlanAge, errors.New("is a time from 1m to 744h, such as 24h or 90m"))
		return 0
	}
	return age
}
