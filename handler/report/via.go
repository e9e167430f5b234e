package report

// Via says of a report that was collected from the deployed function how it came. The
// identity of the provenance is the function's then: it read the buckets.
type Via struct {
	// Function is the function's name and region, or the address of its trigger.
	Function string `json:"function"`
	// Version is that of the function.
	Version string `json:"version,omitempty"`
	// Parts is how many answers of the function were joined.
	Parts int `json:"parts"`
	// AskedBy is the ARN that asked the function; empty if unknown. AskedByError says
	// why.
	AskedBy      string `json:"asked_by,omitempty"`
	AskedByError string `json:"asked_by_error,omitempty"`
}

// facts are the values for [Summary.facts]; empty where the report did not come from a
// function.
func (v *Via) facts() (function, version, askedBy string) {
	if v == nil {
		return "", "", ""
	}
	if v.AskedByError != "" {
		return v.Function, v.Version, "unknown (" + v.AskedByError + ")"
	}
	return v.Function, v.Version, v.AskedBy
}
