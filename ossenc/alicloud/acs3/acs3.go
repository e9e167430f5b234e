// Package acs3 signs requests to Alibaba Cloud with ACS3-HMAC-SHA256, the
// signature of version 3 of its APIs.
//
// It has two forms. [Sign] is the ordinary one of the API gateways (KMS, Cloud
// Config, ActionTrail, Resource Directory, Function Compute): it covers the host,
// every x-acs-* header, the query and the body. [SignTrigger] is the one that HTTP
// triggers of Function Compute 3.0 check: it covers neither the host nor the body.
//
// The signature itself is the vendor's own code (openapi-util); this package says
// what goes into it, and puts the result on an [http.Request]. The security token
// travels in a header, never in the address.
package acs3

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/openapi-util/service"
	"github.com/alibabacloud-go/tea/tea"

	"bucketwarden/ossenc"
)

// Algorithm begins the Authorization header of every signed request.
const Algorithm = "ACS3-HMAC-SHA256"

// timeFormat is that of x-acs-date: UTC, to the second.
const timeFormat = "2006-01-02T15:04:05Z"

// Operation names what is asked for.
type Operation struct {
	Action  string // such as PutEvaluations
	Version string // version of the service's API, such as 2020-09-07
}

// Sign signs r, whose body is body, at the time now. Headers that r has already
// are covered if they are content-type or x-acs-*; set those first. Other headers,
// the x-fc-* ones of Function Compute among them, are not covered.
//
// Only the first value of a query parameter is signed, so no parameter may repeat.
func Sign(r *http.Request, op Operation, body []byte, c ossenc.Credentials, now time.Time) {
	sign(r, op, body, c, now, rand.Text())
}

// sign is Sign with a nonce, which the service accepts once.
func sign(r *http.Request, op Operation, body []byte, c ossenc.Credentials, now time.Time, nonce string) {
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	set := r.Header.Set
	set("x-acs-action", op.Action)
	set("x-acs-version", op.Version)
	set("x-acs-date", now.UTC().Format(timeFormat))
	set("x-acs-signature-nonce", nonce)
	set("x-acs-content-sha256", digest)
	if c.SecurityToken != "" {
		// Only beside a token, as the vendor's clients send it.
		set("x-acs-accesskey-id", c.AccessKeyID)
		set("x-acs-security-token", c.SecurityToken)
	}
	headers := covered(r)
	headers["host"] = new(host(r))
	authorize(r, r.URL.Path, headers, digest, c)
}

// SignTrigger signs r for an HTTP trigger of Function Compute 3.0 whose authType
// is function, at the time now. The last line of what is signed is empty: the body
// is not covered, and neither is the host. (Source: "Configure signature
// authentication for HTTP triggers"; its samples in four languages agree.)
//
// Only the first value of a query parameter is signed, so no parameter may repeat.
func SignTrigger(r *http.Request, c ossenc.Credentials, now time.Time) {
	r.Header.Set("x-acs-date", now.UTC().Format(timeFormat))
	if c.SecurityToken != "" {
		r.Header.Set("x-acs-security-token", c.SecurityToken)
	}
	authorize(r, strings.ReplaceAll(r.URL.Path, "$", "%24"), covered(r), "", c)
}

// covered returns the headers that both forms sign.
func covered(r *http.Request) map[string]*string {
	headers := map[string]*string{}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			headers[name] = &values[0]
		}
	}
	return headers
}

func authorize(r *http.Request, path string, headers map[string]*string, payload string, c ossenc.Credentials) {
	request := &tea.Request{Method: &r.Method, Pathname: &path, Query: first(r.URL.Query()), Headers: headers}
	r.Header.Set("Authorization", *openapi.GetAuthorization(request, new(Algorithm), &payload, &c.AccessKeyID, &c.AccessKeySecret))
}

func first(query url.Values) map[string]*string {
	params := map[string]*string{}
	for name, values := range query {
		params[name] = &values[0]
	}
	return params
}

// host is the one that net/http sends.
func host(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}
