package kms

import (
	"errors"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// metadata is what of KeyMetadata matters.
type metadata struct {
	id              string
	region, account string // of its ARN; empty if KMS did not send one
	creator         string
	state, usage    string
	spec            string
	deleteDate      string
}

// key says whether OSS can encrypt with the key that was asked for by name, and what
// a rule names it by. subject names it for people.
func (m metadata) key(subject string, name ossenc.KeyName, region, ownAccount string) ossenc.Key {
	key := ossenc.Key{ID: m.id, MadeByOSS: m.isMadeByOSS()}
	account := m.account
	if account == "" {
		account = name.Account
	}
	if account != "" {
		key.ARN = "acs:kms:" + region + ":" + account + ":key/" + m.id
	}
	if name.Account != "" && name.Account != ownAccount {
		key.ID = key.ARN // by its ID alone it would be another key, or none, in the bucket's account
	}
	if reason := m.problem(); reason != "" {
		key.Reason = subject + " " + reason
	}
	key.Usable = key.Reason == ""
	return key
}

// answers reports whether this is the key that was asked for by name: that of the ID,
// in the region, of the account that the ARN names, or else the own one, because KMS
// finds the keys of others by their ARNs only.
func (m metadata) answers(name ossenc.KeyName, region, ownAccount string) bool {
	if id := name.ID(); id != "" && id != m.id {
		return false
	}
	account := name.Account
	if account == "" {
		account = ownAccount
	}
	return m.region == "" || m.region == region && (account == "" || m.account == account)
}

// isMadeByOSS reports whether KMS names OSS as the key's creator. For keys that people
// make, the creator is the ID of an account; what it is for those that services make
// is not documented, so nothing but this says so.
func (m metadata) isMadeByOSS() bool {
	return strings.EqualFold(m.creator, "oss") || strings.EqualFold(m.creator, "oss.aliyuncs.com")
}

func (m metadata) problem() string {
	switch {
	case m.state == "Disabled":
		return "is disabled"
	case m.state == "PendingDeletion" && m.deleteDate != "":
		return "is to be deleted at " + alicloud.ShownWord(m.deleteDate)
	case m.state == "PendingDeletion":
		return "is to be deleted"
	case m.state == "PendingImport":
		return "waits for its key material to be imported"
	case m.state != "Enabled":
		return "is in the state " + alicloud.ShownWord(m.state) + ", which this version does not know"
	case m.usage == "":
		return "cannot be used: KMS does not say what it is for; OSS needs one for ENCRYPT/DECRYPT"
	case m.usage != "ENCRYPT/DECRYPT":
		return "is for " + alicloud.ShownWord(m.usage) + "; OSS needs one for ENCRYPT/DECRYPT"
	case strings.HasPrefix(m.spec, "RSA_"), strings.HasPrefix(m.spec, "EC_"):
		return "is asymmetric (" + alicloud.ShownWord(m.spec) + "); OSS needs a symmetric one"
	case m.spec != "" && !strings.HasPrefix(m.spec, "Aliyun_"):
		return "is a " + alicloud.ShownWord(m.spec) + ", which this version does not know"
	}
	return ""
}

// unusable are the codes of KMS that say something of the key: it is not there,
// or the account's KMS is in no state to encrypt. message is KMS's own.
func unusable(code, message string) string {
	switch code {
	case "Forbidden.KeyNotFound", "Forbidden.AliasNotFound":
		return "does not exist"
	case "Forbidden.KmsServiceNotEnabled":
		return "cannot be used: KMS is not activated in this account"
	case "Forbidden.InDebt", "Forbidden.InDebtOverdue":
		return "cannot be used: the account is in arrears with KMS"
	case "InvalidParameter":
		if strings.Contains(message, "KeyId") {
			return "is not a name that KMS takes for a key"
		}
	}
	return ""
}

// failureUsability separates answers about the key from failures to get one.
func failureUsability(subject string, err error) (ossenc.Key, error) {
	e, ok := errors.AsType[*ossenc.Error](err)
	if !ok || e.Code == ossenc.Unavailable {
		return ossenc.Key{}, err
	}
	if reason := unusable(e.OSSCode, strings.TrimPrefix(e.Message, subject)); reason != "" {
		return ossenc.Key{Reason: subject + " " + reason}, nil
	}
	return ossenc.Key{}, err
}
