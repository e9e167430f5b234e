package handler

import (
	_ "embed"
)

//go:embed page/openapi.json
var openAPIDocument string

// openAPI describes the routes for programs.
func (x *exchange) openAPI() error {
	x.Header().Set("Content-Type", "application/json")
	x.print(openAPIDocument)
	return nil
}

// health says that the function runs. It asks nobody and tells nothing else.
func (x *exchange) health() error {
	x.reply(map[string]string{"status": "ok"})
	return nil
}
