package app

import (
	"context"
	"errors"
	"fmt"

	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/cmd/bucketwarden/internal/files"
)

// Exit is the command's exit status. docs/command.md documents them.
type Exit int

// The exit statuses.
const (
	// Done: everything was done, or everything is compliant.
	Done Exit = 0
	// Usage: the command line, the settings or the credentials are wrong. Nothing
	// was done.
	Usage Exit = 1
	// Findings: something is not as it should be, or a change was refused or not made.
	Findings Exit = 2
	// Incomplete: a call failed, so the answer or the work is not whole. It wins
	// over Findings.
	Incomplete Exit = 3
	// Bug: this program is wrong.
	Bug Exit = 4
	// Interrupted: the user ended it.
	Interrupted Exit = 130
)

// Error is why the command ends with a status.
type Error struct {
	Exit Exit
	// Err says what is wrong; nil where the output says all of it already.
	Err error
	// Next says what to do about it; empty where that is plain.
	Next string
}

// Error returns what is wrong.
func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usagef is an error of the command line.
func Usagef(format string, args ...any) error {
	return &Error{Exit: Usage, Err: fmt.Errorf(format, args...)}
}

// End ends the command with a status after all has been said; nil for [Done].
func End(e Exit) error {
	if e == Done {
		return nil
	}
	return &Error{Exit: e}
}

// Join returns one error with the texts of all and the most severe status; nil if
// all are nil.
func Join(errs ...error) error {
	exit, next := Done, ""
	var texts []error
	for _, err := range errs {
		exit = max(exit, statusOf(err))
		if e, ok := errors.AsType[*Error](err); ok && next == "" {
			next = e.Next
		}
		if err != nil && err.Error() != "" {
			texts = append(texts, err)
		}
	}
	if exit == Done {
		return nil
	}
	return &Error{Exit: exit, Err: errors.Join(texts...), Next: next}
}

// errInterrupted is the cause of a context that the user ended.
var errInterrupted = errors.New("interrupted")

// statusOf returns the status that an error means. One that has none of its own is
// a call that failed.
func statusOf(err error) Exit {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Exit
	}
	if _, ok := errors.AsType[*creds.Error](err); ok {
		return Usage
	}
	if _, ok := errors.AsType[*files.ExistsError](err); ok {
		return Usage
	}
	if _, ok := errors.AsType[*files.UnwritableError](err); ok {
		return Usage
	}
	if errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled) {
		return Interrupted
	}
	return Incomplete
}
