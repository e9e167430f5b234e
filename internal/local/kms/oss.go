package kms

import "bucketwarden/internal/local/wire"

// ServiceAlias names the key that OSS makes for an account in a region.
const ServiceAlias = "alias/acs/oss"

// ServiceKey is that key.
func ServiceKey(region, account string) Key {
	return Key{ID: "key-made-by-oss-" + region, Region: region, AccountID: account, Aliases: []string{ServiceAlias}}
}

// ossCodes are what OSS answers an upload with whose key KMS refuses, by the code
// or the state of the key there.
var ossCodes = map[string]string{
	"Forbidden.KeyNotFound":          "KeyNotFound",
	"Forbidden.AliasNotFound":        "AliasNotFound",
	"Forbidden.NoPermission":         "AccessDenied",
	"Forbidden.KmsServiceNotEnabled": "KmsServiceNotEnabled",
	"InvalidParameter":               "InvalidParameter",
	"Disabled":                       "KeyDisabled",
	"PendingDeletion":                "KeyPendingDeletion",
	"PendingImport":                  "KeyPendingImport",
}

// KeyForOSS returns the ID of the key that name stands for, or the OSS error code
// that an upload ends with. An empty name is the key that OSS makes when it needs
// it for the first time.
func (s *Server) KeyForOSS(region, account, name string) (keyID, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" {
		name = ServiceAlias
		if _, code := s.find(name, account, region); code == "Forbidden.AliasNotFound" {
			s.keys = append(s.keys, ServiceKey(region, account))
		}
	}
	k, refused := s.find(name, account, region)
	switch {
	case refused != "":
		return "", ossCodes[refused]
	case k.State != "" && k.State != "Enabled":
		return "", ossCodes[k.State]
	case k.Usage != "" && k.Usage != "ENCRYPT/DECRYPT":
		return "", "InvalidParameter"
	}
	return k.ID, ""
}

// SampleKeys are what a KMS for trying things out begins with: key-1 with an alias
// in every region, the keys that the samples and the examples of the documentation
// name, and two that OSS cannot use.
func SampleKeys(regions []string) []Key {
	keys := []Key{
		{ID: "key-hzz00000000000000000a", Region: "cn-hangzhou"},
		{ID: "key-hzz62f1cb66fa42qo9n", Region: "cn-hangzhou"},
		{ID: "key-hzz64e1b5ab3k0wj1uc7p", Region: "cn-hangzhou"},
		{ID: "key-hzz65f3a68euj0blbgmz9", Region: "cn-hangzhou"},
		{ID: "key-disabled", Region: "cn-hangzhou", State: "Disabled"},
		{ID: "key-deleting", Region: "cn-hangzhou", State: "PendingDeletion", DeleteDate: "2027-01-01T00:00:00Z"},
	}
	for _, region := range regions {
		keys = append(keys,
			Key{ID: "key-1", Region: region, Aliases: []string{"alias/payments"}},
			ServiceKey(region, wire.DefaultAccount))
	}
	return keys
}
