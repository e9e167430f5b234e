package function

import (
	"context"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bucketwarden/handler/service"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// secure is a server over TLS that knows nothing. Its certificate is for 127.0.0.1 and
// not for localhost.
type secure struct {
	*httptest.Server
	requests atomic.Int64
}

func serveTLS(t *testing.T) *secure {
	s := &secure{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		w.WriteHeader(http.StatusForbidden) // so that nobody asks again
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestMain makes the certificate of httptest's servers a root of this process, as a
// company's own root would be: crypto/x509 reads the system's once.
func TestMain(m *testing.M) {
	s := httptest.NewTLSServer(nil)
	s.Close()
	dir, err := os.MkdirTemp("", "function")
	if err == nil {
		file := filepath.Join(dir, "roots.pem")
		err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600)
		_ = os.Setenv("SSL_CERT_FILE", file)
		_ = os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none"))
	}
	if err != nil {
		panic(err)
	}
	m.Run()
	_ = os.RemoveAll(dir)
}

// asked are all calls of the function to services of the cloud, by service.
var asked = map[string]func(ctx context.Context, cfg settings.Config, c *cloud, s *service.Service) error{
	"OSS": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) error {
		_, err := newWarden(cfg, c).Store.Get(ctx, ossenc.Bucket{Name: "a-bucket", Region: "cn-hangzhou"})
		return err
	},
	"OSS's list": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) (err error) {
		for _, err = range newWarden(cfg, c).Lister.List(ctx, "", "") {
		}
		return err
	},
	"KMS": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) error {
		_, err := newWarden(cfg, c).Keys.Describe(ctx, "cn-hangzhou", "alias/a-key")
		return err
	},
	"STS": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) error {
		_, err := newWarden(cfg, c).Accounts.Identity(ctx, "2222222222222222")
		return err
	},
	"the Resource Directory": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) error {
		list, err := newWarden(cfg, c).Accounts.List(ctx)
		if err == nil && len(list.Problems) > 0 {
			err = list.Problems[0]
		}
		return err
	},
	"ActionTrail": func(ctx context.Context, cfg settings.Config, c *cloud, _ *service.Service) error {
		log := &recorder{}
		newFights(cfg, c, slog.New(log)).Recent(ctx, ossenc.Bucket{Name: "a-bucket", Region: "cn-hangzhou", Account: "1111111111111111"})
		return log.err
	},
	"Cloud Config": func(ctx context.Context, _ settings.Config, _ *cloud, s *service.Service) error {
		return s.ConfigRules.Put(ctx, "token", []service.Evaluation{{Account: "1111111111111111", Ordering: "1"}}, false)
	},
	"Function Compute": func(ctx context.Context, _ settings.Config, _ *cloud, s *service.Service) error {
		_, err := s.Invoker.Start(ctx, "", "task", []byte("{}"))
		return err
	},
}

// recorder keeps the error that was logged.
type recorder struct {
	slog.Handler
	err error
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	rec.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			r.err = &ossenc.Error{Code: ossenc.Internal, Message: a.Value.String()}
		}
		return true
	})
	return nil
}

// Whatever service is asked, its certificate is checked before it gets a byte of a
// request, by the system's roots and for its name.
func TestEveryService_IsAskedOverTLSThatIsChecked(t *testing.T) {
	for name, ask := range asked {
		t.Run(name, func(t *testing.T) { // one after the other: a process has one transport for STS
			s := serveTLS(t)
			cfg, warden, c := everywhere(t, s.URL)
			if err := ask(invocation(t), cfg, c, warden); err == nil || s.requests.Load() == 0 {
				t.Errorf("a server that is trusted got %d requests; %v", s.requests.Load(), err)
			}
			got := s.requests.Load()
			cfg, warden, c = everywhere(t, strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
			err := ask(invocation(t), cfg, c, warden)
			if err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("another name's certificate: %v", err)
			}
			if n := s.requests.Load() - got; n > 0 {
				t.Errorf("a server that is not trusted got %d requests", n)
			}
		})
	}
}

// everywhere is a function to which all services are at one address.
func everywhere(t *testing.T, url string) (settings.Config, *service.Service, *cloud) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	text := "version: 1\nresource_directory: {role_name: member}\naccounts: [{id: '2222222222222222', role_arn: 'acs:ram::2222222222222222:role/member'}]\nrules: [{name: all, want: {algorithm: AES256}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		settings.Policy + "=" + file, settings.Trail + "=on", settings.RoleName + "=guard", settings.SweepContinue + "=self", "FC_FUNCTION_NAME=bucketwarden",
		"SSL_CERT_FILE=" + os.Getenv("SSL_CERT_FILE"), "SSL_CERT_DIR=" + os.Getenv("SSL_CERT_DIR"),
	}
	for _, endpoint := range []string{
		settings.OSSEndpoint, settings.KMSEndpoint, settings.STSEndpoint, settings.TrailEndpoint, settings.ConfigEndpoint, settings.FCEndpoint, settings.DirectoryEndpoint,
	} {
		environ = append(environ, endpoint+"="+url)
	}
	cfg, err := settings.Read(environ)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	return cfg, NewService(cfg, log), newCloud(cfg, log)
}

func invocation(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ossenc.WithIdentity(ctx, ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: "STS.key", AccessKeySecret: "secret-of-the-key", SecurityToken: "token-of-the-key"},
		Region:      "cn-hangzhou", AccountID: "1111111111111111",
	})
}
