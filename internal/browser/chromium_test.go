package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium returns the browser's path, or ends the test.
func chromium(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err == nil:
		return path
	case os.Getenv("TEST_BROWSER") == "required":
		t.Fatal("there is no chromium, and TEST_BROWSER=required: apt-get install chromium fonts-noto-cjk")
	}
	t.Skip("SKIPPED, the page is not tested: there is no chromium (apt-get install chromium fonts-noto-cjk)")
	return ""
}

// theBrowser starts one browser for all tests; its start takes longer than most tests.
var theBrowser = sync.OnceValues(func() (context.Context, error) {
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(dir),
	)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(ctx)
	atEnd = append(atEnd, func() {
		end()
		stop()
		_ = os.RemoveAll(dir)
	})
	return ctx, chromedp.Do(ctx)
})

// atEnd is what ends what the tests share.
var atEnd []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, end := range atEnd {
		end()
	}
	os.Exit(code)
}

// tab is one page of a fresh profile, with what it said and asked for.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	said     []string // console errors and warnings, exceptions, policy violations
}

// view is how the page is looked at.
type view struct {
	width, height int64
	dark          bool
	language      string
	noScript      bool
}

var (
	desktop = view{width: 1280, height: 900}
	phone   = view{width: 360, height: 740}
)

// visit opens the report and waits until it can be used.
func visit(t *testing.T, v view, address string) *tab {
	t.Helper()
	b := open(t, v)
	b.do(chromedp.Navigate(address+"/report"), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	return b
}

// unfold opens the row of a bucket.
func (b *tab) unfold(bucket string) {
	b.t.Helper()
	found := js[bool](b, fmt.Sprintf(`(() => { const e = [...document.querySelectorAll("tbody .name")].find(e => e.textContent === %s); e?.click(); return e?.getAttribute("aria-expanded") === "true"; })()`, quoted(bucket)))
	if !found {
		b.t.Fatalf("the row of %s did not unfold", bucket)
	}
}

func open(t *testing.T, v view) *tab {
	t.Helper()
	chromium(t)
	ctx, err := theBrowser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext()) // a profile of its own
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil { // and opens the tab
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	b.look(v)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.noScript})
	if v.language != "" {
		call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": v.language}})
	}
	return b
}

// look changes the window and the colours.
func (b *tab) look(v view) {
	b.t.Helper()
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.width, Height: v.height, DeviceScaleFactor: 1, Mobile: v.width < 700,
	})
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprintf("console.%s: %+v", e.Type, e.Args))
	case *log.EventEntryAdded:
		b.said = append(b.said, e.Entry.Text)
	}
}

// within bounds every step, so that a page that hangs fails its test.
const within = 30 * time.Second

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// js evaluates an expression into a value.
func js[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to become true.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// texts returns what the elements show, in the page's order.
func (b *tab) texts(selector string) []string {
	b.t.Helper()
	return js[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%s)].filter(e => e.checkVisibility()).map(e => e.innerText.trim())`, quoted(selector)))
}

func (b *tab) names() []string {
	b.t.Helper()
	return b.texts("tbody tr.row th")
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	all := b.texts(selector)
	if len(all) != 1 {
		b.t.Fatalf("%s shows %q, want one", selector, all)
	}
	return all[0]
}

func quoted(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

// quiet fails the test if the page said anything or asked for anything but
// itself.
func (b *tab) quiet(self string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		b.t.Errorf("the page said: %s", s)
	}
	for _, r := range b.requests {
		if page, _, _ := strings.Cut(r, "#"); page != self && !strings.HasPrefix(r, "data:") {
			b.t.Errorf("the page asked for %s", r)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen, so nothing is known")
	}
}

// shoot saves what the page looks like, all of it, where go test -artifacts puts
// it, or TEST_SHOTS names a directory.
func (b *tab) shoot(name string) {
	b.t.Helper()
	dir := b.t.ArtifactDir()
	if d := os.Getenv("TEST_SHOTS"); d != "" {
		dir = d
	}
	size := call(b, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	png := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true),
		Clip:                  &page.Viewport{Width: size.Width, Height: min(size.Height, 4000), Scale: 1},
	}).Data
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
