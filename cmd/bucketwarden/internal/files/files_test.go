package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// holds checks the content of a file, who may read it, and that nothing else was
// left beside it.
func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("the file holds %q (%v), want %q", got, err, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v)", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside it are %v (%v)", entries, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := Write(path, false, text("one")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "one")
	err := Write(path, false, text("two"))
	if _, ok := errors.AsType[*ExistsError](err); !ok {
		t.Errorf("writing over it: %v", err)
	}
	holds(t, path, "one")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, true, text("three")); err != nil {
		t.Error(err)
	}
	holds(t, path, "three")
	failed := errors.New("the rest did not come")
	if err := Write(path, true, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return failed }); !errors.Is(err, failed) {
		t.Errorf("a write that fails: %v", err)
	}
	holds(t, path, "three")
}

// A file that appears while ours is being written is kept.
func TestWriteLosesTheRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	err := Write(path, false, func(w io.Writer) error {
		return errors.Join(os.WriteFile(path, []byte("theirs"), 0o600), text("ours")(w))
	})
	if _, ok := errors.AsType[*ExistsError](err); !ok {
		t.Errorf("the error is %v", err)
	}
	holds(t, path, "theirs")
}

func TestWriteWhereItCannot(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "none", "x"), false, text("x")); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := Write(dir, true, text("x")); err == nil {
		t.Error("a directory was written")
	}
	if err := Write("/dev/null", false, text("x")); err != nil {
		t.Errorf("a device: %v", err)
	}
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.jsonl")
	j, err := CreateJournal(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []int{1, 2} {
		if err := j.Add(map[string]int{"n": v}); err != nil {
			t.Fatal(err)
		}
		if v == 1 {
			holds(t, path, "{\"n\":1}\n") // before it is closed
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "{\"n\":1}\n{\"n\":2}\n")
	if _, err := CreateJournal(path, false); err == nil {
		t.Error("a journal was overwritten")
	}
	if j, err = CreateJournal(path, true); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "")
}

// What cannot be written is known before anything is done, and asking leaves nothing
// behind.
func TestReady(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]struct{ exists, unwritable bool }{
		filepath.Join(dir, "new"):       {},
		there:                           {exists: true},
		dir:                             {unwritable: true},
		filepath.Join(dir, "none", "x"): {unwritable: true},
		filepath.Join(there, "x"):       {unwritable: true},
		"/dev/null":                     {},
	} {
		err := Ready(path, false)
		_, exists := errors.AsType[*ExistsError](err)
		_, unwritable := errors.AsType[*UnwritableError](err)
		if exists != c.exists || unwritable != c.unwritable || (err == nil) != (!c.exists && !c.unwritable) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := Ready(there, true); err != nil {
		t.Errorf("by force: %v", err)
	}
	if _, err := CreateJournal(filepath.Join(there, "x"), false); !isUnwritable(err) {
		t.Errorf("a journal: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
}

func isUnwritable(err error) bool {
	_, is := errors.AsType[*UnwritableError](err)
	return is
}
