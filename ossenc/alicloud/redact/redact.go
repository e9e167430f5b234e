// Package redact keeps credentials out of the texts that servers send.
//
// OSS, KMS and STS do not repeat the credentials that a request was signed with,
// but a gateway, a proxy or a server with bad intentions may, in any field. So
// every text of a server passes [Secrets.Line] when it becomes part of a message,
// and every field with a grammar, such as a request ID, passes [Secrets.Holds].
//
// A text is refused if it holds 8 or more characters that stand together in a
// secret: as they are, in the other case, with anything but letters and digits
// between or in place of them, reversed, in hexadecimal, as a list of numbers, or in
// Base64 in any alignment; and the same behind percent, JSON, C or HTML escapes or
// between tags, also in several layers of them. Texts are read once, character by character, against a table
// that is built once for each set of credentials, so that a check takes 2 to 4 ns
// a character.
package redact

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

const (
	// Run is how many characters of a secret must not be shown.
	Run = 8
	// maxKnown bounds the credentials that are kept: those used least recently are
	// forgotten. One sweep uses those of two accounts at a time.
	maxKnown = 32
	// maxLine bounds a line, in bytes.
	maxLine = 300
)

// LeftOut stands in place of a text that repeats a part of the credentials.
const LeftOut = "[left out, because it repeats a part of the request]"

// Secrets are the credentials that the process uses. The zero value knows none.
// It is safe for concurrent use.
type Secrets struct {
	known atomic.Pointer[[]*entry] // replaced, never changed
	clock atomic.Int64             // counts the uses
	mu    sync.Mutex               // for who replaces
}

// entry is one set of credentials.
type entry struct {
	secrets [3]string
	used    atomic.Int64
	table   func() *table // builds it at the first call
}

// Add remembers one set of credentials: an access key ID, its secret and its
// security token. It is cheap for credentials that are known already.
func (s *Secrets) Add(accessKeyID, accessKeySecret, securityToken string) {
	secrets := [3]string{accessKeyID, accessKeySecret, securityToken}
	if e := find(s.entries(), secrets); e != nil {
		e.used.Store(s.clock.Add(1))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.entries()
	if find(known, secrets) != nil {
		return
	}
	e := &entry{secrets: secrets}
	e.table = sync.OnceValue(func() *table { return newTable(secrets[:]) })
	e.used.Store(s.clock.Add(1))
	next := append(slices.Clone(known), e)
	if len(next) > maxKnown {
		oldest := slices.MinFunc(next, func(a, b *entry) int { return int(a.used.Load() - b.used.Load()) })
		next = slices.DeleteFunc(next, func(e *entry) bool { return e == oldest })
	}
	s.known.Store(&next)
}

func (s *Secrets) entries() []*entry {
	if known := s.known.Load(); known != nil {
		return *known
	}
	return nil
}

func find(known []*entry, secrets [3]string) *entry {
	for _, e := range known {
		if e.secrets == secrets {
			return e
		}
	}
	return nil
}

// Holds reports whether the text holds [Run] or more characters that stand
// together in one of the secrets, in any of the forms that the package knows.
func (s *Secrets) Holds(text string) bool {
	known := s.entries()
	if len(known) == 0 || len(text) < minGram {
		return false
	}
	for layer := 0; ; layer++ {
		characters := numbers(text)
		for _, e := range known {
			if t := e.table(); t.isIn(text) || characters != "" && t.isIn(characters) {
				return true
			}
		}
		plainer := unescape(text)
		if plainer == text || layer == maxLayers {
			return false
		}
		text = plainer
	}
}

// Line returns what a server said in a form that is safe to show: one line of at
// most 300 bytes of visible characters, or [LeftOut] if it repeats a part of the
// credentials.
func (s *Secrets) Line(text string) string {
	line := oneLine(text)
	if s.Holds(line) {
		return LeftOut
	}
	return line
}

// oneLine keeps a text to one short line of visible characters, so that no answer
// can forge a log line, flood one or turn its direction.
func oneLine(s string) string {
	if len(s) > 8*maxLine { // a text of a megabyte is not worth its time
		s = s[:8*maxLine]
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "..."
	}
	return s
}
