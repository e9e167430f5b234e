# `make` lists the targets. Go is all that most of them need.
GO      ?= go
LOCAL   := $(GO) run ./internal/cmd/local
TOOL    := $(GO) tool -modfile=.ci/tools.mod
EVENT   ?= events/native-bucket-created.json
FUZZTIME ?= 1m

.DEFAULT_GOAL := help
.PHONY: help demo invoke local events test check fuzz build vuln

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

demo: ## one bucket through five events, against the real binary
	@$(LOCAL) demo

invoke: ## send one event: make invoke EVENT=events/x.json; the status is the function's
	@$(LOCAL) invoke -event $(EVENT)

local: ## keep the function, a local OSS and a console up, until ^C
	@$(LOCAL) serve

events: ## list the sample events
	@$(LOCAL) events

test: check ## every check and every test, as CI runs them
	$(GO) test -race -shuffle=on ./...

check: ## formatting, tidiness, vet, staticcheck
	@test -z "$$($(TOOL) gofumpt -l .)" || { $(TOOL) gofumpt -l .; echo 'not gofumpt-clean: run $(TOOL) gofumpt -w .'; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(TOOL) staticcheck -checks all,-ST1000,-ST1020,-ST1021,-ST1022 ./...

fuzz: ## run every fuzz target for FUZZTIME (1m) each
	@$(GO) list ./... | while read -r pkg; do \
	  $(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' | while read -r f; do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) "$$pkg" || exit 1; \
	  done || exit 1; done

build: ## the function as it is deployed: dist/main
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build -trimpath -ldflags '-s -w' -o dist/main .

vuln: ## known vulnerabilities; needs the vulnerability database, so not a part of test
	$(TOOL) govulncheck ./...
