// Command sweep goes over an account's buckets as Bucketwarden does, or with
// -plain as a loop over the OSS SDK does, and prints one JSON line: how many, how
// long, and its greatest resident memory. It is a process of its own so that its
// memory is nobody else's.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"

	"bucketwarden/ossenc"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of OSS")
	connect := flag.String("connect", "", "host:port that every connection goes to, whatever host it is for; empty for that host")
	loop := flag.Bool("plain", false, "make the calls in a plain loop")
	flag.Parse()
	if err := run(*endpoint, *connect, *loop); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

func run(endpoint, connect string, loop bool) error {
	endpoints, err := alicloud.ParseEndpoints(endpoint)
	if err != nil {
		return err
	}
	at, err := endpoints.For("cn-hangzhou", ossenc.Bucket{})
	if err != nil {
		return err
	}
	// A plain loop has a plain transport, with no more idle connections than ours.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 64, MaxIdleConnsPerHost: 64}
	if !loop {
		transport = alicloud.NewTransportWith(&tlsdial.Dialer{Roots: tlsdial.System("", "")})
	}
	if connect != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, connect)
		}
	}
	start := time.Now()
	var compliant int
	if loop {
		compliant, err = plain(context.Background(), at, transport)
	} else {
		compliant, err = sweep(endpoints, transport)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"compliant": compliant, "seconds": time.Since(start).Seconds(), "peak_kb": peakKB(),
	})
}

// sweep returns how many buckets were found compliant.
func sweep(endpoints alicloud.Endpoints, transport *http.Transport) (compliant int, err error) {
	client := alicloud.NewClient(endpoints, transport, nil)
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})
	warden := &ossenc.Warden{Store: client, Lister: client, Policy: policy.Evaluator{Policy: required}}
	ctx := ossenc.WithIdentity(context.Background(), ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: "LTAIbench", AccessKeySecret: "bench-secret"}, // the stub checks none
		Region:      "cn-hangzhou",
	})
	_, err = warden.Sweep(ctx, ossenc.SweepOptions{}, func(r ossenc.Result) bool {
		if r.Verdict == ossenc.Compliant {
			compliant++
		}
		return true
	})
	return compliant, err
}

// peakKB is the greatest resident memory so far.
func peakKB() (kb int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		return 0
	}
	return kb
}
