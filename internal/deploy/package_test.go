package deploy

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

const root = "../.."

// copySources copies what the build reads, so that two builds share no path.
func copySources(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	sources := os.DirFS(from)
	err := fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "dist" || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !d.Type().IsRegular() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func packageOf(t *testing.T, dir string) []byte {
	t.Helper()
	files, err := Files(t.Context(), dir, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	if err := Zip(&z, files); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}

func TestPackage(t *testing.T) {
	here := copySources(t, root)
	there := copySources(t, here)
	pack := packageOf(t, here)

	t.Run("is the same bytes when it is built elsewhere", func(t *testing.T) {
		if !bytes.Equal(pack, packageOf(t, there)) {
			t.Error("the bytes differ")
		}
	})

	dir := unpack(t, pack)
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run("runs in "+runtime, func(t *testing.T) {
			if got := runCreated(t, filepath.Join(dir, Executable), runtime); got != "fixed" {
				t.Errorf("got %s, want fixed", got)
			}
		})
	}
}

// unpack writes a package's files to a directory, with the modes that the
// platform would give them.
func unpack(t *testing.T, pack []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File { // CopyFS keeps no more than 0o777 of the mode and the umask
		if err := os.Chmod(filepath.Join(dir, f.Name), f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runCreated sends a bucket-created event to the executable and returns the
// verdict.
func runCreated(t *testing.T, exe, runtime string) string {
	t.Helper()
	s, err := stack.Start(t.Context(), stack.Options{Binary: exe, Configure: func(c *localfc.Config) { c.Runtime = runtime }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	s.OSS.PutBucket(localoss.Bucket{Name: "packaged", Region: stack.Region})
	r, err := s.Function.Invoke(t.Context(), stack.BucketCreated("id", "packaged", stack.Region).JSON())
	if err != nil {
		t.Fatal(err)
	}
	results, err := stack.Results(r)
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	return string(results[0].Verdict)
}

func TestZip(t *testing.T) {
	var a, b bytes.Buffer
	one, two := File{"main", 0o755, []byte("one")}, File{"policy.yaml", 0o644, []byte("two")}
	if err := Zip(&a, []File{one, two}); err != nil {
		t.Fatal(err)
	}
	if err := Zip(&b, []File{two, one}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the order of the files matters")
	}
	z, err := zip.NewReader(bytes.NewReader(a.Bytes()), int64(a.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range z.File {
		got = append(got, f.Mode().String()+" "+f.Modified.UTC().Format("2006-01-02 ")+f.Name)
	}
	if want := "-rwxr-xr-x 2020-01-01 main|-rw-r--r-- 2020-01-01 policy.yaml"; strings.Join(got, "|") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestDynamicExecutableIsRefused(t *testing.T) {
	exe, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Skipf("no dynamic executable to try: %v", err)
	}
	if err := checkStatic(exe); err == nil {
		t.Error("a dynamic executable was taken")
	}
	if err := checkStatic([]byte("#!/bin/sh\n")); err == nil {
		t.Error("a script was taken")
	}
}
