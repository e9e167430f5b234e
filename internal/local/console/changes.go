package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
	"bucketwarden/ossenc"
)

func (c *Console) create(w http.ResponseWriter, r *http.Request) error {
	if err := parameters(r, "region", "algorithm", "key", "data"); err != nil {
		return err
	}
	name, region := r.PathValue("bucket"), cmp.Or(r.FormValue("region"), c.Region)
	if !ossenc.ValidBucketName(name) {
		return refuse(http.StatusBadRequest, "a bucket name is 3 to 63 characters a-z, 0-9 and -")
	}
	if !localoss.KnownRegion(region) {
		return refuse(http.StatusBadRequest, "there is no region %q; the regions are %s", region, strings.Join(localoss.Regions(), ", "))
	}
	var rule localoss.Rule
	if r.FormValue("algorithm") != "" || r.FormValue("key") != "" || r.FormValue("data") != "" {
		var err error
		if rule, err = ruleOf(r); err != nil {
			return err
		}
	}
	if !c.OSS.CreateBucket(localoss.Bucket{Name: name, Region: region, Rule: rule}) {
		b, _ := c.OSS.Bucket(name)
		return refuse(http.StatusConflict, "%s exists already, in %s with the rule %s; nothing was changed", name, b.Region, Rule(b.Rule))
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "created %s in %s, its rule is %s\n", name, region, Rule(rule))
	c.warnOfKey(w, region, rule)
	c.report(w, r, "PutBucket", name)
	return nil
}

func (c *Console) setRule(w http.ResponseWriter, r *http.Request) error {
	b, err := c.existing(r, "algorithm", "key", "data")
	if err != nil {
		return err
	}
	if r.FormValue("algorithm") == "" {
		return refuse(http.StatusBadRequest, "which rule? Add ?algorithm=AES256, SM4 or KMS; DELETE /%s/encryption removes the rule", b.Name)
	}
	rule, err := ruleOf(r)
	if err != nil {
		return err
	}
	c.OSS.SetRule(b.Name, rule)
	fmt.Fprintf(w, "the rule of %s was %s and is now %s\n", b.Name, Rule(b.Rule), Rule(rule))
	c.warnOfKey(w, b.Region, rule)
	c.report(w, r, "PutBucketEncryption", b.Name)
	return nil
}

func (c *Console) removeRule(w http.ResponseWriter, r *http.Request) error {
	b, err := c.existing(r)
	if err != nil {
		return err
	}
	c.OSS.SetRule(b.Name, localoss.Rule{})
	fmt.Fprintf(w, "the rule of %s was %s and is now none\n", b.Name, Rule(b.Rule))
	c.report(w, r, "DeleteBucketEncryption", b.Name)
	return nil
}

func (c *Console) remove(w http.ResponseWriter, r *http.Request) error {
	b, err := c.existing(r)
	if err != nil {
		return err
	}
	if n := c.OSS.Objects(b.Name); n > 0 {
		return refuse(http.StatusConflict, "%s has %d object(s); delete them first", b.Name, n)
	}
	c.OSS.DeleteBucket(b.Name)
	happened := call("DeleteBucket", b.Name)
	happened.Region = b.Region
	c.Happened(happened)
	fmt.Fprintf(w, "deleted %s\n", b.Name)
	return nil
}

func call(operation, bucket string) localoss.Request {
	return localoss.Request{Operation: operation, Bucket: bucket, Status: http.StatusOK, RequestID: rand.Text(), UserAgent: agent, Time: time.Now()}
}

// report sends the call's events on their way and says what the function made of
// them.
func (c *Console) report(w http.ResponseWriter, r *http.Request, operation, bucket string) {
	happened := call(operation, bucket)
	c.Happened(happened)
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(c.Wait, 10*time.Second))
	defer cancel()
	change, ok := c.Feed.Answer(ctx, happened.RequestID)
	if !ok {
		fmt.Fprintln(w, "the function has not answered yet")
		return
	}
	fmt.Fprintf(w, "the function: %s\n  %s\n", change.answer(), change.Reason)
}

// ruleOf reads algorithm, key and data.
func ruleOf(r *http.Request) (localoss.Rule, error) {
	rule, err := ossenc.NewRule(r.FormValue("algorithm"), r.FormValue("key"), r.FormValue("data"))
	if err != nil {
		return localoss.Rule{}, refuse(http.StatusBadRequest, "%v", err)
	}
	return localoss.Rule{Algorithm: rule.Algorithm, KMSKeyID: rule.KMSKeyID, KMSDataEncryption: rule.KMSDataEncryption}, nil
}

// warnOfKey says what OSS does not: it takes every key, and uploads fail later.
func (c *Console) warnOfKey(w http.ResponseWriter, region string, rule localoss.Rule) {
	if rule.Algorithm != "KMS" {
		return
	}
	if _, code := c.KMS.KeyForOSS(region, wire.DefaultAccount, rule.KMSKeyID); code != "" {
		fmt.Fprintf(w, "note: OSS takes any key, but uploads will fail with %s\n", code)
	}
}

// addKey adds a key, or changes one. What the call does not name stays as it was.
func (c *Console) addKey(w http.ResponseWriter, r *http.Request) error {
	if err := parameters(r, "region", "state", "alias"); err != nil {
		return err
	}
	k := localkms.Key{ID: r.PathValue("id"), Region: cmp.Or(r.FormValue("region"), c.Region)}
	if old := c.keyWith(k.Region, func(other localkms.Key) bool { return other.ID == k.ID }); old != nil {
		k = *old
	}
	k.State = cmp.Or(r.FormValue("state"), k.State)
	switch {
	case !localkms.ValidID(k.ID):
		return refuse(http.StatusBadRequest, "a key ID is 1 to 64 characters a-z, A-Z, 0-9, - and _")
	case !localoss.KnownRegion(k.Region):
		return refuse(http.StatusBadRequest, "there is no region %q", k.Region)
	case !slices.Contains([]string{"", "Enabled", "Disabled", "PendingDeletion", "PendingImport"}, k.State):
		return refuse(http.StatusBadRequest, "a state is Enabled, Disabled, PendingDeletion or PendingImport")
	}
	if alias := r.FormValue("alias"); alias != "" {
		if err := c.addAlias(&k, "alias/"+strings.TrimPrefix(alias, "alias/")); err != nil {
			return err
		}
	}
	c.KMS.PutKey(k)
	fmt.Fprintf(w, "KMS in %s has %s, %s\n", k.Region, k.ID, cmp.Or(k.State, "Enabled"))
	return nil
}

// keyWith returns a copy of the first key of a region that is looked for, or nil.
func (c *Console) keyWith(region string, is func(localkms.Key) bool) *localkms.Key {
	for _, k := range c.KMS.Keys() {
		if k.Region == region && is(k) {
			return &k
		}
	}
	return nil
}

// addAlias names k, unless another key has the name: KMS would find only one of them.
func (c *Console) addAlias(k *localkms.Key, alias string) error {
	if !localkms.ValidAlias(alias) {
		return refuse(http.StatusBadRequest, "an alias is alias/ and up to 249 characters a-z, A-Z, 0-9, -, _ and /")
	}
	switch owner := c.keyWith(k.Region, func(other localkms.Key) bool { return slices.Contains(other.Aliases, alias) }); {
	case owner == nil:
		k.Aliases = append(slices.Clone(k.Aliases), alias)
	case owner.ID != k.ID:
		return refuse(http.StatusConflict, "%s is a name of %s already", alias, owner.ID)
	}
	return nil
}
