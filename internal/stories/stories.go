// Package stories has what the stories of several packages say about the local OSS: its
// buckets, their rules, its faults and the calls that it got.
package stories

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
)

// Verb is a command of a script.
type Verb = func(ts *testscript.TestScript, neg bool, args []string)

// Verbs returns the given verbs and those about the OSS of a story:
//
//	bucket NAME [region=R] [rule=RULE] [owner=ACCOUNT]   creates a bucket
//	rule NAME is RULE, rule NAME = RULE                  checks or sets the rule that OSS holds
//	fault CODE [on=Operation] [in=Region of the signature] [bucket=NAME] [times=n] [after]
//	fault reset ..., fault off                           make OSS fail
//	calls Operation=n...                                 checks how often OSS was called
//
// Operations that calls does not name must not have been called.
func Verbs(oss func(*testscript.TestScript) *localoss.Server, others map[string]Verb) map[string]Verb {
	verbs := map[string]Verb{}
	for name, verb := range map[string]func(*testscript.TestScript, *localoss.Server, []string){"bucket": bucket, "rule": rule, "fault": fault, "calls": calls} {
		verbs[name] = func(ts *testscript.TestScript, _ bool, args []string) { verb(ts, oss(ts), args) }
	}
	maps.Copy(verbs, others)
	return verbs
}

func bucket(ts *testscript.TestScript, oss *localoss.Server, args []string) {
	b := localoss.Bucket{Name: args[0], Region: stack.Region}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "region":
			b.Region = value
		case "rule":
			b.Rule = Rule(ts, value)
		case "owner":
			b.Owner = value
		default:
			ts.Fatalf("bucket: %s", arg)
		}
	}
	oss.PutBucket(b)
}

func rule(ts *testscript.TestScript, oss *localoss.Server, args []string) {
	if args[1] == "=" {
		oss.SetRule(args[0], Rule(ts, args[2]))
		return
	}
	b, ok := oss.Bucket(args[0])
	if !ok {
		ts.Fatalf("no bucket %s", args[0])
	}
	if got := ossenc.Rule(b.Rule).String(); got != args[2] {
		ts.Fatalf("%s has %s, want %s", args[0], got, args[2])
	}
}

// Rule reads the form that a rule prints in: none, AES256, KMS(key)+SM4. It takes a
// cipher that OSS does not document too: AES512.
func Rule(ts *testscript.TestScript, s string) localoss.Rule {
	if s == "none" {
		return localoss.Rule{}
	}
	rest, data, _ := strings.Cut(s, "+")
	algorithm, key, _ := strings.Cut(strings.TrimSuffix(rest, ")"), "(")
	if !slices.Contains([]string{"AES256", "SM4", "KMS", "AES512"}, algorithm) {
		ts.Fatalf("no rule: %s", s)
	}
	return localoss.Rule{Algorithm: algorithm, KMSKeyID: key, KMSDataEncryption: data}
}

func fault(ts *testscript.TestScript, oss *localoss.Server, args []string) {
	if args[0] == "off" {
		oss.SetFault(nil)
		return
	}
	f := localoss.Fault{Code: args[0]}
	if args[0] == "reset" {
		f = localoss.Fault{Reset: true}
	}
	on, in, bucket, times := "", "", "", 1<<30
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "on":
			on = value
		case "in":
			in = value
		case "bucket":
			bucket = value
		case "times":
			times = Number(ts, value)
		case "after":
			f.After = true
		default:
			ts.Fatalf("fault: %s", arg)
		}
	}
	var mu sync.Mutex
	oss.SetFault(func(r localoss.Request) *localoss.Fault {
		mu.Lock()
		defer mu.Unlock()
		if on != "" && r.Operation != on || in != "" && r.Region != in || bucket != "" && r.Bucket != bucket || times == 0 {
			return nil
		}
		times--
		return &f
	})
}

func calls(ts *testscript.TestScript, oss *localoss.Server, args []string) {
	want, got := map[string]int{}, map[string]int{}
	for _, arg := range args {
		name, n, _ := strings.Cut(arg, "=")
		if want[name] = Number(ts, n); want[name] == 0 {
			delete(want, name)
		}
	}
	for _, r := range oss.Requests() {
		got[r.Operation]++
	}
	if !maps.Equal(got, want) {
		ts.Fatalf("calls %s, want %s", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// Number reads a number of a script.
func Number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}
