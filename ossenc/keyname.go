package ossenc

import (
	"errors"
	"fmt"
	"strings"
)

// KeyName is what people call a KMS key: an ID, an alias, or the ARN of either.
type KeyName struct {
	Region, Account string // of an ARN, else empty
	Resource        string // an ID, or alias/<name>
}

// ParseKeyName reads acs:kms:<region>:<account ID>:key/<key ID>, the same with
// alias/<name>, and IDs and aliases as they are.
func ParseKeyName(s string) (KeyName, error) {
	switch {
	case s == "":
		return KeyName{}, errors.New("no KMS key is named")
	case !isKeyID(s):
		return KeyName{}, fmt.Errorf("KMS key ID %.80q has characters that no key ID, alias or key ARN has", s)
	}
	rest, isARN := strings.CutPrefix(s, "acs:kms:")
	if !isARN {
		if strings.Contains(s, ":") {
			return KeyName{}, notKeyARN(s)
		}
		return KeyName{Resource: s}, nil
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 3 || !ValidRegion(parts[0]) || !ValidAccountID(parts[1]) {
		return KeyName{}, notKeyARN(s)
	}
	kind, id, _ := strings.Cut(parts[2], "/")
	switch {
	case kind == "key" && id != "" && !strings.Contains(id, "/"):
		return KeyName{parts[0], parts[1], id}, nil
	case kind == "alias" && id != "":
		return KeyName{parts[0], parts[1], parts[2]}, nil
	}
	return KeyName{}, notKeyARN(s)
}

func notKeyARN(s string) error {
	return fmt.Errorf("%.80q is not an ARN of a KMS key; write acs:kms:<region>:<account ID>:key/<key ID>", s)
}

// ID returns the key ID, or "" if the name is an alias.
func (n KeyName) ID() string {
	if strings.HasPrefix(n.Resource, "alias/") {
		return ""
	}
	return n.Resource
}

// RegionOfKey returns the region that a key ARN names, or "" for other names.
func RegionOfKey(name string) string {
	if name == "" { // most rules name no key
		return ""
	}
	n, err := ParseKeyName(name)
	if err != nil {
		return ""
	}
	return n.Region
}
