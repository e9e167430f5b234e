package kms

import (
	"errors"
	"fmt"
	"strings"
)

// name is what people call a key: an ID, an alias, or the ARN of either.
type name struct {
	region, account string // of an ARN, else empty
	resource        string // an ID, or alias/...
}

// parseName reads acs:kms:<region>:<account ID>:key/<id>, the same with
// alias/<name>, and ids and aliases as they are.
func parseName(s string) (name, error) {
	switch {
	case s == "":
		return name{}, errors.New("no KMS key is named")
	case len(s) > 255 || strings.ContainsFunc(s, odd):
		return name{}, fmt.Errorf("%.80q has characters that no KMS key's name has", s)
	}
	rest, isARN := strings.CutPrefix(s, "acs:kms:")
	if !isARN {
		if strings.Contains(s, ":") {
			return name{}, notARN(s)
		}
		return name{resource: s}, nil
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return name{}, notARN(s)
	}
	kind, id, _ := strings.Cut(parts[2], "/")
	switch {
	case kind == "key" && id != "" && !strings.Contains(id, "/"):
		return name{parts[0], parts[1], id}, nil
	case kind == "alias" && id != "":
		return name{parts[0], parts[1], parts[2]}, nil
	}
	return name{}, notARN(s)
}

func notARN(s string) error {
	return fmt.Errorf("%.80q is no ARN of a KMS key; write acs:kms:<region>:<account ID>:key/<key ID>", s)
}

func odd(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_:.-", r)
}

// id returns the key ID, or "" if the name is an alias.
func (n name) id() string {
	if strings.HasPrefix(n.resource, "alias/") {
		return ""
	}
	return n.resource
}
