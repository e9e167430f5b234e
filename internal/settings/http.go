package settings

import (
	"cmp"
	"errors"
	"os"

	"bucketwarden/handler/web"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/tlsdial"
)

// auth reads who may do what over HTTP. A setting without effect is an error,
// because its author relies on it.
func (r *reader) auth() web.Auth {
	a := web.Auth{ModeSetting: HTTPAuth, AllowSetting: HTTPAllow, Mode: oneOf(r, HTTPAuth, web.AuthNone, web.AuthPlatform, web.AuthTokens)}
	var err error
	if a.Tokens, err = web.ParseTokens(r.values[HTTPTokens]); err != nil {
		r.problem(HTTPTokens, err)
	}
	allow, allowErr := web.ParseScopes(cmp.Or(r.values[HTTPAllow], "report,apply"))
	if a.Allow = allow; allowErr != nil {
		r.problem(HTTPAllow, allowErr)
	}
	a.EventBridge = r.eventBridge()
	for _, name := range []string{HTTPTokens, EventBridgeURL, EventBridgeCert} {
		if r.values[name] != "" && a.Mode != web.AuthTokens {
			r.problem(name, errors.New("has no effect unless "+HTTPAuth+" is tokens"))
		}
	}
	if a.Mode == web.AuthTokens && len(a.Tokens) == 0 && a.EventBridge == nil && err == nil {
		r.problem(HTTPAuth, errors.New("is tokens, but "+HTTPTokens+" has none"))
	}
	return a
}

// eventBridge returns the verifier for EventBridge's signed deliveries; nil if they
// are not configured.
func (r *reader) eventBridge() *web.EventBridge {
	targets, certificate := r.values[EventBridgeURL], r.values[EventBridgeCert]
	switch {
	case targets == "" && certificate == "":
		return nil
	case targets == "":
		r.problem(EventBridgeURL, errors.New("is not set, but "+EventBridgeCert+" is; set both or none"))
		return nil
	case certificate == "":
		r.problem(EventBridgeCert, errors.New("is not set, but "+EventBridgeURL+" is; set both or none"))
		return nil
	}
	urls, err := web.ParseTargets(targets)
	if err != nil {
		r.problem(EventBridgeURL, err)
	}
	cert, err := web.ParseCertificate(certificate, os.ReadFile)
	if err != nil {
		r.problem(EventBridgeCert, err)
	}
	roots := tlsdial.System(r.values["SSL_CERT_FILE"], r.values["SSL_CERT_DIR"])
	return web.NewEventBridge(urls, cert, alicloud.NewTransportWith(&tlsdial.Dialer{Roots: roots}))
}
