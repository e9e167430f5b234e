package ossenc

import "strings"

// Cursor is a bucket's place in a sweep: its name, and before that the account's
// ID and a slash if it is not the function's own. Without a name it is the beginning of
// that account.
type Cursor string

// CursorOf returns the place of the bucket that a result is about.
func CursorOf(r Result) Cursor {
	if r.Account == "" {
		return Cursor(r.Bucket)
	}
	return Cursor(r.Account + "/" + r.Bucket)
}

// beginningOf returns the place before the first bucket of an account.
func beginningOf(account string) Cursor { return Cursor(account + "/") }

// Valid reports whether a sweep could have ended with the cursor; "" is the
// beginning.
func (c Cursor) Valid() bool {
	account, bucket := c.split()
	if c == "" {
		return true
	}
	if c == beginningOf(account) {
		return ValidAccountID(account)
	}
	return len(bucket) <= 255 && consistsOf(bucket, "-") && (account == "" && bucket == string(c) || ValidAccountID(account))
}

func (c Cursor) split() (account, bucket string) {
	account, bucket, found := strings.Cut(string(c), "/")
	if !found {
		return "", string(c)
	}
	return account, bucket
}
