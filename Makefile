# `make` lists the targets. Go is all that most of them need.
GO       ?= go
EVENT    ?= native-bucket-created
FUZZTIME ?= 1m
# What people set reaches the recipes through the environment, so that a space or a
# quote in it is a character like any other, and unexpanded, so that a $ is one too.
override EVENT := $(value EVENT)
export GO EVENT
export BUILT := dist/make/bucketwarden
COMMAND  := internal/make/run.sh
TOOL     := $(GO) tool -modfile=.ci/tools.mod

.DEFAULT_GOAL := help
.PHONY: help need-go demo invoke local events test test-long check fuzz vuln load

need-go:
	@internal/make/go.sh go.mod

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

demo: need-go ## one bucket through five events, against the real binary
	@$(COMMAND) demo --checkout .

invoke: need-go ## send one event: make invoke EVENT=timer; a sample (make events) or a file
	@$(COMMAND) invoke --checkout . -- "$${EVENT:-native-bucket-created}"

local: need-go ## keep the function, a local OSS and a console up, until ^C
	@# Job control gives ^C to the command alone: make would call it an error.
	@if [ -t 0 ]; then set -m; fi; $(COMMAND) local --checkout .

events: need-go ## list the sample events
	@$(COMMAND) events

test: check dist ## every check and every test, as CI runs them
	$(GO) test -race -shuffle=on -timeout 30m ./...
	@# Sweeps in synctest's bubbles run without the race detector: golang/go#78156.
	$(GO) test -shuffle=on ./ossenc
	$(GO) test -C internal/browser -timeout 20m ./...
	$(GO) test -C internal/setupcheck ./...
	@if command -v npm >/dev/null; then $(MAKE) -s s-check && npm test --prefix $(NODE); \
	elif [ -n "$$TEST_NODE" ]; then echo 'npm is missing'; exit 1; \
	else echo 'SKIPPED: the check of s.yaml needs Node and npm'; fi

test-long: need-go ## what takes long: whole fault matrices, 100,000 seeds, pages at every width, estates
	TEST_LONG=1 $(GO) test -shuffle=on -timeout 120m ./...
	TEST_LONG=1 $(GO) test -C internal/browser -timeout 60m ./...

check: need-go ## formatting, tidiness, vet, staticcheck
	@test -z "$$($(TOOL) gofumpt -l .)" || { $(TOOL) gofumpt -l .; echo 'not gofumpt-clean: run $(TOOL) gofumpt -w .'; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(TOOL) staticcheck -checks all,-ST1000,-ST1020,-ST1021,-ST1022 ./...

fuzz: need-go ## run every fuzz target for FUZZTIME (1m) each
	@$(GO) list ./... | while read -r pkg; do \
	  $(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' | while read -r f; do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s "$$pkg" || exit 1; \
	  done || exit 1; done

vuln: need-go ## known vulnerabilities; needs the vulnerability database, so not a part of test
	$(TOOL) govulncheck ./...

.PHONY: package s-check s-image s-invoke s-start deploy
NODE    := internal/deploy/node

# The policy that is packed: one that was asked for, not the example of policy-check.
package s-check deploy: export PACK := $(if $(filter command environment,$(origin POLICY)),$(value POLICY))

package: need-go ## what is deployed: dist/bucketwarden.zip; POLICY=policy.yaml is checked, tested and packed
	@$(GO) run ./internal/cmd/package -policy "$$PACK"

s-check: need-go ## check s.yaml, s.local.yaml and the variants, strictly, with the function's own reader and the real s preview; needs Node
	@$(GO) run ./internal/cmd/settingscheck -policy "$$PACK"
	@cd $(NODE) && npm ci --silent && npm run --silent check

s-image: ## the emulator's image for s local; needs Docker
	@internal/deploy/s-local.sh image

s-invoke: ## s local invoke with EVENT; needs s, its component fc3 and Docker
	@internal/deploy/s-local.sh invoke "$${EVENT:-native-bucket-created}"

s-start: ## s local start: the HTTP side; needs what s-invoke needs
	@internal/deploy/s-local.sh start

deploy: need-go ## deploy: ACCOUNT_ID=... make deploy REGIONS="cn-hangzhou cn-beijing" POLICY=policy.yaml; the first is home
	@internal/deploy/deploy.sh $(REGIONS)

.PHONY: screenshots
screenshots: need-go ## the pictures in docs/images, from the real command and page; needs chromium
	@$(GO) run ./internal/cmd/screenshots

.PHONY: install dist
BINDIR ?= $(or $(GOBIN),$(shell $(GO) env GOBIN),$(shell $(GO) env GOPATH)/bin)

install: need-go ## the command for people into BINDIR (Go's bin directory)
	@$(GO) run ./internal/cmd/dist -install "$(BINDIR)"

dist: need-go ## vet and build the command for Linux, macOS and Windows, with checksums: dist/command
	@$(GO) run ./internal/cmd/dist

.PHONY: policy-check policy-test
POLICY ?= docs/examples/policy.yaml
# Under a name of its own: an exported POLICY would reach s-check within make test.
policy-check policy-test: export CHECKED = $(value POLICY)

policy-check: need-go ## every mistake in a policy: make policy-check POLICY=policy.yaml
	@$(COMMAND) policy check -- "$$CHECKED"

policy-test: need-go ## hold a policy against its policy_test.yaml: make policy-test POLICY=policy.yaml
	@$(COMMAND) policy test -- "$$CHECKED"

load: need-go ## 50,000 events, 64 at a time, with one call in a hundred going wrong
	$(GO) test -count=1 -v -run '^TestLoad$$' ./internal/reliability -load 50000

.PHONY: mutants
mutants: ## mutation tests of the decision path, an hour or so; ARGS='-from 0 -most 60' runs a part
	@$(GO) run ./internal/cmd/mutants $(ARGS)

.PHONY: bench
bench: need-go ## speed, size and memory against two baselines; renews the tables of docs/performance.md
	$(GO) run ./bench -json dist/bench.json -doc docs/performance.md

.PHONY: estate
estate: need-go ## sweeps of 200,000 buckets in 40 accounts over many invocations, and kills; an hour or less
	TEST_LONG=1 $(GO) test -count=1 -timeout 120m -v ./internal/estate
