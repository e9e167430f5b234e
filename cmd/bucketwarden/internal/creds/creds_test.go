package creds

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The secrets of these tests, none of which may be in an error.
const (
	secretOne = "s3cr3t-one-of-the-tests"
	secretTwo = "s3cr3t-two-of-the-tests"
)

const cliFile = `{"current": "work", "profiles": [
  {"name": "work", "mode": "AK", "access_key_id": "AKWORK", "access_key_secret": "` + secretOne + `", "region_id": "cn-beijing"},
  {"name": "session", "mode": "StsToken", "access_key_id": "STS.SESSION", "access_key_secret": "` + secretOne + `", "sts_token": "` + secretTwo + `"},
  {"name": "uri", "mode": "CredentialsURI"},
  {"name": "rsa", "mode": "RsaKeyPair"},
  {"name": "new", "mode": "Quantum"},
  {"name": "loop", "mode": "ChainableRamRoleArn", "source_profile": "pool"},
  {"name": "pool", "mode": "ChainableRamRoleArn", "source_profile": "loop"},
  {"name": "lost", "mode": "ChainableRamRoleArn", "source_profile": "nowhere"},
  {"name": "script", "mode": "External", "process_command": "SCRIPT 'one arg'"},
  {"name": "broken-script", "mode": "External", "process_command": "SCRIPT nonsense"},
  {"name": "failing-script", "mode": "External", "process_command": "SCRIPT fail"},
  {"name": "signed-in", "mode": "OAuth", "access_key_id": "STS.OAUTH", "access_key_secret": "` + secretOne + `", "sts_token": "t", "sts_expiration": ENDS},
  {"name": "signed-out", "mode": "OAuth", "access_key_id": "STS.OAUTH", "access_key_secret": "` + secretOne + `", "sts_token": "t", "sts_expiration": 1},
  {"name": "empty", "mode": "AK"},
  null
]}`

const iniFile = "[default]\ntype = access_key\naccess_key_id = AKINI\naccess_key_secret = " + secretOne + "\n" +
	"[odd]\ntype = rsa_key_pair\nprivate_key = " + secretTwo + "\n"

const script = `#!/bin/sh
case "$1" in
"one arg") echo '{"mode": "AK", "access_key_id": "AKSCRIPT", "access_key_secret": "` + secretOne + `"}' ;;
nonsense) echo "` + secretTwo + `" ;;
*) echo "` + secretTwo + `" >&2; exit 1 ;;
esac
`

// home returns a home directory with these files.
func home(t *testing.T, cli, ini string) string {
	t.Helper()
	dir := t.TempDir()
	cli = strings.ReplaceAll(cli, "SCRIPT", filepath.Join(dir, "script"))
	cli = strings.ReplaceAll(cli, "ENDS", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
	for name, text := range map[string]string{".aliyun/config.json": cli, ".alibabacloud/credentials": ini, "script": script} {
		if text == "" {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	alibaba := map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "AKENV", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secretOne}
	oss := map[string]string{"OSS_ACCESS_KEY_ID": "AKOSS", "OSS_ACCESS_KEY_SECRET": secretTwo, "OSS_SESSION_TOKEN": "t"}
	tests := []struct {
		name     string
		o        Options
		cli, ini string
		want     string // the key's ID and the source's name
		err      string // a part of the error
	}{
		{"Nothing", Options{}, "", "", "", "there are no credentials; set ALIBABA_CLOUD_ACCESS_KEY_ID and"},
		{"AlibabaPair", Options{Env: alibaba}, cliFile, iniFile, "AKENV ALIBABA_CLOUD_ACCESS_KEY_ID", ""},
		{"OSSPair", Options{Env: oss}, cliFile, iniFile, "AKOSS OSS_ACCESS_KEY_ID", ""},
		{"TwoPairs", Options{Env: merged(alibaba, oss)}, "", "", "", "ALIBABA_CLOUD_ACCESS_KEY_ID and OSS_ACCESS_KEY_ID hold different keys"},
		{"TheSamePairTwice", Options{Env: merged(alibaba, map[string]string{"OSS_ACCESS_KEY_ID": "AKENV", "OSS_ACCESS_KEY_SECRET": secretOne})}, "", "", "AKENV ALIBABA_CLOUD_ACCESS_KEY_ID", ""},
		{"OneKeyWithTwoSecrets", Options{Env: merged(alibaba, map[string]string{"OSS_ACCESS_KEY_ID": "AKENV", "OSS_ACCESS_KEY_SECRET": secretTwo})}, "", "", "", "hold different keys"},
		{"NoSecret", Options{Env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "AKENV"}}, cliFile, "", "", "half a key is in the environment: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"},
		{"NoID", Options{Env: map[string]string{"OSS_ACCESS_KEY_SECRET": secretOne}}, cliFile, "", "", "OSS_ACCESS_KEY_ID is not set"},
		{"HalfBesideWhole", Options{Env: merged(alibaba, map[string]string{"OSS_SESSION_TOKEN": "t"})}, "", "", "", "OSS_ACCESS_KEY_ID is not set"},
		{"CurrentProfile", Options{}, cliFile, iniFile, `AKWORK profile "work" (AK)`, ""},
		{"ProfileOfTheEnvironment", Options{Env: map[string]string{"ALIBABA_CLOUD_PROFILE": "session"}}, cliFile, iniFile, `STS.SESSION profile "session" (StsToken)`, ""},
		{"ProfileOfTheEnvironmentInTheOtherFile", Options{Env: map[string]string{"ALIBABA_CLOUD_PROFILE": "default"}}, cliFile, iniFile, `AKINI section "default" (access_key) of HOME/.alibabacloud/credentials`, ""},
		{"NoSuchProfileOfTheEnvironment", Options{Env: map[string]string{"ALIBABA_CLOUD_PROFILE": "wrok"}}, cliFile, iniFile, "", `there is no profile "wrok"; the profiles are work, session`},
		{"ProfileWins", Options{Profile: "session", Env: alibaba}, cliFile, iniFile, `STS.SESSION profile "session" (StsToken)`, ""},
		{"ProfileOfTheOtherFile", Options{Profile: "default"}, cliFile, iniFile, `AKINI section "default" (access_key) of HOME/.alibabacloud/credentials`, ""},
		{"NoProfilesAtAll", Options{Profile: "prod"}, "", "", "", `there is no profile "prod": neither HOME/.aliyun/config.json nor HOME/.alibabacloud/credentials has one; run "aliyun configure --profile prod"`},
		{"CLIDisabled", Options{Env: map[string]string{"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}}, cliFile, iniFile, `AKINI section "default" (access_key) of HOME/.alibabacloud/credentials`, ""},
		{"BlankCLI", Options{}, `{"current": "default", "profiles": [{"name": "default", "mode": "AK"}]}`, iniFile, `AKINI section "default" (access_key) of HOME/.alibabacloud/credentials`, ""},
		{"BrokenCLI", Options{}, `{"profiles": [{"access_key_secret": "` + secretOne + `",`, iniFile, "", "HOME/.aliyun/config.json is not the JSON that the aliyun CLI writes; its content is not shown"},
		{"BrokenINI", Options{}, "", "[default\nsecret = " + secretOne, "", "HOME/.alibabacloud/credentials is not an INI file; its content is not shown"},
		{"EmptyProfile", Options{Profile: "empty"}, cliFile, "", "", `profile "empty" (AK) cannot be used: the access key id is empty`},
		{"UnsupportedMode", Options{Profile: "uri"}, cliFile, "", "", `mode "CredentialsURI" is not supported here; set ALIBABA_CLOUD_CREDENTIALS_URI`},
		{"KeyPair", Options{Profile: "rsa"}, cliFile, "", "", "key pairs are not accepted by OSS"},
		{"UnknownMode", Options{Profile: "new"}, cliFile, "", "", `mode "Quantum" is not supported here; use a profile of mode AK`},
		{"Loop", Options{Profile: "loop"}, cliFile, "", "", `its source profiles lead back to "loop"`},
		{"NoSource", Options{Profile: "lost"}, cliFile, "", "", `its source profile "nowhere" does not exist`},
		{"Command", Options{Profile: "script"}, cliFile, "", "", "which is not done unasked; if you trust it, give --allow-external"},
		{"CommandAllowed", Options{Profile: "script", External: true}, cliFile, "", `AKSCRIPT profile "script" (External)`, ""},
		{"CommandForbidden", Options{Profile: "script", External: true, Env: map[string]string{"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "TRUE"}}, cliFile, "", "", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids that"},
		{"CommandPrintsNonsense", Options{Profile: "broken-script", External: true}, cliFile, "", "", "its command printed no key"},
		{"CommandFails", Options{Profile: "failing-script", External: true}, cliFile, "", "", "its command failed"},
		{"SignedIn", Options{Profile: "signed-in"}, cliFile, "", `STS.OAUTH profile "signed-in" (OAuth)`, ""},
		{"SignedOut", Options{Profile: "signed-out"}, cliFile, "", "", "the session of the sign-in has ended; run any command of the CLI"},
		{"OddSection", Options{Profile: "odd"}, "", iniFile, "", `section "odd" of HOME/.alibabacloud/credentials has the type "rsa_key_pair", which is not supported here`},
		{"MetadataIsNotAsked", Options{Metadata: false}, "", "", "", "on an ECS instance give --instance-metadata"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Home = home(t, tt.cli, tt.ini)
			got, err := find(tt.o)
			got = strings.ReplaceAll(got, tt.o.Home, "HOME")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			checkError(t, tt.o.Home, err, tt.err)
		})
	}
}

// find returns the key's ID and the source's name.
func find(o Options) (string, error) {
	s, err := Find(o)
	if err != nil {
		return "", err
	}
	k, err := s.Key()
	if err != nil {
		return "", err
	}
	return k.ID + " " + s.Name, nil
}

// checkError checks that the error has the text, is one of ours, and has no
// secret in it.
func checkError(t *testing.T, home string, err error, want string) {
	t.Helper()
	if err == nil {
		if want != "" {
			t.Errorf("no error, want %q", want)
		}
		return
	}
	text := strings.ReplaceAll(err.Error(), home, "HOME")
	if want == "" || !strings.Contains(text, want) {
		t.Errorf("the error is %q, want %q", text, want)
	}
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("the error is a %T", err)
	}
	for _, secret := range []string{secretOne, secretTwo} {
		if strings.Contains(text, secret) || strings.Contains(fmt.Sprintf("%+v", err), secret) {
			t.Errorf("a secret is in the error %q", text)
		}
	}
}

func merged(a, b map[string]string) map[string]string {
	c := maps.Clone(a)
	maps.Copy(c, b)
	return c
}

func TestTheRegionOfAProfile(t *testing.T) {
	s, err := Find(Options{Home: home(t, cliFile, "")})
	if err != nil || s.Region != "cn-beijing" {
		t.Errorf("%+v, %v", s, err)
	}
}

// Nothing is written: credentials-go would rewrite the CLI's file and drop what
// it does not know.
func TestTheCLIsFileIsLeftAlone(t *testing.T) {
	dir := home(t, cliFile, "")
	path := filepath.Join(dir, ".aliyun/config.json")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"script", "signed-in", "work"} {
		if _, err := find(Options{Home: dir, Profile: profile, External: true}); err != nil {
			t.Error(err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || string(before) != string(after) {
		t.Errorf("the file changed: %v\n%s", err, after)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := Key{"id-0123456789", secretOne, secretTwo}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), fmt.Sprint(&k)} {
		if strings.Contains(text, "0123456789") || strings.Contains(text, secretOne) || strings.Contains(text, secretTwo) {
			t.Errorf("a key printed as %s", text)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	for in, want := range map[string][]string{
		"":                    nil,
		"  ":                  nil,
		"a b":                 {"a", "b"},
		`"a b" c`:             {"a b", "c"},
		`a 'b "c" d' ""`:      {"a", `b "c" d`, ""},
		`C:\tools\key.exe -x`: {`C:\tools\key.exe`, "-x"},
		`a="b c"`:             {"a=b c"},
	} {
		if got := splitCommand(in); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q splits into %q, want %q", in, got, want)
		}
	}
}

// What a service answered is never shown whole.
func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		`refresh session token failed: {"RequestId":"R-1","Code":"NoPermission","Message":"` + secretOne + `"}`:          "STS answers NoPermission (request R-1)",
		`get session token failed: <html>` + secretOne:                                                                   "it failed, and what it answered may hold secrets, so it is not shown",
		`get role name failed: Get "http://100.100.100.200/` + secretOne + `": dial tcp 100.100.100.200:80: i/o timeout`: "it cannot be reached (i/o timeout)",
		`get role name failed: http://100.100.100.200/` + secretOne + ` 404`:                                             "the instance has no role",
		`i/o timeout: ` + secretOne:         "it failed, and what it answered may hold secrets, so it is not shown",
		`x: {"Code":"` + secretOne + ` !"}`: "it failed, and what it answered may hold secrets, so it is not shown",
		"the RoleArn is empty":              "the RoleArn is empty",
	} {
		if got := safe(errors.New(in)); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
