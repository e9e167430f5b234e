package oss_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ossutil does the rows with the command, as people type it.
func ossutil(binary string) func(*testing.T, []string) []byte {
	return func(t *testing.T, env []string) []byte {
		u := &utility{t: t, binary: binary, env: env, dir: t.TempDir(), name: "client-main"}
		for _, row := range rows {
			fmt.Fprintf(&u.out, "%s\t%s\n", row, u.outcome(row))
		}
		return u.out.Bytes()
	}
}

// utility runs one ossutil against one server.
type utility struct {
	t                 *testing.T
	binary, dir, name string
	env               []string
	out               bytes.Buffer
}

func (u *utility) outcome(row string) string {
	do, ok := u.rows()[row]
	switch {
	case !ok:
		return "not done"
	case do == nil:
		return "-"
	}
	if err := do(); err != nil {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	return "ok"
}

func (u *utility) setting(name string) string {
	for _, pair := range u.env {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// at runs a command with an endpoint and its further flags.
func (u *utility) at(endpoint string, flags, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(u.t.Context(), 20*time.Second) // a client that tries again for longer has failed
	defer cancel()
	all := append([]string{
		"-e", endpoint, "-i", u.setting("OSS_ACCESS_KEY_ID"), "-k", u.setting("OSS_ACCESS_KEY_SECRET"),
		"-c", filepath.Join(u.dir, "none"),
	}, append(flags, args...)...)
	cmd := exec.CommandContext(ctx, u.binary, all...)
	cmd.Env, cmd.Dir = u.env, u.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (u *utility) run(args ...string) (string, error) {
	return u.at(u.setting("OSS_ENDPOINT"), []string{"--sign-version", "v4", "--region", "cn-hangzhou"}, args)
}

// says runs a command and checks that it succeeds and prints every text.
func (u *utility) says(command string, texts ...string) error {
	out, err := u.run(strings.Fields(command)...)
	if err != nil {
		return err
	}
	return contains(out, texts...)
}

func contains(out string, texts ...string) error {
	for _, text := range texts {
		if !strings.Contains(out, text) {
			return fmt.Errorf("no %q in %s", text, out)
		}
	}
	return nil
}

// fails runs a command and checks that it fails with every text.
func (u *utility) fails(command string, texts ...string) error {
	out, err := u.run(strings.Fields(command)...)
	if err == nil {
		return fmt.Errorf("%s succeeds: %s", command, out)
	}
	return contains(out+err.Error(), texts...)
}

// all returns the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *utility) file(name, text string) string {
	if err := os.WriteFile(filepath.Join(u.dir, name), []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
	return name
}

// rows are what ossutil does; nil is what it has no command for.
func (u *utility) rows() map[string]func() error {
	b := "oss://" + u.name
	return map[string]func() error{
		"create a bucket":    func() error { return u.says("mb " + b) },
		"create with a rule": nil,
		"create with ACL and redundancy": func() error {
			return all(u.says("mb "+b+"-zrs --acl public-read --storage-class IA --redundancy-type ZRS"), u.says("stat "+b+"-zrs", "public-read", "IA", "ZRS"))
		},
		"set and read every rule": u.everyRule,
		"wrong rules are refused": func() error {
			return u.fails(u.put()+"DES", "InvalidEncryptionAlgorithmError")
		},
		"remove the rule": func() error {
			return all(u.says("bucket-encryption --method delete "+b), u.fails("bucket-encryption --method get "+b, "NoSuchServerSideEncryptionRule"))
		},
		"bucket info": func() error { return u.says("stat "+b, u.name, "oss-cn-hangzhou", "private", "Standard", "LRS") },
		"list buckets, page by page": func() error {
			return all(u.says("ls --limited-num 1", "beijing-bucket"), u.says("ls --limited-num 1 --marker "+u.name, b+"-zrs"), u.says("ls", b, "demo-bucket"))
		},
		"list buckets by tag": nil,
		"location":            nil,
		"bucket tags": func() error {
			return all(u.says("bucket-tagging --method put "+b+" env#prod team#a"), u.says("bucket-tagging --method get "+b, "env", "prod", "team"),
				u.says("bucket-tagging --method delete "+b))
		},
		"does a bucket exist": nil,
		"bucket ACL": func() error {
			return all(u.says("set-acl "+b+" public-read -b"), u.says("stat "+b, "public-read"), u.says("set-acl "+b+" private -b"))
		},
		"statistics":        func() error { return u.says("du "+b, "total object count: 0") },
		"versioning status": func() error { return u.says("bucket-versioning --method get "+b, "null") },
		"regions":           nil,
		"upload without a rule": func() error {
			return all(u.upload("plain"), u.says("stat "+b+"/plain", "text/plain", "Etag"), u.lacks("stat "+b+"/plain", "Server-Side-Encryption"))
		},
		"upload takes the rule": u.uploadTakesRule,
		"upload with encryption of its own": func() error {
			return all(u.says("cp "+u.file("own.txt", "text of own")+" "+b+"/own --meta x-oss-server-side-encryption:SM4"), u.says("stat "+b+"/own", "Server-Side-Encryption", "SM4"))
		},
		"upload fails with a key that is unknown or disabled": u.badKeys,
		"download, whole and in part": func() error {
			return all(u.says("cat "+b+"/plain", "text of plain"), u.says("cp "+b+"/plain whole.txt -f"),
				u.says("cp "+b+"/plain part.txt -f --range 5-6"), u.has("whole.txt", "text of plain"), u.has("part.txt", "of"), u.fails("cat "+b+"/nothing", "NoSuchKey"))
		},
		"list objects, page by page": func() error {
			return all(u.upload("list/a"), u.upload("list/b"), u.upload("list/d/e"), u.says("ls "+b+"/list/ --limited-num 5", "/list/a", "/list/b", "/list/d/e"),
				u.says("ls "+b+"/list/ -d", "/list/d/"), u.says("ls "+b+"/list/ --limited-num 1", "Object Number is: 1"))
		},
		"copy encrypts an old object": func() error {
			return all(u.says(u.put()+"AES256"), u.says("cp "+b+"/plain "+b+"/copied"), u.says("stat "+b+"/copied", "Server-Side-Encryption", "AES256"),
				u.says("bucket-encryption --method delete "+b))
		},
		"multipart upload":             u.multipart,
		"signed URL":                   u.signedURL,
		"delete objects, one and many": func() error { return all(u.says("rm "+b+"/plain"), u.says("rm -r -f "+b+"/", "Removed")) },
		"delete a bucket": func() error {
			return all(u.upload("last"), u.fails("rm -b -f "+b, "BucketNotEmpty"), u.says("rm "+b+"/last"), u.says("rm -b -f "+b), u.says("rm -b -f "+b+"-zrs"),
				u.fails("stat "+b, "NoSuchBucket"))
		},
		"V1 signature is refused with the line to change": func() error {
			out, err := u.at(u.setting("OSS_ENDPOINT"), nil, []string{"ls"})
			if err == nil {
				return fmt.Errorf("it is not refused: %s", out)
			}
			return contains(out, "--sign-version v4 --region cn-hangzhou")
		},
		"another region's bucket": func() error { return u.fails("bucket-encryption --method get oss://beijing-bucket", "AccessDenied") },
		"absent operations fail at once": func() error {
			return all(u.fails("lifecycle --method get oss://demo-bucket", "NotImplemented"), u.fails("lifecycle --method get oss://never-created", "NoSuchBucket"))
		},
		"HTTPS with the local authority": func() error {
			out, err := u.at(u.setting("OSS_SECURE_ENDPOINT"), []string{"--sign-version", "v4", "--region", "cn-hangzhou"}, []string{"ls"})
			return all(err, contains(out, "demo-bucket"))
		},
	}
}

func (u *utility) put() string {
	return "bucket-encryption --method put oss://" + u.name + " --sse-algorithm "
}

func (u *utility) everyRule() error {
	get := "bucket-encryption --method get oss://" + u.name
	return all(
		u.says(u.put()+"AES256"), u.says(get, "AES256"),
		u.says(u.put()+"KMS"), u.says(get, "KMS"),
		u.says(u.put()+"KMS --kms-masterkey-id key-1"), u.says(get, "KMS", "key-1"),
		u.says(u.put()+"KMS --kms-masterkey-id key-1 --kms-data-encryption SM4"), u.says(get, "KMS", "key-1", "SM4"),
		u.says(u.put()+"SM4"), u.says(get, "SM4"))
}

func (u *utility) upload(key string) error {
	return u.says("cp -f " + u.file("upload.txt", "text of "+key) + " oss://" + u.name + "/" + key)
}

func (u *utility) lacks(command, text string) error {
	out, err := u.run(strings.Fields(command)...)
	if err == nil && strings.Contains(out, text) {
		err = fmt.Errorf("%q in %s", text, out)
	}
	return err
}

func (u *utility) has(file, text string) error {
	b, err := os.ReadFile(filepath.Join(u.dir, file))
	if err == nil && string(b) != text {
		err = fmt.Errorf("%s holds %q", file, b)
	}
	return err
}

func (u *utility) uploadTakesRule() error {
	stat := "stat oss://" + u.name + "/by-rule"
	return all(
		u.says(u.put()+"AES256"), u.upload("by-rule"), u.says(stat, "Server-Side-Encryption", "AES256"),
		u.says(u.put()+"KMS --kms-masterkey-id key-1"), u.upload("by-rule"), u.says(stat, "KMS", "key-1"),
		u.lacks("stat oss://"+u.name+"/plain", "Server-Side-Encryption"))
}

func (u *utility) badKeys() error {
	u.file("refused.txt", "x")
	upload := "cp -f refused.txt oss://" + u.name + "/refused"
	return all(
		u.says(u.put()+"KMS --kms-masterkey-id test_wrong"), u.fails(upload, "KeyNotFound"),
		u.says(u.put()+"KMS --kms-masterkey-id key-disabled"), u.fails(upload, "KeyDisabled"),
		u.says("bucket-encryption --method delete oss://"+u.name))
}

func (u *utility) multipart() error {
	text := strings.Repeat("0123456789", 30<<10)
	return all(
		u.says("cp "+u.file("large.txt", text)+" oss://"+u.name+"/large --bigfile-threshold 100 --part-size 110000"),
		u.says("stat oss://"+u.name+"/large", "Multipart"),
		u.says("cp oss://"+u.name+"/large back.txt --bigfile-threshold 100 --part-size 110000"), u.has("back.txt", text))
}

func (u *utility) signedURL() error {
	out, err := u.run("sign", "oss://"+u.name+"/plain")
	if err != nil {
		return err
	}
	url, _, _ := strings.Cut(out, "\n")
	req, err := http.NewRequestWithContext(u.t.Context(), http.MethodGet, strings.TrimSpace(url), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return all(err, contains(string(text), "text of plain"))
}
