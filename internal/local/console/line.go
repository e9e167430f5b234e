package console

import (
	"fmt"
	"strings"
)

// Line is the change in one line of plain words, with the function's sentence in a
// second one if it failed.
func (c Change) Line() string {
	fields := []string{c.Time.Format("15:04:05"), fmt.Sprintf("%-20s", c.Bucket), fmt.Sprintf("%-12s", c.Region), fmt.Sprintf("%-34s", c.What+" ("+c.By+")")}
	if c.Verdict != "" {
		fields = append(fields, c.answer())
	}
	line := strings.TrimRight(strings.Join(fields, "  "), " ")
	if c.Failed {
		line += "\n          " + c.Reason
	}
	return line
}

// answer is what the function did.
func (c Change) answer() string {
	rules := c.After
	if c.Before != c.After {
		rules = c.Before + " → " + c.After
	}
	return fmt.Sprintf("%s  %s  %s", c.Verdict, rules, duration(c.Took))
}

func duration(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// agents name who made a call, by a part of the User-Agent. The order counts.
var agents = []struct{ part, name string }{
	{"aliyun-oss-console", "console"},
	{"bucketwarden", "bucketwarden"},
	{"ossutil", "ossutil"},
	{"alibabacloud-go-sdk-v2", "Go SDK v2"},
	{"aliyun-sdk-go", "Go SDK v1"},
	{"aliyun-sdk-nodejs", "ali-oss"},
	{"aliyun-sdk-js", "ali-oss"},
	{"aliyun-sdk-python", "oss2"},
	{"alibabacloud-python-sdk-v2", "Python SDK v2"},
	{"aliyun-sdk-java", "Java SDK"},
	{"aliyun-sdk-php", "PHP SDK"},
}

// Client names the client behind a User-Agent.
func Client(userAgent string) string {
	lower := strings.ToLower(userAgent)
	for _, a := range agents {
		if strings.Contains(lower, a.part) {
			return a.name
		}
	}
	name, _, _ := strings.Cut(userAgent, "/")
	if name = strings.TrimSpace(name); name == "" || len(name) > 20 {
		return "another client"
	}
	return name
}
