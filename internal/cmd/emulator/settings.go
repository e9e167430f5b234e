package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bucketwarden/internal/local/cloud"
	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/settings"
)

// environment is what fc3 sets in the container's environment.
type environment struct {
	env  map[string]string
	own  []string // the function's own variables
	port string
	log  io.Writer
}

// settingsFrom takes apart what is meant for the emulator and for the function.
func settingsFrom(environ []string) environment {
	s := environment{env: map[string]string{}}
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
func (s environment) key() localfc.Credentials {
	return localfc.Credentials{
		AccessKeyID:     cmp.Or(s.env["ALIBABA_CLOUD_ACCESS_KEY_ID"], "STS.local"),
		AccessKeySecret: cmp.Or(s.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], "local-secret"),
		SecurityToken:   s.env["ALIBABA_CLOUD_SECURITY_TOKEN"],
	}
}

// config is the function as fc3 describes it.
func (s environment) config() localfc.Config {
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

// number returns 0, which means the default, for what is not a number.
func (s environment) number(name string) int {
	n, err := strconv.Atoi(s.env[name])
	if err != nil {
		return 0
	}
	return n
}

func (s environment) runtime() string {
	if strings.HasPrefix(s.env["FC_RUNTIME"], "custom") {
		return localfc.RuntimeCustom
	}
	return localfc.RuntimeGo1
}

// command is what the platform would execute. A custom runtime's path names the
// file under /code, wherever the code lies.
func (s environment) command() []string {
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

// ensureCloud starts the local services, unless the function was given an OSS
// endpoint, and gives it theirs. The returned function stops them.
func (s *environment) ensureCloud(ctx context.Context) (stop func() error, err error) {
	if s.env[settings.OSSEndpoint] != "" {
		return func() error { return nil }, nil
	}
	c, err := cloud.Start(ctx, cloud.Options{AccountID: s.env["FC_ACCOUNT_ID"]})
	if err != nil {
		return nil, err
	}
	key := s.key()
	c.AddKey(wire.AccessKey{
		AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken, Name: stack.Role + "/fc",
	})
	if err := stack.SampleBuckets(c.OSS, s.env["FC_REGION"]); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	s.own = append(c.Env(), s.own...) // what the function was given itself counts
	return c.Close, nil
}
