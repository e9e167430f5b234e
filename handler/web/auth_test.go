package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tokens are a token for each scope, one for all and one for report and apply,
// each with its name as the secret behind "s3cr3t-".
func tokens(t *testing.T) []Token {
	t.Helper()
	var entries []string
	for _, e := range []string{"report:report", "apply:apply", "remove:remove", "events:events", "both:report+apply", "approve:approve", "root:report+apply+approve+remove+events"} {
		name, _, _ := strings.Cut(e, ":")
		entries = append(entries, e+":"+hashOf("s3cr3t-"+name))
	}
	all, err := ParseTokens(strings.Join(entries, ", "))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type request struct{ method, target, body, scope string }

// patternOf returns the pattern that a request matches.
func patternOf(t *testing.T, method, target string) string {
	t.Helper()
	m := find(httptest.NewRequestWithContext(t.Context(), method, target, nil))
	if m.route == nil {
		return ""
	}
	return m.route.pattern()
}

// Every route × every identity × what HTTP may do at all.
func TestAuth_EveryRouteAndEveryIdentity(t *testing.T) {
	identities := []struct {
		name    string
		headers []string
		scopes  string // what it has; "-" if it is nobody
	}{
		{"Nobody", nil, "-"},
		{"EmptyToken", []string{"Authorization", "Bearer "}, "-"},
		{"UnknownToken", []string{"Authorization", "Bearer s3cr3t-other"}, "-"},
		{"Hash", []string{"Authorization", "Bearer " + hashOf("s3cr3t-root")}, "-"},
		{"NameOnly", []string{"Authorization", "Bearer root"}, "-"},
		{"Basic", []string{"Authorization", "Basic s3cr3t-root"}, "-"},
		{"TokenInQuery", nil, "-"},
		{"UnsignedEventBridge", []string{headerSignature, "AAAA"}, "-"},
		{"Report", []string{"Authorization", "Bearer s3cr3t-report"}, "report"},
		{"Apply", []string{"Authorization", "Bearer s3cr3t-apply"}, "apply"},
		{"Remove", []string{"Authorization", "bearer s3cr3t-remove"}, "remove"},
		{"Events", []string{"Authorization", "Bearer s3cr3t-events"}, "events"},
		{"Both", []string{"Authorization", "Bearer  s3cr3t-both "}, "report apply"},
		{"Approve", []string{"Authorization", "Bearer s3cr3t-approve"}, "approve"},
		{"Root", []string{"Authorization", "Bearer s3cr3t-root"}, "report apply approve remove events"},
	}
	requests := []request{
		{"GET", "/healthz", "", ""},
		{"GET", "/openapi.json", "", "any"},
		{"GET", "/report", "", "report"},
		{"HEAD", "/report", "", "report"},
		{"GET", "/buckets/app-aes/encryption", "", "report"},
		{"PUT", "/buckets/app-aes/encryption", "", "apply"},
		{"PUT", "/buckets/app-aes/encryption?dry_run=true", "", "apply"},
		{"DELETE", "/buckets/app-aes/encryption", "", "remove"},
		{"POST", "/events", "[]", "events"},
		{"POST", "/sweep", `{"action":"audit"}`, "apply"},
		{"POST", "/apply", "", "apply"},
		{"POST", "/apply?digest=x", "", "apply or approve"},
		{"POST", "/restore", "", "remove"},
		{"GET", "/nothing", "", "404"},
		{"POST", "/report", "", "405"},
	}
	for _, route := range routes {
		if !slices.ContainsFunc(requests, func(r request) bool { return patternOf(t, r.method, r.target) == route.pattern() }) {
			t.Errorf("no request asks for %s", route.pattern())
		}
	}
	for _, mode := range []AuthMode{AuthNone, AuthPlatform, AuthTokens} {
		for _, allow := range []string{"report,apply", "report", "approve", "report,apply,approve,remove,events"} {
			allowed, err := ParseScopes(allow)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range identities {
				for _, r := range requests {
					name := fmt.Sprintf("%s/%s/%s/%s %s", mode, allow, id.name, r.method, r.target)
					web, log := newWeb(account(), Auth{Mode: mode, Tokens: tokens(t), Allow: allowed, EventBridge: &EventBridge{}})
					rec := ask(t, web, r.method, r.target+tokenIn(id.name, r.target), r.body, id.headers...)
					if want, got := wantedStatus(mode, allow, id.scopes, r.scope), letIn(rec); got != want {
						t.Errorf("%s: %d, want %d", name, got, want)
					}
					if (rec.Code == 401) != strings.HasPrefix(rec.Header().Get("WWW-Authenticate"), `Bearer realm="bucketwarden"`) && rec.Code != 403 {
						t.Errorf("%s: %d with WWW-Authenticate %q", name, rec.Code, rec.Header().Get("WWW-Authenticate"))
					}
					if all := fmt.Sprint(rec.Body, log, rec.Header()); strings.Contains(all, "s3cr3t") || strings.Contains(all, hashOf("s3cr3t-root")) {
						t.Errorf("%s: a token got out: %s", name, all)
					}
				}
			}
		}
	}
}

// letIn returns the status, and 200 for whoever was let in and then told that the
// body makes no sense, or that OSS denied a bucket.
func letIn(rec *httptest.ResponseRecorder) int {
	var p problem
	if json.Unmarshal(rec.Body.Bytes(), &p) == nil && (p.Code == ossenc.Invalid || p.Code == ossenc.Denied) {
		return 200
	}
	return rec.Code
}

func tokenIn(identity, target string) string {
	if identity != "TokenInQuery" || strings.Contains(target, "?") || strings.HasPrefix(target, "/buckets") {
		return ""
	}
	return "?access_token=s3cr3t-root"
}

// wantedStatus is the rule in words: health is for all; without a mode nobody
// may do anything; who is not known is asked for a token before anything else is
// told; then the scope of the caller counts, then what HTTP may do.
func wantedStatus(mode AuthMode, allow, have, scope string) int {
	switch {
	case scope == "":
		return 200
	case mode == AuthNone:
		return 403
	case mode == AuthTokens && have == "-":
		return 401
	case scope == "404":
		return 404
	case scope == "405":
		return 405
	case scope == "any":
		return 200
	case scope == "apply or approve":
		return min(wantedStatus(mode, allow, have, "apply"), wantedStatus(mode, allow, have, "approve"))
	case mode == AuthTokens && !slices.Contains(strings.Fields(have), scope):
		return 403
	case !slices.Contains(strings.Split(allow, ","), scope):
		return 403
	}
	return 200
}

func TestAuth_SaysWhatToSet(t *testing.T) {
	web, _ := newWeb(account(), Auth{Allow: scopes, ModeSetting: "SETTING"})
	answered(t, ask(t, web, "GET", "/report", ""), 403, codeForbidden, "set SETTING to platform")
	web, _ = newWeb(account(), Auth{Mode: AuthPlatform, Allow: []Scope{ScopeReport}, AllowSetting: "SETTING"})
	answered(t, ask(t, web, "PUT", "/buckets/app-aes/encryption", ""), 403, codeForbidden, "SETTING does not list apply")
}

func TestAuth_TwoTokensAreNone(t *testing.T) {
	web, _ := newWeb(account(), Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes})
	answer := trigger(t, web, `{"version":"v1","rawPath":"/report","headers":{"authorization":"Bearer s3cr3t-root","Authorization":"Bearer s3cr3t-root"},"requestContext":{"http":{"method":"GET","path":"/report"}}}`)
	if answer.StatusCode != 401 {
		t.Errorf("%+v; want 401", answer)
	}
}

func TestAuth_TheLogNamesTheToken(t *testing.T) {
	web, log := newWeb(account(), Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes})
	ask(t, web, "GET", "/report?format=csv", "", "Authorization", "Bearer s3cr3t-both")
	if !strings.Contains(log.String(), `"by":"both"`) {
		t.Errorf("log %s", log)
	}
}

func TestParseTokens_EveryMistakeIsNamedAndNoneIsShown(t *testing.T) {
	good := "a:report:" + hashOf("x")
	tests := []struct{ name, setting, problem string }{
		{"TokenAlone", "s3cr3t", "entry 1: write name:scope+scope:hash"},
		{"SecondEntry", good + ",b:report:s3cr3t", "entry 2: the hash is not a SHA-256"},
		{"TokenForHash", "a:report:s3cr3t", "the hash is not a SHA-256 in hex (printf"},
		{"NoScope", "a::" + hashOf("s3cr3t"), "a scope is one of [report apply approve remove events]"},
		{"UnknownScope", "a:s3cr3t:" + hashOf("y"), "a scope is one of"},
		{"NameWithSpace", "s3 cr3t:report:" + hashOf("y"), "write name"},
		{"NoName", ":report:" + hashOf("y"), "write name"},
		{"SameName", good + ",a:report:" + hashOf("y"), "entry 2: its name or its token"},
		{"SameToken", good + ",b:apply:" + hashOf("x"), "entry 2: its name or its token"},
		{"EmptyToken", "a:report:" + hashOf(""), "entry 1: the hash is that of an empty token"},
		{"LineFeed", good + ",b:apply:" + hashOf("\n"), "entry 2: the hash is that of an empty token"},
		{"EmptyTokenInCapitals", "a:report:" + strings.ToUpper(hashOf("")), "an empty token"},
		{"TrailingComma", good + ",", "entry 2: write name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseTokens(tt.setting)
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Fatalf("%v, want %q", err, tt.problem)
			}
			if strings.Contains(err.Error(), "s3") {
				t.Errorf("%v shows what was set", err)
			}
		})
	}
	if _, err := ParseTokens("x,y:report:z"); err == nil || strings.Count(err.Error(), "entry") != 2 {
		t.Errorf("%v, want both mistakes", err)
	}
	if got, err := ParseTokens(""); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAuth_NothingShowsWhatIsSecret(t *testing.T) {
	m := account()
	m.Rules["app-fail"] = aes256
	m.Errs["app-fail"] = &ossenc.Error{Op: "GetBucketEncryption", Code: ossenc.Unavailable, Message: "no answer", Err: fmt.Errorf("s3cr3t-cause in the signed request")}
	web, log := newWeb(m, Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes})
	credentials := ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "s3cr3t-id", AccessKeySecret: "s3cr3t-key", SecurityToken: "s3cr3t-sts"}, Region: "cn-hangzhou", AccountID: "1"}
	var all strings.Builder
	for _, r := range []struct{ method, target string }{
		{"GET", "/healthz"},
		{"GET", "/openapi.json"},
		{"GET", "/report"},
		{"GET", "/report?format=html"},
		{"GET", "/report?format=csv"},
		{"GET", "/report?format=prometheus"},
		{"GET", "/buckets/app-fail/encryption"},
		{"PUT", "/buckets/app-none/encryption"},
		{"DELETE", "/buckets/app-fail/encryption"},
		{"POST", "/events"},
		{"GET", "/x"},
		{"PUT", "/report"},
	} {
		e := fmt.Sprintf(`{"version":"v1","rawPath":%q,"queryParameters":%s,"body":"s3cr3t-body","headers":{"authorization":"Bearer s3cr3t-root","x-eventbridge-signature-v2":"s3cr3t-signature","x-fc-security-token":"s3cr3t-header"},"requestContext":{"http":{"method":%q}}}`,
			pathOf(r.target), queryOf(r.target), r.method)
		all.Write(web.Trigger(ossenc.WithIdentity(t.Context(), credentials), []byte(e)))
	}
	if out := all.String() + log.String(); strings.Contains(out, "s3cr3t") {
		t.Errorf("a secret got out:\n%s", out)
	}
	if !strings.Contains(all.String(), "app-fail") || !strings.Contains(log.String(), `"by":"root"`) {
		t.Error("the requests did not do what this test is about")
	}
}

func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

func queryOf(target string) string {
	if _, query, found := strings.Cut(target, "?format="); found {
		return `{"format":"` + query + `"}`
	}
	return "{}"
}

// An empty token is refused even where its hash is among the known ones.
func TestBearer_AnEmptyTokenIsNeverKnown(t *testing.T) {
	a := Auth{Mode: AuthTokens, Tokens: []Token{{Name: "a", Scopes: scopes, Hash: sha256.Sum256(nil)}}, Allow: scopes}
	for _, value := range []string{"Bearer", "Bearer ", "Bearer \t ", "bearer  ", ""} {
		if got, err := a.bearer(http.Header{"Authorization": {value}}); err == nil {
			t.Errorf("%q is %q", value, got.Name)
		}
	}
}
