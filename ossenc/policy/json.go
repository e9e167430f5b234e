package policy

import (
	"errors"
	"strconv"
	"strings"
)

// UnmarshalJSON reads 50, "50" or "10%".
func (m *MaxChanges) UnmarshalJSON(b []byte) error {
	text, isShare := strings.CutSuffix(strings.Trim(string(b), `"`), "%")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || isShare && n > 100 {
		return errors.New(`max_changes is a number from 1, or a share from "1%" to "100%"`)
	}
	*m = MaxChanges{Count: n}
	if isShare {
		*m = MaxChanges{Percent: n}
	}
	return nil
}
