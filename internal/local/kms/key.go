package kms

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	localrpc "bucketwarden/internal/local/rpc"
)

// Key is a key in the terms of the wire.
type Key struct {
	// ID is KeyId. It is unique in a region.
	ID string
	// Region is where the key is; empty means Options.Region.
	Region string
	// AccountID owns the key; empty means Options.AccountID.
	AccountID string
	// Aliases name the key in its region and account: alias/...
	Aliases []string
	// State is KeyState: Enabled (default), Disabled, PendingDeletion, PendingImport.
	State string
	// Usage is KeyUsage: ENCRYPT/DECRYPT (default) or SIGN/VERIFY.
	Usage string
	// Spec is KeySpec. Default Aliyun_AES_256.
	Spec string
	// Origin is Aliyun_KMS (default) or EXTERNAL.
	Origin string
	// DeleteDate is when a key in PendingDeletion goes, such as 2026-05-26T18:22:03Z.
	DeleteDate string
	// SharedWith are other accounts that may use the key by its ARN.
	SharedWith []string
}

// PutKey creates the key, or replaces the one with this ID in its region.
func (s *Server) PutKey(k Key) {
	k.Region = cmp.Or(k.Region, s.region)
	k.AccountID = cmp.Or(k.AccountID, s.AccountID())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.DeleteFunc(s.keys, func(old Key) bool { return old.ID == k.ID && old.Region == k.Region })
	s.keys = append(s.keys, k)
}

// Keys returns all keys, in the order in which they came.
func (s *Server) Keys() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

// ARN returns the key's ARN.
func (k Key) ARN() string { return "acs:kms:" + k.Region + ":" + k.AccountID + ":key/" + k.ID }

func (k Key) metadata() map[string]any {
	return map[string]any{
		"KeyId":              k.ID,
		"Arn":                k.ARN(),
		"Creator":            k.AccountID,
		"CreationDate":       "2026-01-02T03:04:05Z",
		"Description":        "",
		"KeyState":           cmp.Or(k.State, "Enabled"),
		"KeyUsage":           cmp.Or(k.Usage, "ENCRYPT/DECRYPT"),
		"KeySpec":            cmp.Or(k.Spec, "Aliyun_AES_256"),
		"Origin":             cmp.Or(k.Origin, "Aliyun_KMS"),
		"DeleteDate":         k.DeleteDate,
		"MaterialExpireTime": "",
		"ProtectionLevel":    "SOFTWARE",
		"AutomaticRotation":  "Disabled",
		"DeletionProtection": "Disabled",
	}
}

func failures() map[string]*localrpc.Failure {
	return map[string]*localrpc.Failure{
		"Forbidden.KeyNotFound":          {Status: 404, Code: "Forbidden.KeyNotFound", Message: "The specified Key is not found."},
		"Forbidden.AliasNotFound":        {Status: 404, Code: "Forbidden.AliasNotFound", Message: "The specified Alias is not found."},
		"Forbidden.NoPermission":         {Status: 403, Code: "Forbidden.NoPermission", Message: "This operation is forbidden by permission system."},
		"Forbidden.KmsServiceNotEnabled": {Status: 403, Code: "Forbidden.KmsServiceNotEnabled", Message: "Kms service is not Enabled for current user. Please get access permission first."},
		"MissingParameter":               {Status: 400, Code: "MissingParameter", Message: `The parameter "KeyId" is needed but not provided.`},
		"InvalidParameter":               {Status: 400, Code: "InvalidParameter", Message: `The specified parameter "KeyId" is not valid.`},
	}
}

// namePattern covers IDs, aliases and ARNs.
// The patterns are compiled when first needed: the command links this package and starts without it.
var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9/_:.-]+$`) })

func (s *Server) describeKey(c *localrpc.Call) (map[string]any, *localrpc.Failure) {
	name := c.Params.Get("KeyId")
	s.mu.Lock()
	defer s.mu.Unlock()
	k, code := s.find(name, c.AccountID, s.regionOf(c.HTTP))
	if code != "" {
		return nil, failures()[code]
	}
	return map[string]any{"KeyMetadata": k.metadata()}, nil
}

var idPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })

var aliasPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^alias/[A-Za-z0-9/_-]{1,249}$`) })

// ValidAlias reports whether s has the form of an alias.
func ValidAlias(s string) bool { return aliasPattern().MatchString(s) }

// ValidID reports whether s has the form of a key ID.
func ValidID(s string) bool { return idPattern().MatchString(s) }

// find returns the key, or the code of the failure. It needs the lock.
func (s *Server) find(name, account, region string) (Key, string) {
	switch {
	case s.notEnabled[account]:
		return Key{}, "Forbidden.KmsServiceNotEnabled"
	case name == "":
		return Key{}, "MissingParameter"
	case len(name) > 256 || !namePattern().MatchString(name):
		return Key{}, "InvalidParameter"
	}
	byARN := strings.HasPrefix(name, "acs:")
	for _, k := range s.keys {
		switch {
		case k.Region != region:
		case byARN && k.ARN() == name && k.AccountID != account && !slices.Contains(k.SharedWith, account):
			return Key{}, "Forbidden.NoPermission"
		case byARN && k.ARN() == name:
			return k, ""
		case k.AccountID == account && (k.ID == name || slices.Contains(k.Aliases, name)):
			return k, ""
		}
	}
	if strings.HasPrefix(name, "alias/") {
		return Key{}, "Forbidden.AliasNotFound"
	}
	return Key{}, "Forbidden.KeyNotFound"
}
