package tlsdial

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// placed writes the tests' roots as a bundle, and as a folder with a file for each
// and links beside them, as Debian has it.
func placed(t *testing.T) (files, dirs Source) {
	t.Helper()
	dir := t.TempDir()
	for i, r := range append(otherRoots, cloudRoot, privateRoot) {
		name := fmt.Sprintf("root-%d.pem", i)
		if err := os.WriteFile(filepath.Join(dir, name), bundle(r), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(name, filepath.Join(dir, fmt.Sprintf("%08x.0", i))); err != nil {
			t.Fatal(err)
		}
	}
	return Source{Files: []string{"/nonexistent", written(t, systemBundle())}}.first(), Source{Dirs: []string{"/nonexistent", dir}}
}

// first puts the file that is there at the first place.
func (s Source) first() Source { return Source{Files: s.Files[len(s.Files)-1:]} }

func written(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFew_FindsWhatIsExpectedAndParsesNoMore(t *testing.T) {
	r3 := newAuthority("GlobalSign", "GlobalSign Root CA - R3")
	ecc := newAuthority("GlobalSign", "GlobalSign ECC Root CA - R5")
	whole := append(slices.Clone(otherRoots), cloudRoot, ecc, privateRoot, r3)
	files, dirs := placed(t)
	tests := []struct {
		name   string
		source Source
		want   []authority
		found  int
	}{
		{"bundle", Source{Files: []string{written(t, bundle(whole...))}}, []authority{cloudRoot, r3}, len(whole)},
		{"the first file that can be read", Source{Files: []string{"/nonexistent", files.Files[0], written(t, bundle(r3))}}, []authority{cloudRoot}, len(otherRoots) + 2},
		{"a directory in place of a file", Source{Files: []string{t.TempDir(), files.Files[0]}}, []authority{cloudRoot}, len(otherRoots) + 2},
		{"folder, and its links not again", dirs, []authority{cloudRoot}, len(otherRoots) + 2},
		{"lines that end as on Windows", Source{Files: []string{written(t, bytes.ReplaceAll(bundle(whole...), []byte("\n"), []byte("\r\n")))}}, []authority{cloudRoot, r3}, len(whole)},
		{"none", Source{Files: []string{written(t, bundle(otherRoots...))}}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool, used := tt.source.few()
			if tt.want == nil {
				if pool != nil || used != (Used{}) {
					t.Errorf("%v, want none", used)
				}
				return
			}
			want := x509.NewCertPool()
			for _, a := range tt.want {
				want.AddCert(a.cert)
			}
			if !pool.Equal(want) || used.Parsed != len(tt.want) || used.Found != tt.found {
				t.Errorf("%+v, want %d of %d", used, len(tt.want), tt.found)
			}
		})
	}
}

// However the pieces fall in which a file is read, the same roots are found.
func TestFew_PiecesDoNotMatter(t *testing.T) {
	want := x509.NewCertPool()
	want.AddCert(cloudRoot.cert)
	random := rand.New(rand.NewPCG(1, 2)) // the same every time
	for range 200 {
		var text bytes.Buffer
		for _, r := range []authority{otherRoots[0], cloudRoot, privateRoot} {
			text.WriteString(strings.Repeat("#", random.IntN(2*chunk)) + "\n")
			text.Write(r.pem())
		}
		pool, used := Source{Files: []string{written(t, text.Bytes())}}.few()
		if pool == nil || !pool.Equal(want) || used.Found != 3 {
			t.Fatalf("%+v in %d bytes", used, text.Len())
		}
	}
}

// A certificate that does not end is not one, and takes no more memory than the file.
func TestFew_WithoutAnEnd(t *testing.T) {
	text := append([]byte(begin+"\n"), bytes.Repeat([]byte("QUJD\n"), 20_000)...)
	if pool, used := (Source{Files: []string{written(t, text)}}).few(); pool != nil {
		t.Errorf("%+v", used)
	}
}

func TestSystem(t *testing.T) {
	if s := System("", ""); !slices.Equal(s.Files, systemFiles) || !slices.Equal(s.Dirs, systemDirs) {
		t.Errorf("%+v", s)
	}
	if s := System("/a.pem", "/b:/c"); !slices.Equal(s.Files, []string{"/a.pem"}) || !slices.Equal(s.Dirs, []string{"/b", "/c"}) {
		t.Errorf("%+v", s)
	}
}

// maxAllocs is a little above what the roots of a whole system's bundle take; all
// certificates of it parsed are 11,900.
const maxAllocs = 500

func TestFew_TheSystemsOwn(t *testing.T) {
	source := System("", "")
	pool, used := source.few()
	if pool == nil {
		t.Skip("this system has none of the roots that are expected")
	}
	t.Logf("%d of %d in %s", used.Parsed, used.Found, used)
	if used.Found < 50 || used.Parsed > 6 {
		t.Errorf("%d of %d were parsed", used.Parsed, used.Found)
	}
	if allocs := testing.AllocsPerRun(5, func() { source.few() }); allocs > maxAllocs {
		t.Errorf("%.0f allocations, want at most %d", allocs, maxAllocs)
	}
}

// Whatever is in a file, no root is used that crypto/x509 would not find there.
func FuzzFew(f *testing.F) {
	f.Add(bundle(otherRoots[0], cloudRoot))
	f.Add([]byte(begin + "\n" + begin + "\n" + end))
	f.Add(append([]byte(begin), bundle(cloudRoot)...))
	f.Add(bytes.ReplaceAll(bundle(cloudRoot), []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE")))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r reader
		if err := r.text(bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		whole := x509.NewCertPool()
		whole.AppendCertsFromPEM(text)
		both := whole.Clone()
		for _, root := range r.roots {
			both.AddCert(root)
		}
		if !both.Equal(whole) {
			t.Errorf("%d roots, and one is not in the file", len(r.roots))
		}
	})
}
