package ossenc

import (
	"fmt"
	"time"
)

// Exemption is a rule of a policy that leaves its buckets alone until a day.
type Exemption struct {
	Rule   string `json:"rule"` // name of the rule
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Until  Date   `json:"until"` // the last day on which it holds
	Line   int    `json:"-"`     // of the policy file
}

// Ended reports whether the last day is over.
func (e Exemption) Ended(now time.Time) bool { return !now.Before(e.Until.AddDate(0, 0, 1)) }

// String returns one line for people.
func (e Exemption) String() string {
	return fmt.Sprintf("exempt until %s: %s (%s)", e.Until, e.Reason, e.Owner)
}

// Date is a day in UTC. Its time is 0:00.
type Date struct{ time.Time }

// String returns the day as 2006-01-02.
func (d Date) String() string { return d.Format(time.DateOnly) }

// MarshalJSON writes the day as "2006-01-02".
func (d Date) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Date) UnmarshalJSON(b []byte) error {
	day, err := time.Parse(`"`+time.DateOnly+`"`, string(b))
	if err != nil {
		return fmt.Errorf("%.40q is not a date, such as 2026-12-31", b)
	}
	d.Time = day
	return nil
}
