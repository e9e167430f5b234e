package stack

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// ClientLine is what to copy to point one client at the local OSS.
type ClientLine struct {
	// Client is its name, Line the line.
	Client, Line string
}

// ClientLines returns a line for each client. ossURL is where OSS answers, functionAddr
// is host and port.
func ClientLines(ossURL, functionAddr string) []ClientLine {
	scheme, ossAddr, _ := strings.Cut(ossURL, "://")
	_, port, _ := net.SplitHostPort(ossAddr)
	fill := func(line string) string {
		return strings.NewReplacer("http://OSS_ADDR", ossURL, "http://localhost:OSS_PORT", scheme+"://localhost:"+port, "FUNCTION_ADDR", functionAddr,
			"KEY_ID", UserKey.AccessKeyID, "SECRET", UserKey.AccessKeySecret).Replace(line)
	}
	return []ClientLine{
		{"ossutil 1.7", fill(`ossutil ls -e http://OSS_ADDR -i KEY_ID -k SECRET --sign-version v4 --region cn-hangzhou`)},
		{"ali-oss", fill(`new OSS({ endpoint: 'http://localhost:OSS_PORT', sldEnable: true, region: 'oss-cn-hangzhou', authorizationV4: true, accessKeyId: 'KEY_ID', accessKeySecret: 'SECRET' })`)},
		{"Python, oss2", fill(`oss2.Service(oss2.AuthV4('KEY_ID', 'SECRET'), 'http://OSS_ADDR', region='cn-hangzhou')`)},
		{"Go SDK v1", fill(`oss.New("http://OSS_ADDR", "KEY_ID", "SECRET", oss.AuthVersion(oss.AuthV4), oss.Region("cn-hangzhou"))`)},
		{"Go SDK v2", fill(`oss.NewClient(oss.LoadDefaultConfig().WithEndpoint("http://OSS_ADDR").WithRegion("cn-hangzhou").WithCredentialsProvider(credentials.NewStaticCredentialsProvider("KEY_ID", "SECRET")))`)},
		{"s invoke", fill(`FC_CLIENT_CUSTOM_ENDPOINT=http://FUNCTION_ADDR s invoke -f events/native-bucket-created.json`)},
	}
}

// commandNames are the command's names for the function's settings of endpoints.
var commandNames = map[string]string{
	"WARDEN_OSS_ENDPOINT": "BUCKETWARDEN_ENDPOINT", "WARDEN_KMS_ENDPOINT": "BUCKETWARDEN_KMS_ENDPOINT",
	"WARDEN_STS_ENDPOINT": "BUCKETWARDEN_STS_ENDPOINT", "WARDEN_ACTIONTRAIL_ENDPOINT": "BUCKETWARDEN_ACTIONTRAIL_ENDPOINT",
	"WARDEN_RESOURCE_DIRECTORY_ENDPOINT": "WARDEN_RESOURCE_DIRECTORY_ENDPOINT", // there is no flag
	"SSL_CERT_FILE":                      "SSL_CERT_FILE",
}

// writeEnv writes the file that makes a shell's bucketwarden use this cloud: its key, all
// of its endpoints, and the authority that its STS is trusted by.
func (s *Served) writeEnv() error {
	s.EnvFile = filepath.Join(filepath.Dir(s.CAFile), "env")
	text := "export ALIBABA_CLOUD_ACCESS_KEY_ID='" + UserKey.AccessKeyID + "'\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET='" + UserKey.AccessKeySecret + "'\n"
	for _, pair := range s.Env() {
		name, value, _ := strings.Cut(pair, "=")
		if name = commandNames[name]; name != "" {
			text += "export " + name + "='" + value + "'\n"
		}
	}
	return os.WriteFile(s.EnvFile, []byte(text), 0o600)
}

// Guide writes what is where and what to try.
func (s *Served) Guide(w io.Writer) {
	fmt.Fprintf(w, `
Bucketwarden is up, on this machine alone. ^C ends it.

  the console     http://%[1]s          create, change and delete buckets by clicking
  the report      http://%[2]s/report   the account's report, as a page
  the local OSS   %[3]s          key %[4]s, secret %[5]s
  the function    http://%[2]s

Create a bucket, and read what the function made of it:

  curl -X PUT    '%[1]s/my-bucket?region=cn-hangzhou'
  curl -X DELETE  %[1]s/my-bucket/encryption
  curl -X PUT    '%[1]s/my-bucket/encryption?algorithm=KMS&key=key-1'
  curl            %[1]s/

Report, plan and change its buckets from another terminal (make install has the command):

  . %[7]s
  bucketwarden report

Send an event yourself:

  bucketwarden events actiontrail-encryption-deleted | curl --data @- \
       http://%[2]s%[6]s

Point an OSS client at it. Your buckets are in the region that you sign for:

`, s.At.Console, s.At.Function, s.OSSURL, UserKey.AccessKeyID, UserKey.AccessKeySecret, Invocations, s.EnvFile)
	for _, l := range ClientLines(s.OSSURL, s.At.Function) {
		fmt.Fprintf(w, "  # %s\n  %s\n", l.Client, l.Line)
	}
	if strings.HasPrefix(s.OSSURL, "https:") {
		fmt.Fprintf(w, "\nOSS speaks HTTPS. Clients trust %s\n(SSL_CERT_FILE for Go, NODE_EXTRA_CA_CERTS for Node, REQUESTS_CA_BUNDLE for Python).\n", s.CAFile)
	}
	fmt.Fprint(w, "\nWhat happens:\n\n")
}
