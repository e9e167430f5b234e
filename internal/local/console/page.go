package console

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	localoss "bucketwarden/internal/local/oss"
)

//go:embed page.html page.js page.css
var files embed.FS

// file serves a part of the page, which loads nothing from anywhere else.
func (c *Console) file(name, kind string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(b) // a caller that has gone needs no page
		return nil
	}
}

type pageState struct {
	Buckets []pageBucket `json:"buckets"`
	Regions []string     `json:"regions"`
	Region  string       `json:"region"`
	Keys    []pageKey    `json:"keys"`
}

type pageBucket struct {
	Name    string `json:"name"`
	Region  string `json:"region"`
	Rule    string `json:"rule"`
	Objects int    `json:"objects"`
}

type pageKey struct {
	ID     string `json:"id"`
	Region string `json:"region"`
	State  string `json:"state"`
}

// state is all that the page shows beside the feed.
func (c *Console) state(w http.ResponseWriter, r *http.Request) error {
	if err := parameters(r); err != nil {
		return err
	}
	s := pageState{Buckets: []pageBucket{}, Regions: localoss.Regions(), Region: c.Region}
	for _, b := range c.OSS.Buckets() {
		s.Buckets = append(s.Buckets, pageBucket{b.Name, b.Region, Rule(b.Rule), c.OSS.Objects(b.Name)})
	}
	for _, k := range c.KMS.Keys() {
		s.Keys = append(s.Keys, pageKey{k.ID, k.Region, k.State})
	}
	return reply(w, s)
}

// feed answers the changes after a sequence number, as soon as there is one.
func (c *Console) feed(w http.ResponseWriter, r *http.Request) error {
	if err := parameters(r, "after"); err != nil {
		return err
	}
	after, err := strconv.Atoi(r.FormValue("after"))
	if err != nil || after < 0 {
		return refuse(http.StatusBadRequest, "after is a sequence number, 0 at first")
	}
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	changes := c.Feed.Since(ctx, after)
	if changes == nil {
		changes = []Change{}
	}
	return reply(w, changes)
}

func reply(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(v)
}
