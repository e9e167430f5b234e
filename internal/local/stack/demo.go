package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// demoBucket is the bucket of the demo.
const demoBucket = "demo-payments"

// step is one thing that happens to the bucket.
type step struct {
	title  string
	happen func(*localoss.Server) // what the world does before the event
	event  Event
	// unreadable says that OSS refuses to show the rule.
	unreadable bool
}

func demoSteps() []step {
	const key = "key-hzz-payments"
	return []step{
		{
			title: "A bucket is created without encryption.",
			happen: func(s *localoss.Server) {
				s.PutBucket(localoss.Bucket{Name: demoBucket, Region: Region})
			},
			event: BucketCreated("5F0000000000000000000001", demoBucket, Region),
		},
		{
			title: "The same event comes again: EventBridge delivers at least once.",
			event: BucketCreated("5F0000000000000000000001", demoBucket, Region),
		},
		{
			title:  "A person removes the rule.",
			happen: func(s *localoss.Server) { s.SetRule(demoBucket, localoss.Rule{}) },
			event:  Call("5F0000000000000000000002", "DeleteBucketEncryption", demoBucket, Region, "aliyun-oss-console"),
		},
		{
			title:  "A person sets another rule: a KMS key of their own. A stronger rule is kept.",
			happen: func(s *localoss.Server) { s.SetRule(demoBucket, localoss.Rule{Algorithm: ossenc.KMS, KMSKeyID: key}) },
			event:  Call("5F0000000000000000000003", "PutBucketEncryption", demoBucket, Region, "aliyun-oss-console"),
		},
		{
			title: "OSS refuses to say what the current rule is. Nothing is written, and the invocation fails so that it is retried.",
			happen: func(s *localoss.Server) {
				s.SetFault(func(r localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "AccessDenied"} })
			},
			event:      Call("5F0000000000000000000004", "PutBucketEncryption", demoBucket, Region, "aliyun-oss-console"),
			unreadable: true,
		},
	}
}

// Demo plays the steps against the function that o starts, with the settings in o, and
// writes what happens to out. It fails at the first step that does not end as it
// must. A problem with the settings is a [settings.Problems].
func Demo(ctx context.Context, o Options, out io.Writer, colour bool) error {
	// As the function reads them: in Function Compute, where nothing is waited for unless
	// the settings say so.
	cfg, err := settings.Read(slices.Concat([]string{"FC_RUNTIME_API=local", settings.Settle + "=0s"}, o.Env))
	if err != nil {
		return err
	}
	e, err := expectedBy(ctx, cfg)
	if err != nil {
		return err
	}
	o.Keys = e.keys()
	stack, err := Start(ctx, o)
	if err != nil {
		return err
	}
	p := printer{out, colour}
	p.line("")
	p.line(p.bold("Bucketwarden") + ": the function's binary between a local OSS and a local Function Compute.")
	p.line("Required: " + e.words() + ".")
	steps := demoSteps()
	for i, s := range steps {
		if err := s.play(ctx, stack, e, p, i+1); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	p.line("")
	p.line(p.green(fmt.Sprintf("All %d steps went as they must.", len(steps))) + " Next: bucketwarden local (in a checkout: make local)")
	p.line("keeps all this up and prints how to play with it, with the report as a page at http://127.0.0.1:8080/report.")
	return stack.Close(ctx)
}

func (s step) play(ctx context.Context, stack *Stack, e expected, p printer, n int) error {
	if s.happen != nil {
		s.happen(stack.OSS)
	}
	stack.OSS.ResetRequests()
	p.line("")
	p.line(p.bold(fmt.Sprintf("%d. %s", n, s.title)))
	before := ruleIn(stack.OSS)
	p.row("before", before.String())
	p.row("event", s.event.headline())
	want := e.of(before, !s.unreadable)
	if s.event.isCreation() && want.writes > 0 && e.settle > 0 {
		// A third of the invocation's time is the most that the function waits.
		p.row("waits", fmt.Sprintf("up to %v, as %s says: a new bucket is left to the tool that created it", min(e.settle, localfc.DefaultTimeout/3), e.settleBy))
	}
	res, err := stack.Function.Invoke(ctx, s.event.JSON())
	if err != nil {
		return err
	}
	result, err := onlyResult(res)
	if err != nil {
		return err
	}
	got := outcome{result.Verdict, ruleIn(stack.OSS), stack.OSS.Count("PutBucketEncryption"), res.ErrorType()}
	p.row("verdict", p.verdict(result.Verdict)+"  "+result.Reason)
	if res.FunctionError != "" {
		p.row("failed", "errorType "+res.ErrorType()+": the platform retries, then hands the event to the dead letters")
	}
	p.row("after", got.after.String())
	p.row("cost", fmt.Sprintf("%d read(s) and %d write(s) to OSS, %s", stack.OSS.Count("GetBucketEncryption"), got.writes, res.Duration.Round(100*time.Microsecond)))
	if got != want {
		return fmt.Errorf("ended %s; it must end %s", got, want)
	}
	return nil
}

// String says it for people.
func (o outcome) String() string {
	text := fmt.Sprintf("%s, with the rule %s and %d write(s)", o.verdict, o.after, o.writes)
	if o.fails != "" {
		text += ", errorType " + o.fails
	}
	return text
}

// ruleIn returns the rule of the demo's bucket as the local OSS holds it.
func ruleIn(s *localoss.Server) ossenc.Rule {
	b, _ := s.Bucket(demoBucket) // there from the first step on
	return ossenc.Rule{Algorithm: b.Rule.Algorithm, KMSKeyID: b.Rule.KMSKeyID, KMSDataEncryption: b.Rule.KMSDataEncryption}
}

// Results reads the results out of an invocation's answer, failed or not.
func Results(res localfc.Result) ([]ossenc.Result, error) {
	body := res.Payload
	if res.FunctionError != "" {
		body = []byte(res.ErrorMessage())
	}
	var answer struct{ Results []ossenc.Result }
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the function answered %s", res.Payload)
	}
	return answer.Results, nil
}

func onlyResult(res localfc.Result) (ossenc.Result, error) {
	results, err := Results(res)
	if err != nil || len(results) != 1 {
		return ossenc.Result{}, fmt.Errorf("%d results, want one (%w)", len(results), err)
	}
	return results[0], nil
}

// headline is the event in a few words.
func (e Event) headline() string {
	words := []string{e["type"].(string)}
	if name, ok := e["data"].(map[string]any)["eventName"].(string); ok && !strings.HasSuffix(words[0], name) {
		words = append(words, name)
	}
	return strings.Join(words, " ") + " for " + demoBucket
}

// printer writes for a person.
type printer struct {
	out    io.Writer
	colour bool
}

func (p printer) line(s string)      { fmt.Fprintln(p.out, s) }
func (p printer) row(name, s string) { fmt.Fprintf(p.out, "   %-8s %s\n", name, s) }

func (p printer) paint(code, s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p printer) bold(s string) string  { return p.paint("1", s) }
func (p printer) green(s string) string { return p.paint("32", s) }

func (p printer) verdict(v ossenc.Verdict) string {
	code := "32"
	if v.Failed() {
		code = "31"
	}
	return p.paint(code, string(v))
}
