// Command sweep goes over an account's buckets as Bucketwarden does, and prints
// one JSON line: how many, how long, and its greatest resident memory. It is a
// process of its own so that its memory is nobody else's.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of OSS")
	connect := flag.String("connect", "", "host:port that every connection goes to, whatever host it is for")
	flag.Parse()
	if err := run(*endpoint, *connect); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

func run(endpoint, connect string) error {
	endpoints, err := ossenc.ParseEndpoints(endpoint)
	if err != nil {
		return err
	}
	transport := ossenc.NewTransport()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return dial(ctx, network, connect) }
	client := ossenc.NewClient(endpoints, transport, nil)
	warden := &ossenc.Warden{Store: client, Lister: client}
	ctx := ossenc.WithIdentity(context.Background(), ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: "LTAIbench", AccessKeySecret: "bench-secret"}, // the stub checks none
		Region:      "cn-hangzhou",
	})
	verdicts := map[ossenc.Verdict]int{}
	start := time.Now()
	_, err = warden.Run(ctx, ossenc.Sweep{Want: ossenc.Want{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}}, func(r ossenc.Result) bool {
		verdicts[r.Verdict]++
		return true
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"verdicts": verdicts, "seconds": time.Since(start).Seconds(), "peak_kb": peakKB(),
	})
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
