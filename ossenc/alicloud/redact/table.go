package redact

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// A gram is 6 to 10 letters and digits in one case, 6 bits each. The forms of a run
// of 8 characters of a secret have one in common with every text that shows them.
const (
	minGram, maxGram = 6, 10
	bits             = 6
	minMask          = 1<<(bits*minGram) - 1
	maxMask          = 1<<(bits*maxGram) - 1
)

// codes maps bytes to 1 to 36 for 0-9 and a-z in either case, and the others,
// which stand for nothing, to 0.
var codes = func() (c [256]uint8) {
	for i := range 10 {
		c['0'+i] = uint8(1 + i)
	}
	for i := range 26 {
		c['a'+i], c['A'+i] = uint8(11+i), uint8(11+i)
	}
	return c
}()

// table finds the grams of a set of secrets in texts.
type table struct {
	secrets []string
	ends    []uint64 // a bit for each hash of the last 6 characters of a gram
	slots   []uint32 // open addressing, the upper half of the hash; 0 is empty
	rare    []string // runs with too few letters and digits for a gram, in lower case
}

func newTable(secrets []string) *table {
	t := &table{secrets: slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < Run })}
	n := 0
	for _, s := range t.secrets {
		n += 6 * len(s) // at most 6 grams begin at a character
	}
	size := 64
	for size < n+n/2 {
		size *= 2
	}
	t.slots, t.ends = make([]uint32, size), make([]uint64, max(size/32, 1))
	for _, s := range t.secrets {
		for run := range runs(s) {
			if !grams(run, func(gram uint64) bool { t.add(gram); return true }) {
				t.rare = append(t.rare, strings.ToLower(run))
			}
		}
	}
	return t
}

// runs goes through what must not be shown of a secret.
func runs(secret string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i+Run <= len(secret); i++ {
			if !yield(secret[i : i+Run]) {
				return
			}
		}
	}
}

// grams hands out the grams of each form of a run, until each returns false. It
// returns false if the run itself has too few letters and digits for one.
func grams(run string, each func(uint64) bool) bool {
	plain, n := pack(run)
	if n >= minGram {
		if !each(plain) || !each(reverse(plain)) {
			return true
		}
	}
	// 5 bytes are 10 digits, and in a run whatever comes before it.
	var digits [maxGram]byte
	hex.Encode(digits[:], []byte(run[:maxGram/2]))
	if gram, _ := pack(string(digits[:])); !each(gram) {
		return true
	}
	// How the run lies in the groups of 3 bytes depends on what is before it. In
	// each way, 10 characters depend on nothing but the run.
	var in, out [16]byte
	for shift, first := range [...]int{0, 2, 3} {
		copy(in[shift:], run)
		base64.StdEncoding.Encode(out[:], in[:12])
		if gram, n := pack(string(out[first : first+maxGram])); n >= minGram && !each(gram) {
			return true
		}
	}
	return n >= minGram
}

// pack returns the letters and digits of s as a gram, and how many they are.
func pack(s string) (gram uint64, n int) {
	for i := range len(s) {
		if c := codes[s[i]]; c != 0 {
			gram, n = gram<<bits|uint64(c), n+1
		}
	}
	return gram, n
}

func reverse(gram uint64) (reversed uint64) {
	for ; gram != 0; gram >>= bits {
		reversed = reversed<<bits | gram&(1<<bits-1)
	}
	return reversed
}

// hash spreads a gram over 64 bits (the finish of splitmix64).
func hash(gram uint64) uint64 {
	gram = (gram ^ gram>>30) * 0xbf58476d1ce4e5b9
	gram = (gram ^ gram>>27) * 0x94d049bb133111eb
	return gram ^ gram>>31
}

func (t *table) add(gram uint64) {
	end := hash(gram&minMask) % uint64(64*len(t.ends))
	t.ends[end/64] |= 1 << (end % 64)
	slot, print := t.at(gram)
	for ; t.slots[slot] != 0; slot = (slot + 1) % len(t.slots) {
		if t.slots[slot] == print {
			return
		}
	}
	t.slots[slot] = print
}

// at returns where a gram is to be looked for, and its fingerprint.
func (t *table) at(gram uint64) (slot int, print uint32) {
	h := hash(gram)
	return int(h % uint64(len(t.slots))), uint32(h>>32) | 1
}

func (t *table) has(gram uint64) bool {
	slot, print := t.at(gram)
	for ; t.slots[slot] != 0; slot = (slot + 1) % len(t.slots) {
		if t.slots[slot] == print {
			return t.confirm(gram)
		}
	}
	return false
}

// confirm reports whether the gram really is one: fingerprints may be the same
// once in a million characters.
func (t *table) confirm(gram uint64) (found bool) {
	for _, s := range t.secrets {
		for run := range runs(s) {
			grams(run, func(g uint64) bool { found = g == gram; return !found })
			if found {
				return true
			}
		}
	}
	return false
}

// isIn reports whether the text, as it is, holds a run of the secrets.
func (t *table) isIn(text string) bool {
	if len(t.secrets) == 0 {
		return false
	}
	var gram uint64
	n := 0
	for i := range len(text) {
		c := codes[text[i]]
		if c == 0 {
			continue
		}
		gram, n = (gram<<bits|uint64(c))&maxMask, n+1
		if n < minGram {
			continue
		}
		end := hash(gram&minMask) % uint64(64*len(t.ends))
		if t.ends[end/64]&(1<<(end%64)) != 0 && t.endsIn(gram, n) {
			return true
		}
	}
	return len(t.rare) > 0 && t.isRareIn(text)
}

// endsIn reports whether one of the grams ends here.
func (t *table) endsIn(gram uint64, n int) bool {
	for length := minGram; length <= min(n, maxGram); length++ {
		if t.has(gram & (1<<(bits*length) - 1)) {
			return true
		}
	}
	return false
}

func (t *table) isRareIn(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(t.rare, func(run string) bool { return strings.Contains(text, run) })
}
