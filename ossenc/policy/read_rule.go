package policy

import (
	"sort"
	"time"
	"unicode/utf8"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
	"bucketwarden/ossenc/policy/glob"
)

func (r *reader) readRules(n document.Node) {
	items := n.Items()
	if len(items) > maxRules {
		n.Problem("%d rules; at most %d are allowed", len(items), maxRules)
		return
	}
	for _, item := range items {
		o := item.Object("name", "match", "want", "compare", "mode", "settle", "on_unusable_key", "on_fight", "exempt")
		before := r.file.Count()
		m := r.readMatch(o.Get("match"))
		r.rules = append(r.rules, ruleAt{o, r.file.Count() > before || !o.Exists()})
		rule := r.readRule(o, m)
		r.policy.rules = append(r.policy.rules, rule)
		r.policy.Source.Lines[rule.name] = o.Line()
	}
}

func (r *reader) readRule(o document.Object, m match) rule {
	read := rule{name: o.Require("name").Text(), match: m}
	o.Get("name").Visible(read.name)
	if n := utf8.RuneCountInString(read.name); n > 100 {
		o.Get("name").Problem("has %d characters; a name has up to 100", n)
	}
	switch {
	case o.Has("want") && o.Has("exempt"):
		o.Get("exempt").Problem("a rule has either want or exempt, not both")
	case o.Has("want"):
		read.want = r.readWant(o, m)
	case o.Has("exempt"):
		read.exempt = readExemption(o, read.name)
	default:
		o.Problem("want is missing, or exempt")
	}
	return read
}

func readExemption(o document.Object, name string) *ossenc.Exemption {
	for _, field := range []string{"compare", "mode", "settle", "on_unusable_key", "on_fight"} {
		o.Get(field).Problem("means nothing for an exemption")
	}
	e := o.Get("exempt").Object("reason", "owner", "until")
	return &ossenc.Exemption{
		Rule:   name,
		Reason: e.Get("reason").Visible(e.Require("reason").SingleLine()),
		Owner:  e.Get("owner").Visible(e.Require("owner").SingleLine()),
		Until:  ossenc.Date{Time: e.Require("until").Date()},
		Line:   o.Line(),
	}
}

func (r *reader) readWant(o document.Object, m match) want {
	n := o.Get("want")
	w := want{
		target:  r.readTarget(n, m),
		compare: ossenc.Compare(o.Get("compare").Choice(string(ossenc.Floor), string(ossenc.Exact))),
		mode:    ossenc.Mode(o.Get("mode").Choice(string(ossenc.Enforce), string(ossenc.Approve), string(ossenc.ReportOnly))),
	}
	if settle := o.Get("settle"); settle.Exists() {
		w.settle = readSettle(settle)
	}
	w.onFight = readOnFight(o.Get("on_fight"), r.onFight)
	if unusable := o.Get("on_unusable_key"); unusable.Exists() {
		fallback := unusable.Object("fallback").Require("fallback")
		w.fallback = r.readTarget(fallback, m)
		r.checkFallback(unusable, fallback, w)
	}
	return w
}

// readOnFight reads what to do where another writer changes the rule back.
func readOnFight(n document.Node, otherwise ossenc.OnFight) ossenc.OnFight {
	if !n.Exists() {
		return otherwise
	}
	return ossenc.OnFight(n.Choice(string(ossenc.KeepFighting), string(ossenc.StopFighting)))
}

// readSettle reads how long a new bucket is left to the tool that created it.
func readSettle(n document.Node) *time.Duration {
	if number, ok := n.Number(); ok {
		n.Problem("%d has no unit; write for example %ds", number, number)
		return nil
	}
	text := n.Text()
	if text == "" {
		return nil // noted as a problem
	}
	d, err := ossenc.ParseSettle(text)
	if err != nil {
		n.Problem("%v", err)
	}
	return &d
}

// readTarget reads an encryption rule whose key may be a name.
func (r *reader) readTarget(n document.Node, m match) target {
	o := n.Object("algorithm", "key", "kms_key_id", "kms_data_encryption")
	algorithm := o.Require("algorithm").Choice(ossenc.AES256, ossenc.KMS, ossenc.SM4)
	data := ""
	if o.Has("kms_data_encryption") {
		data = o.Get("kms_data_encryption").Choice(ossenc.SM4)
	}
	t := target{key: o.Get("key").Text()}
	id := o.Get("kms_key_id").Text()
	r.used[t.key] = true
	switch {
	case o.Has("key") && o.Has("kms_key_id"):
		o.Get("kms_key_id").Problem("a rule has either key, a name under keys, or kms_key_id, not both")
	case t.key != "":
		r.checkKey(o.Get("key"), t.key, m)
		id = "named"
	case !m.regions.match(ossenc.RegionOfKey(id)) && ossenc.RegionOfKey(id) != "":
		o.Get("kms_key_id").Problem("this key lives in %s, which the rule does not match", ossenc.RegionOfKey(id))
	}
	rule, err := ossenc.NewRule(algorithm, id, data)
	if err != nil && o.Has("algorithm") && algorithm != "" {
		problems(o.Node, err)
	}
	t.rule = rule
	if t.key != "" {
		t.rule.KMSKeyID = ""
	}
	return t
}

func (r *reader) readMatch(n document.Node) match {
	o := n.Object("accounts", "account_names", "account_tags", "regions", "buckets", "tags")
	r.checkAccountFacts(o)
	return match{
		accounts:     readPatterns(o.Get("accounts"), checkAccountPattern),
		accountNames: readPatterns(o.Get("account_names"), func(document.Node, glob.Pattern) {}),
		accountTags:  readTags(o.Get("account_tags")),
		regions:      readPatterns(o.Get("regions"), checkRegionPattern),
		buckets:      readPatterns(o.Get("buckets"), checkBucketPattern),
		tags:         readTags(o.Get("tags")),
	}
}

func readTags(n document.Node) []tag {
	var tags []tag
	for _, e := range n.Entries() {
		if value, ok := readPattern(e.Value); ok {
			tags = append(tags, tag{e.Name, value})
		}
	}
	sort.Slice(tags, func(i, j int) bool { return tags[i].key < tags[j].key })
	return tags
}

func readPatterns(n document.Node, check func(document.Node, glob.Pattern)) patterns {
	var all []glob.Pattern
	items := n.Items()
	for _, item := range items {
		if p, ok := readPattern(item); ok {
			check(item, p)
			all = append(all, p)
		}
	}
	checkDistinct(items)
	return newPatterns(all)
}

func readPattern(n document.Node) (glob.Pattern, bool) {
	text := n.Text()
	if text == "" {
		return glob.Pattern{}, false
	}
	p, err := glob.Parse(text)
	if err != nil {
		n.Problem("%v", err)
	}
	return p, err == nil
}
