package stack

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// Console is the person at the local OSS: it creates and changes buckets with
// curl, and the events of that go their way.
type Console struct {
	OSS    *localoss.Server
	Events *EventBridge
}

// Handler returns the console's routes.
//
//	GET    /                       the buckets and their rules
//	PUT    /{bucket}?region=       create, with ?algorithm= and ?key= for a rule
//	DELETE /{bucket}               delete
//	PUT    /{bucket}/encryption    set a rule: ?algorithm=&key=&data=
//	DELETE /{bucket}/encryption    remove the rule
func (c Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { c.list(w) })
	mux.HandleFunc("PUT /{bucket}", c.create)
	mux.HandleFunc("DELETE /{bucket}", func(w http.ResponseWriter, r *http.Request) {
		c.OSS.DeleteBucket(r.PathValue("bucket"))
		c.list(w)
	})
	mux.HandleFunc("PUT /{bucket}/encryption", func(w http.ResponseWriter, r *http.Request) { c.change(w, r, "PutBucketEncryption") })
	mux.HandleFunc("DELETE /{bucket}/encryption", func(w http.ResponseWriter, r *http.Request) { c.change(w, r, "DeleteBucketEncryption") })
	return mux
}

func (c Console) create(w http.ResponseWriter, r *http.Request) {
	name, rule, ok := c.read(w, r)
	if !ok {
		return
	}
	c.OSS.PutBucket(localoss.Bucket{Name: name, Region: cmp.Or(r.FormValue("region"), Region), Rule: rule})
	c.happened("PutBucket", name)
	fmt.Fprintf(w, "created %s; its events are on their way to the function\n", name)
}

func (c Console) change(w http.ResponseWriter, r *http.Request, operation string) {
	name, rule, ok := c.read(w, r)
	if !ok {
		return
	}
	if _, exists := c.OSS.Bucket(name); !exists {
		http.Error(w, "no such bucket", http.StatusNotFound)
		return
	}
	if operation == "DeleteBucketEncryption" {
		rule = localoss.Rule{}
	}
	c.OSS.SetRule(name, rule)
	c.happened(operation, name)
	fmt.Fprintf(w, "%s %s; its event is on its way to the function\n", operation, name)
}

func (c Console) happened(operation, bucket string) {
	c.Events.Call(localoss.Request{Operation: operation, Bucket: bucket, Status: http.StatusOK, RequestID: rand.Text(), UserAgent: "aliyun-oss-console"})
}

// read returns the bucket and the rule that a request names, or answers why not.
func (c Console) read(w http.ResponseWriter, r *http.Request) (string, localoss.Rule, bool) {
	name := r.PathValue("bucket")
	if !ossenc.ValidBucketName(name) {
		http.Error(w, "a bucket name is 3 to 63 characters a-z, 0-9 and -", http.StatusBadRequest)
		return "", localoss.Rule{}, false
	}
	if r.FormValue("algorithm") == "" {
		return name, localoss.Rule{}, true
	}
	rule, err := ossenc.NewRule(r.FormValue("algorithm"), r.FormValue("key"), r.FormValue("data"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return "", localoss.Rule{}, false
	}
	return name, localoss.Rule{Algorithm: rule.Algorithm, KMSKeyID: rule.KMSKeyID, KMSDataEncryption: rule.KMSDataEncryption}, true
}

func (c Console) list(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BUCKET\tREGION\tRULE")
	for _, b := range c.OSS.Buckets() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", b.Name, b.Region, shown(b.Rule))
	}
	_ = table.Flush() // a caller that has gone needs no table
}

// shown is a rule of the local OSS in the product's words.
func shown(r localoss.Rule) string {
	return ossenc.Rule{Algorithm: r.Algorithm, KMSKeyID: r.KMSKeyID, KMSDataEncryption: r.KMSDataEncryption}.String()
}
