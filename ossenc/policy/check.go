package policy

import (
	"maps"
	"slices"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
	"bucketwarden/ossenc/policy/glob"
	"bucketwarden/ossenc/region"
)

// checkRules finds what only several rules together show.
func (r *reader) checkRules() {
	lines := map[string]int{}
	for i, at := range r.rules {
		name := r.policy.rules[i].name
		if line, repeated := lines[name]; repeated && name != "" {
			at.Get("name").Problem("the rule in line %d has the same name", line)
		}
		lines[name] = at.Line()
	}
	r.checkReachable()
	if len(r.rules) == 0 {
		return // a problem already
	}
	last := len(r.rules) - 1
	if at := r.rules[last]; at.Has("exempt") || !at.invalid && !r.policy.rules[last].match.all() {
		at.Problem("the last rule must be for all buckets (without match) and have a want, so that none is left out silently; add one behind this")
	}
}

// checkReachable finds rules that never decide. An exemption hides nothing,
// because it ends. Where the comparison takes too long, the file is refused: it
// would be the only check that a file is accepted without.
func (r *reader) checkReachable() {
	before, w := newEarlier(), &work{left: maxWork}
	for i, at := range r.rules {
		if at.invalid {
			continue
		}
		m := r.policy.rules[i].match
		for _, j := range before.candidates(m.buckets, w) {
			if r.policy.rules[j].match.covers(m, w) {
				at.Problem("is never reached: rule %q in line %d matches every bucket that this one matches", r.policy.rules[j].name, r.rules[j].Line())
				break
			}
		}
		if w.left < 0 {
			at.Problem("cannot be compared with the rules before it: together they have too many patterns with wildcards that begin alike; write fewer")
			return
		}
		if !at.Has("exempt") {
			before.add(i, m.buckets)
		}
	}
}

// checkKey finds names of keys that are not under keys, or have no ID where the
// rule needs one.
func (r *reader) checkKey(n document.Node, name string, m match) {
	byRegion, ok := r.policy.keys[name]
	if !ok {
		n.Problem("there is no key %q under keys%s", name, document.DidYouMean(name, slices.Sorted(maps.Keys(r.policy.keys))))
		return
	}
	for _, region := range slices.Sorted(maps.Keys(m.regions.names)) {
		if byRegion[region] == nil {
			n.Problem("the key %s has no ID in region %s, which the rule is for", name, region)
		}
	}
	if len(byRegion) > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(byRegion)), m.regions.match) {
		n.Problem("the key %s has no ID in any region that the rule is for", name)
	}
}

func (r *reader) checkKeysUsed() {
	for _, name := range slices.Sorted(maps.Keys(r.keyAt)) {
		if !r.used[name] {
			r.keyAt[name].Problem("no rule uses this key; where it is only known from before, list its ID behind that of the key that replaced it")
		}
	}
}

// checkFallback finds fallbacks that can never be taken or are not weaker.
func (r *reader) checkFallback(unusable, n document.Node, w want) {
	switch {
	case w.rule.IsNone() || w.fallback.rule.IsNone(): // a problem already
	case !w.hasKey():
		unusable.Problem("means nothing here: the rule names no key that could be unusable")
	case w.fallback == w.target:
		n.Problem("is what the rule wants anyway")
	case !w.strength().AtLeast(w.fallback.strength()):
		n.Problem("is not weaker than what the rule wants, so it would be no fallback but another wish")
	case w.fallback.key != "" && w.key != "":
		for _, region := range slices.Sorted(maps.Keys(r.policy.keys[w.key])) {
			if byRegion := r.policy.keys[w.fallback.key]; byRegion != nil && byRegion[region] == nil {
				n.Problem("the key %s has no ID in region %s, where %s has one", w.fallback.key, region, w.key)
			}
		}
	}
}

func (t target) hasKey() bool { return t.key != "" || t.rule.KMSKeyID != "" }

// strength returns how strong the rule is, whichever key the name stands for.
func (t target) strength() ossenc.Strength {
	r := t.rule
	if t.key != "" {
		r.KMSKeyID = t.key
	}
	return r.Strength()
}

const (
	digits         = "0123456789"
	nameCharacters = "abcdefghijklmnopqrstuvwxyz-" + digits
)

// checkRegion finds what cannot be a region ID, and warns of one that is not known:
// new regions appear, and typing mistakes leave the buckets to the last rule.
func checkRegion(n document.Node, name string) {
	switch meant := region.Parse(name); {
	case ossenc.ValidRegion(name) && meant == name && !region.IsKnown(name):
		n.Warn("%q is not a region that this version knows%s", name, document.Meant(name, region.Known()))
	case ossenc.ValidRegion(name) && meant != name && meant != "":
		n.Warn("%q is another name for the region %s; OSS reports the region ID", name, meant)
	case ossenc.ValidRegion(name):
	case meant != "":
		n.Problem("%q is not a region ID, such as cn-hangzhou (did you mean %s?)", name, meant)
	default:
		n.Problem("%q is not a region ID, such as cn-hangzhou%s", name, document.DidYouMean(name, region.Known()))
	}
}

func checkRegionPattern(n document.Node, p glob.Pattern) {
	if p.IsLiteral() {
		checkRegion(n, p.Name())
		return
	}
	if !p.CanBe(nameCharacters, 4, 40) || len(p.String()) > 3 && p.String()[:4] == "oss-" {
		n.Problem("%q matches no region ID, such as cn-hangzhou", p)
		return
	}
	if !slices.ContainsFunc(region.Known(), p.Match) {
		n.Warn("%q matches no region that this version knows", p)
	}
}

func checkAccountPattern(n document.Node, p glob.Pattern) {
	if p.IsLiteral() {
		checkAccount(n, p.Name())
		return
	}
	if !p.CanBe(digits, 1, 20) {
		n.Problem("%q matches no account ID, which is up to 20 digits", p)
	}
}

// checkAccount finds what cannot be the ID of an account.
func checkAccount(n document.Node, id string) {
	switch {
	case id != "" && !ossenc.ValidAccountID(id):
		n.Problem("%q is not an account ID, which is up to 20 digits without a 0 in front", id)
	case id != "" && len(id) != 16:
		n.Warn("%q has %d digits; account IDs have 16", id, len(id))
	}
}

func checkBucketPattern(n document.Node, p glob.Pattern) {
	if !p.CanBe(nameCharacters, 3, 63) || p.IsLiteral() && !ossenc.ValidBucketName(p.Name()) {
		n.Problem("%q matches no bucket name, which is 3 to 63 characters a-z, 0-9 and -", p)
	}
}
