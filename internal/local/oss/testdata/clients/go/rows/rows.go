// Package rows reports what a client of OSS can do with the local one: one line for
// each row, its name, a tab and the outcome.
package rows

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Endpoint, Secure and Bucket come from the test: the address of the local OSS, the
// one that speaks HTTPS, and the beginning of every bucket's name.
var (
	Endpoint = os.Getenv("OSS_ENDPOINT")
	Secure   = os.Getenv("OSS_SECURE_ENDPOINT")
	Bucket   = os.Getenv("OSS_BUCKET")
	KeyID    = os.Getenv("OSS_ACCESS_KEY_ID")
	Secret   = os.Getenv("OSS_ACCESS_KEY_SECRET")
)

// Region is that of every bucket.
const Region = "cn-hangzhou"

// Run reports one row.
func Run(name string, do func() error) {
	outcome := "ok"
	if err := do(); err != nil {
		outcome = strings.Join(strings.Fields(err.Error()), " ")
	}
	fmt.Printf("%s\t%s\n", name, outcome)
}

// None reports that the client has no such call.
func None(names ...string) {
	for _, name := range names {
		fmt.Printf("%s\t-\n", name)
	}
}

// Want fails unless got prints as want does.
func Want(what string, got, want any) error {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		return fmt.Errorf("%s is %s, want %s", what, g, w)
	}
	return nil
}

// First returns the first error.
func First(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Part is a part of the least size that OSS takes.
var Part = bytes.Repeat([]byte("0123456789"), 100<<10/10)

// Deref makes a printable value of a pointer.
func Deref[T any](p *T) any {
	if p == nil {
		return "nil"
	}
	return *p
}
