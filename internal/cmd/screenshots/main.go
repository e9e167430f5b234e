//go:build !windows

// Command screenshots makes the pictures of the documents from the real product:
// docs/images/terminal.svg from `bucketwarden report`, docs/images/page.png from the
// deployed function's page as `bucketwarden open` shows it in Chromium.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"bucketwarden/internal/local/cloud"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/settings"
	"bucketwarden/internal/showcase"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	command := filepath.Join(dir, "bucketwarden")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", command, "./cmd/bucketwarden").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	seen, err := showcase.Report(ctx, command)
	if err != nil {
		return err
	}
	if err := os.MkdirAll("docs/images", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile("docs/images/terminal.svg", []byte(showcase.SVG(seen)), 0o644); err != nil {
		return err
	}
	return page(ctx, command, dir)
}

// page opens the page of a function as it is deployed, through the proxy, as a person
// does.
func page(ctx context.Context, command, dir string) error {
	s, err := stack.Start(ctx, stack.Options{Command: []string{command, "function"}, Signed: true, Env: []string{settings.HTTPAuth + "=platform"}})
	if err != nil {
		return err
	}
	showcase.Fill(s.OSS)
	front := httptest.NewServer(s.Function.Handler())
	defer front.Close()
	err = shoot(ctx, command, front.URL, dir)
	return errors.Join(err, s.Close(context.WithoutCancel(ctx)))
}

// The size of the picture of the page. Chromium draws less than the height of its
// window, so the window is higher, and the picture is cut.
const width, height = 1200, 860

func crop(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	whole, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	top, ok := whole.(interface {
		SubImage(r image.Rectangle) image.Image
	})
	if !ok {
		return fmt.Errorf("chromium's picture is a %T", whole)
	}
	var cut bytes.Buffer
	best := png.Encoder{CompressionLevel: png.BestCompression}
	if err := best.Encode(&cut, top.SubImage(image.Rect(0, 0, width, height))); err != nil {
		return err
	}
	return os.WriteFile(name, cut.Bytes(), 0o644)
}

func shoot(ctx context.Context, command, url, dir string) error {
	open := exec.CommandContext(ctx, command, "open", "/report?lang=en", "--url", url, "--no-browser", "--quiet")
	open.Env = []string{"HOME=" + dir, "ALIBABA_CLOUD_ACCESS_KEY_ID=" + cloud.UserKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + cloud.UserKey.AccessKeySecret}
	out, err := open.StdoutPipe()
	if err != nil {
		return err
	}
	if err := open.Start(); err != nil {
		return err
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(err, open.Wait())
	}
	picture, err := filepath.Abs("docs/images/page.png")
	if err != nil {
		return err
	}
	browser := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=10000", fmt.Sprintf("--window-size=%d,%d", width, height+200), "--screenshot="+picture, strings.TrimSpace(first))
	said, err := browser.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("chromium: %w\n%s", err, said)
	} else {
		err = crop(picture)
	}
	return errors.Join(err, open.Process.Signal(syscall.SIGINT), open.Wait())
}
