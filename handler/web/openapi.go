package web

import (
	_ "embed"
	"io"
)

//go:embed openapi.json
var openAPIDocument string

// openAPI describes the routes for programs.
func (x *exchange) openAPI() error {
	if _, err := x.parameters(); err != nil {
		return err
	}
	x.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(x, openAPIDocument) // a caller that has gone needs nothing
	return nil
}

// health says that the function runs, and nothing else.
func (x *exchange) health() error {
	if _, err := x.parameters(); err != nil {
		return err
	}
	return x.reply(map[string]string{"status": "ok"})
}
