package ossenc

import (
	"context"
	"fmt"
	"strings"
)

// The key that OSS made counts as the KMS default key, whichever way a rule names it:
// no one chose it, and where a key of their own is required it is not one. Its
// alias, and the ARN of that, say so themselves ([Rule.normal]); its ID does not, so
// KMS is asked, where the decision depends on it.

// isDefaultKeyName reports whether the name is the alias of the key that OSS made, or
// the ARN of that alias.
func isDefaultKeyName(name string) bool {
	return name == defaultKeyAlias || strings.HasPrefix(name, "acs:kms:") && strings.HasSuffix(name, ":"+defaultKeyAlias)
}

// dependsOnOSSKey reports whether a decision would be another one if the current key
// were the one that OSS made: it is kept in place of another named key, or exchanged
// for the default key, which it is.
func dependsOnOSSKey(current, required Rule, d Decision) bool {
	if current.KMSKeyID == "" || required.KMSKeyID == current.KMSKeyID || required.Algorithm != KMS {
		return false
	}
	return required.KMSKeyID != "" || d.Write
}

// isOSSKey reports whether OSS made the key that has this ID: KMS names OSS as its
// creator, or finds it behind the alias of OSS's key. Where KMS does not say, such as
// without the right to ask, the key counts as a named key, and doubt says so.
func (w *Warden) isOSSKey(ctx context.Context, region, keyID string) (is bool, doubt string) {
	if keyID == "" || w.Keys == nil {
		return false, ""
	}
	key, err := w.Keys.Describe(ctx, region, keyID)
	if err == nil && !key.MadeByOSS && key.ID != "" {
		var made Key
		made, err = w.Keys.Describe(ctx, region, defaultKeyAlias)
		key.MadeByOSS = SameKey(key, made)
	}
	if err != nil {
		return false, fmt.Sprintf("; KMS does not say whether OSS made key %s (%s), so it counts as a named key", keyID, CodeOf(err))
	}
	return key.MadeByOSS, ""
}
