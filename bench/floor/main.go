// Command floor is the least that the job can cost over TLS: one event, read the
// bucket's rule, by hand over net and crypto/tls, with the one root that is needed
// (FLOOR_ROOT). It is written for one kind of event and one answer, checks next to
// nothing, and stands for no way to write a function: it says what start, handshake
// and one call cost.
package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	fmt.Fprintln(os.Stderr, "floor:", run(os.Getenv("FC_RUNTIME_API")))
	os.Exit(1)
}

const runtimePath = "/2020-11-11/runtime/invocation/"

// run polls the Runtime API until that fails, and returns why.
func run(api string) error {
	conn, err := net.Dial("tcp", api)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(conn, 4096)
	for {
		if _, err := io.WriteString(conn, "GET "+runtimePath+"next HTTP/1.1\r\nHost: "+api+"\r\n\r\n"); err != nil {
			return err
		}
		call, err := read(r)
		if err != nil {
			return err
		}
		verdict, err := handle(call)
		if err != nil {
			verdict = err.Error()
		}
		body := strconv.Quote(verdict)
		_, err = io.WriteString(conn, "POST "+runtimePath+call.header["x-fc-request-id"]+"/response HTTP/1.1\r\nHost: "+api+
			"\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
		if err != nil {
			return err
		}
		if _, err := read(r); err != nil {
			return err
		}
	}
}

// message is an HTTP answer; its headers have names in lower case.
type message struct {
	status string
	header map[string]string
	body   []byte
}

func read(r *bufio.Reader) (m message, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return m, err
	}
	_, m.status, _ = strings.Cut(line, " ")
	m.header = map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return m, err
		}
		name, value, more := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
		if !more {
			break
		}
		m.header[strings.ToLower(name)] = value
	}
	length, err := strconv.Atoi(m.header["content-length"])
	if err != nil {
		return m, err
	}
	m.body = make([]byte, length)
	_, err = io.ReadFull(r, m.body)
	return m, err
}

// handle reads the rule of the bucket that the event names.
func handle(call message) (string, error) {
	_, rest, _ := bytes.Cut(call.body, []byte(`"bucket":`))
	_, rest, _ = bytes.Cut(rest, []byte(`"name":`))
	_, rest, _ = bytes.Cut(rest, []byte(`"`))
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	region := call.header["x-fc-region"]
	host := string(name) + ".oss-" + region + ".aliyuncs.com"
	config, err := trust()
	if err != nil {
		return "", err
	}
	conn, err := tls.Dial("tcp", host+":443", config)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, signed(call, string(name), region, host)); err != nil {
		return "", err
	}
	answer, err := read(bufio.NewReaderSize(conn, 4096))
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(answer.status, "200") || !bytes.Contains(answer.body, []byte("<SSEAlgorithm>AES256<")) {
		return "", errors.New("the bucket has no rule")
	}
	return "done", nil
}

func trust() (*tls.Config, error) {
	root, err := os.ReadFile(os.Getenv("FLOOR_ROOT"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}, nil
}

// signed is GetBucketEncryption with OSS's signature of version 4.
func signed(call message, bucket, region, host string) string {
	stamp := time.Now().UTC().Format("20060102T150405Z")
	token := call.header["x-fc-security-token"]
	canonical := sha256.Sum256([]byte("GET\n/" + bucket + "/\nencryption\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:" + stamp +
		"\nx-oss-security-token:" + token + "\n\n\nUNSIGNED-PAYLOAD"))
	scope := stamp[:8] + "/" + region + "/oss/aliyun_v4_request"
	key := []byte("aliyun_v4" + call.header["x-fc-access-key-secret"])
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	signature := mac(key, "OSS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(canonical[:]))
	return "GET /?encryption HTTP/1.1\r\nHost: " + host + "\r\nx-oss-content-sha256: UNSIGNED-PAYLOAD\r\nx-oss-date: " + stamp +
		"\r\nx-oss-security-token: " + token + "\r\nAuthorization: OSS4-HMAC-SHA256 Credential=" + call.header["x-fc-access-key-id"] + "/" + scope +
		",Signature=" + hex.EncodeToString(signature) + "\r\n\r\n"
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = io.WriteString(m, text) // a hash never fails
	return m.Sum(nil)
}
