package settings

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler"
	"bucketwarden/ossenc"
)

func TestRead(t *testing.T) {
	rule := func(algorithm, key, data string) ossenc.Desired {
		return ossenc.Desired{Rule: ossenc.Rule{Algorithm: algorithm, KMSKeyID: key, KMSDataEncryption: data}, Compare: ossenc.Floor}
	}
	exact := rule("AES256", "", "")
	exact.Compare = ossenc.Exact
	tests := []struct {
		name string
		env  []string
		want ossenc.Desired
		mode ossenc.Mode
	}{
		{"Defaults", nil, rule("AES256", "", ""), ossenc.Enforce},
		{"SM4", []string{"WARDEN_ALGORITHM=SM4"}, rule("SM4", "", ""), ossenc.Enforce},
		{"KMS", []string{"WARDEN_ALGORITHM=KMS", "WARDEN_KMS_KEY_ID=key-1", "WARDEN_KMS_DATA_ENCRYPTION=SM4"}, rule("KMS", "key-1", "SM4"), ossenc.Enforce},
		{"Report", []string{"WARDEN_MODE=report"}, rule("AES256", "", ""), ossenc.ReportOnly},
		{"Exact", []string{"WARDEN_COMPARE=exact"}, exact, ossenc.Enforce},
		{"EmptyIsUnset", []string{"WARDEN_ALGORITHM=", "WARDEN_MODE=", "WARDEN_COMPARE="}, rule("AES256", "", ""), ossenc.Enforce},
		{"OthersAreNotOurs", []string{"PATH=/bin", "WARDEN=x"}, rule("AES256", "", ""), ossenc.Enforce},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := Read(tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if got, simple := cfg.Policy.Simple(); !simple || got != tt.want || cfg.Mode != tt.mode {
				t.Errorf("%+v (simple: %t) in mode %q; want %+v in mode %q", got, simple, cfg.Mode, tt.want, tt.mode)
			}
		})
	}
}

func TestRead_EveryProblemAtOnce(t *testing.T) {
	_, err := Read([]string{
		"WARDEN_ALGORITHM=DES", "WARDEN_KMS_DATA_ENCRYPTION=AES", "WARDEN_COMPARE=x", "WARDEN_MODE=x",
		"WARDEN_OSS_ENDPOINT=x=y", "WARDEN_OSS_INTERNAL=1", "WARDEN_LOG_LEVEL=x", "WARDEN_ALGORITM=KMS",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"WARDEN_ALGORITHM: algorithm", "WARDEN_KMS_DATA_ENCRYPTION: KMS data", "WARDEN_COMPARE", "WARDEN_MODE", "WARDEN_OSS_ENDPOINT", "WARDEN_OSS_INTERNAL", "WARDEN_LOG_LEVEL", "WARDEN_ALGORITM: there is no such setting (did you mean WARDEN_ALGORITHM?)"} {
		if !strings.Contains(err.Error(), "\n  "+name) {
			t.Errorf("nothing about %s in:\n%v", name, err)
		}
	}
}

func TestRead_NamesTheSettingThatIsWrong(t *testing.T) {
	tests := []struct {
		name, problem string
		env           []string
	}{
		{"Algorithm", "WARDEN_ALGORITHM: algorithm \"DES\"", []string{"WARDEN_ALGORITHM=DES"}},
		{"KeyWithoutKMS", "WARDEN_KMS_KEY_ID: a KMS key ID goes with", []string{"WARDEN_KMS_KEY_ID=key-1"}},
		{"KeyOfOtherCharacters", "WARDEN_KMS_KEY_ID: KMS key ID", []string{"WARDEN_ALGORITHM=KMS", "WARDEN_KMS_KEY_ID=a b"}},
		{"DataWithoutKMS", "WARDEN_KMS_DATA_ENCRYPTION: KMS data encryption goes with", []string{"WARDEN_ALGORITHM=SM4", "WARDEN_KMS_DATA_ENCRYPTION=SM4"}},
		{"PolicyFile", "WARDEN_POLICY: open no-such-file.yaml", []string{"WARDEN_POLICY=no-such-file.yaml"}},
		{"Internal", "WARDEN_OSS_INTERNAL: has no effect beside WARDEN_OSS_ENDPOINT", []string{"WARDEN_OSS_INTERNAL=true", "WARDEN_OSS_ENDPOINT=https://oss.example.com"}},
		{"STS", "WARDEN_STS_ENDPOINT: ", []string{"WARDEN_STS_ENDPOINT=http://sts.example.com"}},
		{"Invoke", "WARDEN_INVOKE: \"all\" is none of http, sweep", []string{"WARDEN_INVOKE=all"}},
		{"InvokeNoneAndMore", "WARDEN_INVOKE: \"none\" is none of", []string{"WARDEN_INVOKE=none,http"}},
		{"InvokeBesideRaw", "WARDEN_INVOKE: has no effect beside WARDEN_RAW_EVENTS", []string{"WARDEN_INVOKE=sweep", "WARDEN_RAW_EVENTS=true"}},
		{"Raw", "WARDEN_RAW_EVENTS: \"1\" is none of", []string{"WARDEN_RAW_EVENTS=1"}},
		{"Settle", "WARDEN_SETTLE: \"61s\" is not a duration from 0s to 60s", []string{"WARDEN_SETTLE=61s"}},
		{"SettleWithoutUnit", "WARDEN_SETTLE: \"5\" is not a duration", []string{"WARDEN_SETTLE=5"}},
		{"KMSEndpoint", "WARDEN_KMS_ENDPOINT: ", []string{"WARDEN_KMS_ENDPOINT=kms"}},
		{"TrailEndpoint", "WARDEN_ACTIONTRAIL_ENDPOINT: ", []string{"WARDEN_ACTIONTRAIL_ENDPOINT=cn-hangzhou=trail"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(tt.env)
			problems, ok := errors.AsType[Problems](err)
			if !ok || len(problems) != 1 || !strings.HasPrefix(problems[0].Name+": "+problems[0].Err.Error(), tt.problem) {
				t.Errorf("%v, want only %q", err, tt.problem)
			}
		})
	}
}

func TestRead_Settle(t *testing.T) {
	for _, tt := range []struct {
		env  []string
		want time.Duration
	}{
		{nil, 0},
		{[]string{"FC_RUNTIME_API=127.0.0.1:1"}, 5 * time.Second},
		{[]string{"FC_FUNCTION_NAME=f"}, 5 * time.Second},
		{[]string{"FC_FUNCTION_NAME=f", "WARDEN_SETTLE="}, 5 * time.Second},
		{[]string{"FC_FUNCTION_NAME=f", "WARDEN_SETTLE=0s"}, 0},
		{[]string{"WARDEN_SETTLE=60s"}, time.Minute},
	} {
		if cfg, err := Read(tt.env); err != nil || cfg.Settle != tt.want {
			t.Errorf("%q: %v, %v; want %v", tt.env, cfg.Settle, err, tt.want)
		}
	}
}

// The constants and the list agree.
func TestNames_AreAllConstants(t *testing.T) {
	source, err := os.ReadFile("names.go")
	if err != nil {
		t.Fatal(err)
	}
	var constants []string
	for _, m := range regexp.MustCompile(`= "(WARDEN_\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != Prefix {
			constants = append(constants, m[1])
		}
	}
	if all := Names(); len(constants) < 10 || !slices.Equal(constants, all) {
		t.Errorf("constants %q\nlist %q", constants, all)
	}
}

func TestRead_WhatAnInvocationMayAskFor(t *testing.T) {
	tests := []struct {
		name  string
		env   []string
		raw   bool
		allow string
		why   string
	}{
		{"Default", nil, false, "[http sweep]", "WARDEN_INVOKE"},
		{"Empty", []string{"WARDEN_INVOKE=", "WARDEN_RAW_EVENTS="}, false, "[http sweep]", "WARDEN_INVOKE"},
		{"Sweep", []string{"WARDEN_INVOKE=sweep"}, false, "[sweep]", "WARDEN_INVOKE"},
		{"Both", []string{"WARDEN_INVOKE=sweep, http"}, false, "[sweep http]", "WARDEN_INVOKE"},
		{"None", []string{"WARDEN_INVOKE=none"}, false, "[]", "WARDEN_INVOKE"},
		{"Raw", []string{"WARDEN_RAW_EVENTS=true"}, true, "[]", "WARDEN_RAW_EVENTS"},
		{"RawAndNone", []string{"WARDEN_RAW_EVENTS=true", "WARDEN_INVOKE=none"}, true, "[]", "WARDEN_RAW_EVENTS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := Read(tt.env)
			all := slices.Clone(cfg.Asks.Allow)
			if err != nil || cfg.RawEvents != tt.raw || fmt.Sprint(slices.DeleteFunc(cfg.Asks.Allow, isConfigRule)) != tt.allow || slices.ContainsFunc(all, isConfigRule) == tt.raw || !strings.Contains(cfg.Asks.Refusal, tt.why) {
				t.Errorf("%t, %+v, %v", cfg.RawEvents, cfg.Asks, err)
			}
		})
	}
}

func isConfigRule(a handler.Ask) bool { return a == handler.AskConfigRule }
