package web

import (
	"strings"

	"bucketwarden/ossenc"
)

const letters = "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// consistsOf reports whether s has no other characters than those, and not too many.
func consistsOf(s, characters string) bool {
	return len(s) <= 255 && strings.Trim(s, characters) == ""
}

// list returns the parts of s between commas.
func list(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}

// regionID takes cn-hangzhou and the OSS location oss-cn-hangzhou alike; it returns
// "" for anything else.
func regionID(s string) string {
	s = strings.TrimPrefix(s, "oss-")
	if !ossenc.ValidRegion(s) {
		return ""
	}
	return s
}
