package alicloud_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc/alicloud"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// answering is a client whose every request gets the given answer.
func answering(status int, header http.Header, body func() io.Reader) (*alicloud.Client, *atomic.Int32) {
	var asked atomic.Int32
	return alicloud.NewClient(alicloud.Endpoints{}, roundTrip(func(r *http.Request) (*http.Response, error) {
		asked.Add(1)
		if header == nil {
			header = http.Header{"Content-Type": {"application/xml"}}
		}
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: io.NopCloser(body()), ContentLength: -1, Request: r,
		}, nil
	}), nil), &asked
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

var b1 = ossenc.Bucket{Name: "b-1", Region: "cn-hangzhou"}

const noRule = `<Error><Code>NoSuchServerSideEncryptionRule</Code><Message>m</Message></Error>`

// Get takes nothing for "no rule" but the one answer that says so.
func TestClient_NoRuleIsOneAnswerOnly(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
	}{
		{"AnotherStatus/403", http.StatusForbidden, noRule},
		{"AnotherStatus/500", http.StatusInternalServerError, noRule},
		{"AnotherStatus/200", http.StatusOK, noRule},
		{"AnotherStatus/301", http.StatusMovedPermanently, noRule},
		{"AnotherCode/404", http.StatusNotFound, `<Error><Code>NoSuchSomething</Code></Error>`},
		{"NotXML", http.StatusNotFound, `NoSuchServerSideEncryptionRule`},
		{"NotFromOSS", http.StatusNotFound, `<html><body>NoSuchServerSideEncryptionRule</body></html>`},
		{"BrokenOff", http.StatusNotFound, `<Error><Code>NoSuchServerSideEncryptionRule`},
		{"Empty/404", http.StatusNotFound, ``},
		{"Empty/200", http.StatusOK, ``},
		{"Empty/204", http.StatusNoContent, ``},
		{"NoRuleInside", http.StatusOK, `<ServerSideEncryptionRule></ServerSideEncryptionRule>`},
		{"NoAlgorithm", http.StatusOK, `<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault/></ServerSideEncryptionRule>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(tt.status, nil, text(tt.body))
				if got, err := c.Get(ctxOf(t), b1); err == nil {
					t.Errorf("taken for %s", got.Rule)
				}
			})
		})
	}
	c, _ := answering(http.StatusNotFound, nil, text(noRule))
	if got, err := c.Get(ctxOf(t), b1); err != nil || !got.Rule.IsNone() {
		t.Errorf("%s, %v; want no rule", got.Rule, err)
	}
}

var blanks = bytes.Repeat([]byte(" "), 64<<20)

// endless never ends, and counts what was read of it.
type endless struct{ read *atomic.Int64 }

func (e endless) Read(p []byte) (int, error) {
	copy(p, blanks)
	if e.read.Add(int64(len(p))) > 64<<20 {
		return 0, io.EOF // so that the test ends
	}
	return len(p), nil
}

// An answer is read to a bound, whatever its length: memory is what every
// invocation of the instance shares.
func TestClient_ReadsNoEndlessAnswer(t *testing.T) {
	const rule, page = 128 << 10, 4 << 20 // OSS's longest, a page of 1,000 buckets, has half a megabyte
	for _, tt := range []struct {
		name   string
		status int
		most   int64
		call   func(*testing.T, *alicloud.Client) error
	}{
		{"Rule", http.StatusOK, rule, func(t *testing.T, c *alicloud.Client) error {
			_, err := c.Get(ctxOf(t), b1)
			return err
		}},
		{"Error", http.StatusNotFound, rule, func(t *testing.T, c *alicloud.Client) error {
			_, err := c.Get(ctxOf(t), b1)
			return err
		}},
		{"Written", http.StatusForbidden, rule, func(t *testing.T, c *alicloud.Client) error {
			_, err := c.Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.AES256})
			return err
		}},
		{"List", http.StatusOK, page, func(t *testing.T, c *alicloud.Client) error {
			var last error
			for _, err := range c.List(ctxOf(t), "", "") {
				last = err
			}
			return last
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var read atomic.Int64
				c, asked := answering(tt.status, nil, func() io.Reader { return endless{&read} })
				if err := tt.call(t, c); err == nil {
					t.Error("no error")
				}
				if got := read.Load() / int64(asked.Load()); got > tt.most {
					t.Errorf("%d bytes read of each of %d answers, want at most %d", got, asked.Load(), tt.most)
				}
			})
		})
	}
}

// A whole answer with more behind it than any of OSS's has is none, whatever it says: it is
// not known what the rest would have said.
func TestClient_RefusesWhatIsTooLongBehindAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
	}{"Rule": {http.StatusOK, wholeRule}, "NoRule": {http.StatusNotFound, noRule}} {
		for pad, fails := range map[int]bool{0: false, 1 << 10: false, 65 << 10: true} {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(tt.status, nil, func() io.Reader { return strings.NewReader(tt.body + strings.Repeat(" ", pad)) })
				got, err := c.Get(ctxOf(t), b1)
				if (err != nil) != fails || fails && ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%s, and %d bytes: %+v, %v", name, pad, got, err)
				}
			})
		}
	}
}

// No answer makes the client panic: a panic in the goroutine that lists would
// end the process with every invocation in it.
func TestClient_AnyErrorIsAnError(t *testing.T) {
	for _, body := range []string{`null`, `{"Error":null}`, `{"Error":{}}`, `{"Error":1}`, `[]`, `{`, ``} {
		for _, contentType := range []string{"application/json", "application/xml"} {
			t.Run(contentType+" "+body, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					defer func() {
						if p := recover(); p != nil {
							t.Errorf("panic: %v", p)
						}
					}()
					c, _ := answering(http.StatusBadGateway, http.Header{"Content-Type": {contentType}}, text(body))
					if _, err := c.Get(ctxOf(t), b1); ossenc.CodeOf(err) != ossenc.Unavailable {
						t.Errorf("%v; want unavailable", err)
					}
				})
			})
		}
	}
}

// broken ends in the middle.
func broken(s string) io.Reader {
	return io.MultiReader(strings.NewReader(s), errReader{io.ErrUnexpectedEOF})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

// The answer to most reads is a 404, so its being cut off in the middle is
// trouble like any other of the network: tried again, and no bug of ours.
func TestClient_HalfAnswerIsUnavailable(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusNotFound, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, asked := answering(status, nil, func() io.Reader { return broken(noRule[:40]) })
				_, err := c.Get(ctxOf(t), b1)
				if ossenc.CodeOf(err) != ossenc.Unavailable {
					t.Errorf("%v; want unavailable", err)
				}
				if asked.Load() != 4 {
					t.Errorf("asked %d times, want 4", asked.Load())
				}
			})
		})
	}
}

// A list that does not say that it is one, or that does not go on, is no account
// without buckets.
func TestClient_ListIsWholeOrAnError(t *testing.T) {
	const page = `<ListAllMyBucketsResult><IsTruncated>true</IsTruncated><NextMarker>%</NextMarker><Buckets><Bucket><Name>b-1</Name></Bucket></Buckets></ListAllMyBucketsResult>`
	for _, tt := range []struct{ name, body string }{
		{"Empty", ``},
		{"NotXML", `hello`},
		{"NotFromOSS", `<html></html>`},
		{"SameMarkerAgain", strings.ReplaceAll(page, "%", "b-1")},
		{"NoMarker", strings.ReplaceAll(page, "%", "")},
		{"MarkerGoesBack", strings.ReplaceAll(page, "%", "a-1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(http.StatusOK, nil, text(tt.body))
				n := 0
				var last error
				for _, err := range c.List(ctxOf(t), "", "") {
					if last = err; n > 10 {
						break
					}
					n++
				}
				if last == nil || n > 3 {
					t.Errorf("%d entries and %v; want an error", n, last)
				}
			})
		})
	}
}

// Between two attempts at a write somebody may have made the rule stronger, so a
// write is only ever repeated after another look.
func TestEnsure_NeverRepeatsAWriteOnAnOldLook(t *testing.T) {
	for name, fault := range map[string]localoss.Fault{
		"503":       {Code: "ServiceUnavailable"},
		"Throttled": {Code: "MetaOperationQpsLimitExceeded"},
		"Reset":     {Reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := localoss.New(localoss.Options{})
				server.AddKey(key)
				server.PutBucket(localoss.Bucket{Name: "b-1"})
				strong := localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}
				server.SetFault(func(r localoss.Request) *localoss.Fault {
					if r.Operation != "PutBucketEncryption" || server.Count(r.Operation) > 0 {
						return nil
					}
					server.SetRule("b-1", strong) // the second writer is faster than the second attempt
					return &fault
				})
				client := alicloud.NewClient(alicloud.Endpoints{}, wire{server}, nil)
				want := ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor}
				res := (&ossenc.Warden{Store: client, Policy: simple(want)}).Ensure(ctxOf(t), ossenc.Task{Bucket: b1})
				if b, _ := server.Bucket("b-1"); b.Rule != strong {
					t.Errorf("%s was weakened to %s (%s: %s)", strong.Algorithm, b.Rule.Algorithm, res.Verdict, res.Reason)
				}
			})
		})
	}
}

// A change, a removal too, is sent once: whoever asked for it looks again before the next.
func TestClient_SendsAChangeOnce(t *testing.T) {
	for operation, change := range map[string]func(*testing.T, *alicloud.Client) error{
		"PutBucketEncryption": func(t *testing.T, c *alicloud.Client) error {
			_, err := c.Put(ctxOf(t), b1, ossenc.Rule{Algorithm: ossenc.AES256})
			return err
		},
		"DeleteBucketEncryption": func(t *testing.T, c *alicloud.Client) error {
			_, err := c.Delete(ctxOf(t), b1)
			return err
		},
	} {
		for name, fault := range map[string]localoss.Fault{
			"503": {Code: "ServiceUnavailable"}, "Throttled": {Code: "MetaOperationQpsLimitExceeded"}, "Reset": {Reset: true}, "ResetAfterTheDeed": {Reset: true, After: true},
		} {
			t.Run(operation+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := localoss.New(localoss.Options{})
					server.AddKey(key)
					server.PutBucket(localoss.Bucket{Name: "b-1"})
					server.SetFault(func(localoss.Request) *localoss.Fault { return &fault })
					err := change(t, alicloud.NewClient(alicloud.Endpoints{}, wire{server}, nil))
					if n := server.Count(operation); err == nil || n != 1 {
						t.Errorf("sent %d times: %v", n, err)
					}
				})
			})
		}
	}
}

// A bucket that was just created and is not there yet is gone only if the wait for
// it was a whole one: a success hides a bucket that nobody looked at.
func TestEnsure_NotGoneWhileTimeRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := localoss.New(localoss.Options{})
		server.AddKey(key)
		server.PutBucket(localoss.Bucket{Name: "b-1"})
		server.AppearAfter("b-1", 4)
		ctx, cancel := context.WithTimeout(ctxOf(t), time.Second)
		defer cancel()
		want := ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor}
		client := alicloud.NewClient(alicloud.Endpoints{}, wire{server}, nil)
		res := (&ossenc.Warden{Store: client, Policy: simple(want)}).Ensure(ctx, ossenc.Task{Bucket: b1, Created: true})
		if res.Verdict != ossenc.Unknown || res.Code != ossenc.Deadline {
			t.Errorf("%s, code %q (%s); want unknown, deadline", res.Verdict, res.Code, res.Reason)
		}
	})
}
