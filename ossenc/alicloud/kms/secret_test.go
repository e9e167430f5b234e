package kms_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
)

// TestErrorsHoldNoSecret lets KMS and the network say all they know.
func TestErrorsHoldNoSecret(t *testing.T) {
	secrets := []string{"MARK-SECRET", "MARK-TOKEN", "MARK-ID"}
	_, client, w := newKMS(t)
	wrong := credentials
	wrong.AccessKeySecret += "-WRONG"
	_, mismatch := client.Describe(ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: wrong}), "cn-hangzhou", "key-1")
	server, client2, _ := newKMS(t)
	server.SetFault(func(localrpc.Request) *localrpc.Fault {
		return &localrpc.Fault{Code: "IncompleteSignature", Message: "does not conform. server string to sign is:POST&AccessKeyId%3DSTS.MARK-ID%26SecurityToken%3DMARK-TOKEN"}
	})
	_, incomplete := client2.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
	for _, err := range []error{mismatch, incomplete} {
		if ossenc.CodeOf(err) != ossenc.Denied {
			t.Errorf("%v", err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "err", e, "raw", fmt.Sprintf("%+v %#v", e, e))
			for _, s := range secrets {
				if strings.Contains(log.String(), s) {
					t.Errorf("%s in %s", s, log.String())
				}
			}
		}
	}
	for _, host := range w.hosts {
		if strings.Contains(host, "MARK") {
			t.Errorf("in the address: %s", host)
		}
	}
}
