package oss_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	localoss "bucketwarden/internal/local/oss"
)

// TestNodeClient runs the official Node client, ali-oss, against the server.
func TestNodeClient(t *testing.T) {
	node := nodeOrSkip(t)
	for name, v := range map[string]struct{ endpoint, pathStyle string }{
		"real names":     {"oss-cn-hangzhou.aliyuncs.com", "false"},
		"virtual-hosted": {"localhost", "false"},
		"path style":     {"localhost", "true"},
		"IP address":     {"127.0.0.1", "false"}, // ali-oss then sends the real name as Host
	} {
		t.Run(name, func(t *testing.T) {
			server, listener := start(t, localoss.Options{})
			server.PutBucket(localoss.Bucket{Name: "first", Region: "cn-beijing"})
			server.AddKey(localoss.Key{AccessKeyID: "STS.local-id", AccessKeySecret: secret, SecurityToken: "local-token"})
			_, port, _ := net.SplitHostPort(listener.Listener.Addr().String())
			script := exec.CommandContext(t.Context(), node, "client.js", v.endpoint, port, v.pathStyle)
			script.Dir = nodeDir()
			if out, err := script.CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("%v\n%s", err, out)
			}
			if _, ok := server.Bucket("node-bucket"); ok || server.Count("PutBucketEncryption") != 3 {
				t.Errorf("the script did not do its work: %q", operations(server))
			}
		})
	}
}

func nodeDir() string { return filepath.Join("testdata", "clients", "node") }

// nodeOrSkip finds node and its modules. Where TEST_NODE is "required"
// their absence is a failure.
func nodeOrSkip(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(nodeDir(), "node_modules", "ali-oss"))
	}
	if err == nil {
		return node
	}
	const advice = "THE NODE CLIENT IS NOT TESTED: install Node.js 20 and run: npm ci --prefix internal/local/oss/testdata/clients/node"
	if os.Getenv("TEST_NODE") == "required" {
		t.Fatalf("%s (%v)", advice, err)
	}
	t.Skipf("%s (%v)", advice, err)
	return ""
}
