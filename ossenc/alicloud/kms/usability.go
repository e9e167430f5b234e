package kms

import (
	"errors"
	"strings"

	"bucketwarden/ossenc"
)

// metadata is what of KeyMetadata matters.
type metadata struct {
	id, state, usage, spec, deleteDate string
}

// usability says whether OSS can encrypt with the key. subject names it for people.
func (m metadata) usability(subject string) ossenc.Key {
	reason := m.problem()
	if reason != "" {
		reason = subject + " " + reason
	}
	return ossenc.Key{ID: m.id, Usable: reason == "", Reason: reason}
}

func (m metadata) problem() string {
	switch {
	case m.state == "Disabled":
		return "is disabled"
	case m.state == "PendingDeletion" && m.deleteDate != "":
		return "is to be deleted at " + m.deleteDate
	case m.state == "PendingDeletion":
		return "is to be deleted"
	case m.state == "PendingImport":
		return "waits for its key material to be imported"
	case m.state != "Enabled":
		return "is in the state " + m.state + ", which this version does not know"
	case m.usage != "ENCRYPT/DECRYPT":
		return "is for " + m.usage + "; OSS needs one for ENCRYPT/DECRYPT"
	case strings.HasPrefix(m.spec, "RSA_"), strings.HasPrefix(m.spec, "EC_"):
		return "is asymmetric (" + m.spec + "); OSS needs a symmetric one"
	case m.spec != "" && !strings.HasPrefix(m.spec, "Aliyun_"):
		return "is a " + m.spec + ", which this version does not know"
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
	if !ok {
		return ossenc.Key{}, err
	}
	if reason := unusable(e.OSSCode, strings.TrimPrefix(e.Message, subject)); reason != "" {
		return ossenc.Key{Reason: subject + " " + reason}, nil
	}
	return ossenc.Key{}, err
}
