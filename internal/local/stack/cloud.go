package stack

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	localrpc "bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
)

// cloud is what the function speaks to: OSS, KMS and STS of the same accounts,
// which know the same keys.
type cloud struct {
	oss *localoss.Server
	kms *localkms.Server
	sts *localsts.Server

	ossURL, stsURL string
	kmsURLs        []string // region=URL
	ca             string   // file with the certificate of the local STS
	servers        []*http.Server
	stsServer      *httptest.Server
}

func startCloud(ctx context.Context, o Options) (*cloud, error) {
	c := &cloud{oss: localoss.New(o.OSS), kms: localkms.New(localkms.Options{})}
	c.sts = localsts.New(localsts.Options{OnIssue: func(i localsts.Issued) {
		c.addKey(localoss.Key{AccessKeyID: i.AccessKeyID, AccessKeySecret: i.AccessKeySecret, SecurityToken: i.SecurityToken, Expires: i.Expires, AccountID: i.AccountID})
	}})
	c.addKey(UserKey)
	var err error
	if c.ossURL, err = c.serve(ctx, o.OSSAddr, c.oss); err != nil {
		return nil, fmt.Errorf("the local OSS: %w", err)
	}
	for _, k := range o.Keys {
		c.kms.PutKey(k)
	}
	for _, region := range regions { // KMS has an endpoint in each
		url, err := c.serve(ctx, "", c.kms.In(region))
		if err != nil {
			return nil, fmt.Errorf("the local KMS: %w", err)
		}
		c.kmsURLs = append(c.kmsURLs, region+"="+url)
	}
	for _, r := range o.Roles {
		c.sts.PutRole(r)
	}
	if len(o.Roles) > 0 {
		err = c.serveSTS(o.Dir)
	}
	return c, err
}

// regions are those with a local KMS.
var regions = []string{Region, "cn-beijing", "ap-southeast-1"}

func (c *cloud) serve(ctx context.Context, addr string, h http.Handler) (string, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h}
	c.servers = append(c.servers, server)
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	return "http://" + l.Addr().String(), nil
}

// serveSTS starts STS, over TLS because credentials-go speaks nothing else, and
// writes its certificate into dir for the function to trust.
func (c *cloud) serveSTS(dir string) error {
	c.stsServer = httptest.NewTLSServer(c.sts)
	c.stsURL = c.stsServer.URL
	c.ca = filepath.Join(dir, "sts.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: c.stsServer.Certificate().Raw}
	return os.WriteFile(c.ca, pem.EncodeToMemory(block), 0o600)
}

// addKey lets a key sign requests to all services.
func (c *cloud) addKey(k localoss.Key) {
	c.oss.AddKey(k)
	rpc := localrpc.AccessKey{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken, Expires: k.Expires, AccountID: k.AccountID}
	c.kms.AddAccessKey(rpc)
	c.sts.AddAccessKey(rpc)
}

// env is where the services are, in the function's settings.
func (c *cloud) env() []string {
	env := []string{"WARDEN_OSS_ENDPOINT=" + c.ossURL, "WARDEN_KMS_ENDPOINT=" + strings.Join(c.kmsURLs, ",")}
	if c.stsURL != "" {
		env = append(env, "WARDEN_STS_ENDPOINT="+c.stsURL, "SSL_CERT_FILE="+c.ca)
	}
	return env
}

func (c *cloud) close() {
	for _, s := range c.servers {
		_ = s.Close() // nothing is lost that is not in memory
	}
	if c.stsServer != nil {
		c.stsServer.Close()
	}
}

// credentials is a key in the platform's words.
func credentials(k localoss.Key) localfc.Credentials {
	return localfc.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}
}
