package main

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
)

// settings are what fc3 says in the container's environment.
type settings struct {
	env  map[string]string
	own  []string // the function's own variables
	port string
	log  io.Writer
}

// settingsFrom takes apart what is meant for the emulator and for the function.
func settingsFrom(environ []string) settings {
	s := settings{env: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		s.env[name] = value
		switch {
		case strings.HasPrefix(name, "FC_"), strings.HasPrefix(name, "ALIBABA_CLOUD_"):
		case name == "AGENT_SCRIPT", name == "PATH", name == "HOME", name == "HOSTNAME":
		default:
			s.own = append(s.own, pair)
		}
	}
	s.port = cmp.Or(s.env["FC_SERVER_PORT"], s.env["FC_CUSTOM_LISTEN_PORT"], "9000")
	return s
}

// key is the role's, as far as fc3 was given one. The local OSS needs any.
func (s settings) key() localfc.Credentials {
	return localfc.Credentials{
		AccessKeyID:     cmp.Or(s.env["ALIBABA_CLOUD_ACCESS_KEY_ID"], "STS.local"),
		AccessKeySecret: cmp.Or(s.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], "local-secret"),
		SecurityToken:   s.env["ALIBABA_CLOUD_SECURITY_TOKEN"],
	}
}

// config is the function as fc3 describes it.
func (s settings) config() localfc.Config {
	return localfc.Config{
		Command:      s.command(),
		Env:          s.own,
		Runtime:      s.runtime(),
		FunctionName: s.env["FC_FUNCTION_NAME"],
		Handler:      s.env["FC_FUNCTION_HANDLER"],
		Region:       s.env["FC_REGION"],
		AccountID:    s.env["FC_ACCOUNT_ID"],
		MemoryMB:     s.number("FC_FUNCTION_MEMORY_SIZE"),
		Timeout:      time.Duration(s.number("FC_TIMEOUT")) * time.Second,
		Credentials:  s.key,
		Initializer:  s.env["FC_INITIALIZER_HANDLER"] != "",
		PreStop:      true,
		Log:          s.log,
	}
}

// number returns 0, which means the default, for what is no number.
func (s settings) number(name string) int {
	n, err := strconv.Atoi(s.env[name])
	if err != nil {
		return 0
	}
	return n
}

func (s settings) runtime() string {
	if strings.HasPrefix(s.env["FC_RUNTIME"], "custom") {
		return localfc.RuntimeCustom
	}
	return localfc.RuntimeGo1
}

// command is what the platform would execute. A custom runtime's path names the
// file under /code, wherever the code lies.
func (s settings) command() []string {
	code := cmp.Or(s.env["FC_FUNC_CODE_PATH"], "/code/")
	if s.runtime() == localfc.RuntimeGo1 {
		return []string{filepath.Join(code, cmp.Or(s.env["FC_FUNCTION_HANDLER"], "main"))}
	}
	words := strings.Fields(s.env["AGENT_SCRIPT"])
	if len(words) == 0 {
		words = []string{"/code/bootstrap"}
	}
	if rest, ok := strings.CutPrefix(words[0], "/code/"); ok {
		words[0] = filepath.Join(code, rest)
	}
	return words
}

// sampleBuckets are those that the sample events in events/ name.
var sampleBuckets = []string{"demo-bucket-a", "demo-bucket-b", "demo-bucket-c", "demo-bucket-svc"}

// ensureOSS starts an OSS, unless the function was told of one, and tells it. The
// returned function stops it.
func (s *settings) ensureOSS(ctx context.Context) (stop func() error, err error) {
	if s.env["WARDEN_OSS_ENDPOINT"] != "" {
		return func() error { return nil }, nil
	}
	oss := localoss.New(localoss.Options{AccountID: s.env["FC_ACCOUNT_ID"]})
	key := s.key()
	oss.AddKey(localoss.Key{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken})
	for _, name := range sampleBuckets {
		oss.PutBucket(localoss.Bucket{Name: name, Region: s.env["FC_REGION"]})
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: oss, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // ends with ErrServerClosed
	s.own = append(s.own, "WARDEN_OSS_ENDPOINT=http://"+l.Addr().String())
	return srv.Close, nil
}
