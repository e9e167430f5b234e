// Package files writes what the command leaves behind: whole files that appear
// at once, and journals of results that are true whenever they are read. Files
// hold the names and keys of an account, so only their owner can read them, and
// none is ever overwritten unasked.
package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mode is for files with the names of an account's buckets and keys.
const mode = 0o600

// ExistsError says that a file is there already.
type ExistsError struct{ Path string }

// Error returns what to do about it.
func (e *ExistsError) Error() string {
	return e.Path + " exists already; give another name, or --force to replace it"
}

// UnwritableError says that a file cannot be written; nothing was done yet.
type UnwritableError struct{ Err error }

// Error names the file and says why.
func (e *UnwritableError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnwritableError) Unwrap() error { return e.Err }

// Write writes a whole file: beside the path first, then in its place, so that
// no one ever reads half of it. A file that is there is an *[ExistsError] unless
// force is set. A path that is not a regular file, such as a pipe, is written to as
// it is.
func Write(path string, force bool, write func(io.Writer) error) (err error) {
	if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() {
		return writeInto(path, info, write)
	} else if statErr == nil && !force {
		return &ExistsError{path}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return short(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // closed already, or of no use
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return short(path, err)
	}
	return place(f.Name(), path, force)
}

// Ready returns the error that [Write] would end with, as far as it can be known before
// anything is written: an *[ExistsError] or an *[UnwritableError].
func Ready(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return &UnwritableError{fmt.Errorf("%s is a directory", path)}
	case err == nil && info.Mode().IsRegular() && !force:
		return &ExistsError{path}
	case err == nil:
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // as [Write] does
	if err != nil {
		return &UnwritableError{short(path, err)}
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writeInto writes to a pipe or a device.
func writeInto(path string, info fs.FileInfo, write func(io.Writer) error) error {
	if info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return short(path, err)
	}
	return errors.Join(write(f), f.Close())
}

// place gives a finished file its name. A link fails where the name is taken by
// now; where links do not exist, a rename has to do.
func place(from, to string, force bool) error {
	if !force {
		err := os.Link(from, to)
		if err == nil {
			return os.Remove(from)
		}
		if errors.Is(err, fs.ErrExist) {
			_ = os.Remove(from)
			return &ExistsError{to}
		}
		if _, statErr := os.Lstat(to); statErr == nil {
			_ = os.Remove(from)
			return &ExistsError{to}
		}
	}
	if err := os.Rename(from, to); err != nil {
		_ = os.Remove(from)
		return short(to, err)
	}
	return nil
}

// Journal is a file of JSON lines. Each is there whole once Add has returned,
// whatever becomes of the process afterwards.
type Journal struct{ f *os.File }

// CreateJournal creates the file. One that is there is an *[ExistsError] unless
// force is set; one that cannot be made is an *[UnwritableError].
func CreateJournal(path string, force bool) (*Journal, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil, &ExistsError{path}
	}
	if err != nil {
		return nil, &UnwritableError{short(path, err)}
	}
	return &Journal{f}, nil
}

// Add appends one line. It is one call of the system, so no line is ever half
// there when the process is killed.
func (j *Journal) Add(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(line, '\n'))
	return err
}

// Close makes sure that all is on the disk.
func (j *Journal) Close() error { return errors.Join(j.f.Sync(), j.f.Close()) }

// short leaves out what is said already: the operation and the path.
func short(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
