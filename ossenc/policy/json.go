package policy

import (
	"errors"
	"strconv"
	"strings"
)

// UnmarshalJSON reads 50, "50" or "10%"; null sets no cap.
func (m *MaxChanges) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	text, isShare := strings.CutSuffix(strings.Trim(string(b), `"`), "%")
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || strconv.Itoa(n) != strings.TrimSuffix(text, "%") || isShare && (n < 1 || n > 100) {
		return errors.New(`max_changes is a number from 0, or a share from "1%" to "100%"`)
	}
	*m = MaxChanges{Count: n, None: n == 0}
	if isShare {
		*m = MaxChanges{Percent: n}
	}
	return nil
}
