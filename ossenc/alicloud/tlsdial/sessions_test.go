package tlsdial

import (
	"crypto/tls"
	"fmt"
	"testing"
)

func TestGroupOf(t *testing.T) {
	for host, want := range map[string]string{
		"a.oss-cn-hangzhou.aliyuncs.com":              "oss-cn-hangzhou.aliyuncs.com",
		"oss-cn-hangzhou.aliyuncs.com":                "oss-cn-hangzhou.aliyuncs.com",
		"a.oss-cn-hangzhou-internal.aliyuncs.com":     "oss-cn-hangzhou-internal.aliyuncs.com",
		"oss-logs.oss-cn-hangzhou.aliyuncs.com":       "oss-cn-hangzhou.aliyuncs.com",
		"oss-cn-beijing.oss-cn-hangzhou.aliyuncs.com": "oss-cn-hangzhou.aliyuncs.com",
		"a.oss.private.example":                       "oss.private.example",
		"a.storage.example":                           "a.storage.example",
		"kms.cn-hangzhou.aliyuncs.com":                "kms.cn-hangzhou.aliyuncs.com",
		"sts.cn-hangzhou.aliyuncs.com":                "sts.cn-hangzhou.aliyuncs.com",
		"ossify.example":                              "ossify.example",
		"127.0.0.1":                                   "127.0.0.1",
		"localhost":                                   "localhost",
		"":                                            "",
	} {
		if got := Endpoint(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestSessions_AreResumedWithinARegion(t *testing.T) {
	files, _ := placed(t)
	for _, root := range []authority{cloudRoot, privateRoot} {
		s := serve(t, root.issue(nil, region, "*."+region, "*.oss-cn-beijing.aliyuncs.com"))
		d, _ := s.dialer(files)
		for i, v := range []struct {
			host    string
			resumed int64
		}{
			{region, 0}, // the list of buckets
			{"a." + region, 1},
			{"b." + region, 2},
			{"a." + region, 3},
			{"a.oss-cn-beijing.aliyuncs.com", 3}, // another region: a session of its own
			{"b.oss-cn-beijing.aliyuncs.com", 4},
		} {
			if err := visit(t, d, v.host); err != nil {
				t.Fatal(err)
			}
			if got := s.resumed.Load(); got != v.resumed {
				t.Errorf("%d. %s: %d resumed so far, want %d", i, v.host, got, v.resumed)
			}
		}
	}
}

// A session is not a way around the name in the certificate.
func TestSessions_AreNotForAHostThatTheCertificateDoesNotName(t *testing.T) {
	files, _ := placed(t)
	s := serve(t, cloudRoot.issue(nil, "a."+region))
	d, _ := s.dialer(files)
	if err := visit(t, d, "a."+region); err != nil {
		t.Fatal(err)
	}
	if err := visit(t, d, "b."+region); err == nil {
		t.Error("a certificate of a was taken for b")
	}
	if s.requests.Load() != 1 {
		t.Errorf("%d requests", s.requests.Load())
	}
}

func TestSessions_AreBounded(t *testing.T) {
	var s sessions
	state, err := tls.NewResumptionState([]byte("ticket"), &tls.SessionState{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxGroups {
		s.Put(fmt.Sprintf("a.oss-%d.aliyuncs.com", i), state)
	}
	kept := 0
	for i := range 2 * maxGroups {
		if _, ok := s.Get(fmt.Sprintf("b.oss-%d.aliyuncs.com", i)); ok {
			kept++
		}
	}
	if kept != maxGroups {
		t.Errorf("%d sessions are kept, want %d", kept, maxGroups)
	}
}

func TestConfig(t *testing.T) {
	var d Dialer
	c := d.Config()
	if c.RootCAs != nil || c.InsecureSkipVerify || c.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v", c)
	}
	for _, curve := range c.CurvePreferences {
		if curve != tls.X25519 && curve != tls.CurveP256 {
			t.Errorf("key exchange %s", curve)
		}
	}
}
