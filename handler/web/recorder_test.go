package web

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// An answer is encoded in pieces, and is to the byte what encoding/json makes of it in one.
func TestAnswer_InPiecesIsTheSameAsInOne(t *testing.T) {
	letters := []rune{'a', '"', '\\', '<', '&', '\n', 0, 0x7f, 'é', '世', '🔑', '\u2028', '\ufffd'}
	random := rand.New(rand.NewPCG(1, 2))
	bodies := []string{"", "}", `"}`, "<html>\u2028", "\xff\xfe", strings.Repeat("\x80", 2*pieceLength)}
	for _, n := range []int{1, pieceLength - 1, pieceLength, pieceLength + 1, 3 * pieceLength} {
		for _, r := range letters {
			bodies = append(bodies, strings.Repeat(string(r), n), "x"+strings.Repeat(string(r), n))
		}
		var mixed strings.Builder
		for mixed.Len() < n {
			mixed.WriteRune(letters[random.IntN(len(letters))])
		}
		bodies = append(bodies, mixed.String())
	}
	for _, body := range bodies {
		a := httpAnswer{StatusCode: 200, Headers: map[string]string{"Content-Type": `text/html; "}`}, Body: body}
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.encode(); err != nil || string(got) != string(want) {
			t.Errorf("a body of %d bytes, %.20q…: %d bytes, want %d, %v", len(body), body, len(got), len(want), err)
		}
	}
}
