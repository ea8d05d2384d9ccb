# The build of kubectl-kkp_mirror. `make` alone lists the targets.
# Needed: Go, make, git. With a C compiler, the tests also run under the race detector.

GO      ?= go
VERSION ?= $(shell git describe --tags --match 'v[0-9]*' --always --dirty 2>/dev/null || echo v0.0.0-dev)

MODULE  := github.com/kkp-mirror/kubectl-kkp_mirror
BINARY  := bin/kubectl-kkp_mirror
COMMITTED := $(shell git log -1 --format=%cI 2>/dev/null)
LDFLAGS := -s -w -X $(MODULE)/pkg/plugin.version=$(VERSION) -X $(MODULE)/pkg/plugin.committed=$(COMMITTED)

# Everything but the race detector compiles in this one way, so that building, checking
# and documenting share Go's build cache.
STATIC := CGO_ENABLED=0 GOFLAGS='$(strip $(GOFLAGS) -trimpath -buildvcs=false)'

# Go reports CGO_ENABLED=0 where there is no C compiler, and then there is no race detector.
CGO   = $(shell $(GO) env CGO_ENABLED)
RACE  = $(if $(filter 1,$(CGO)),-race)

# hack/ does one thing at a time; under the race detector its tests would only be slower.
CONCURRENT := ./cmd/... ./pkg/... ./test/...

# The scripts of one package share a sandbox. On two busy cores, under the race detector, they
# may need most of an hour, and go test allows a package ten minutes.
TIMEOUT := 80m

# The tools are kept in a directory named after what they are built from.
TOOLS_HASH := $(shell { cat hack/tools/go.mod hack/tools/go.sum; $(GO) env GOVERSION; } | git hash-object --stdin | cut -c1-12)
TOOLS      := $(CURDIR)/bin/tools/$(TOOLS_HASH)
LINT       := $(TOOLS)/golangci-lint
VULNCHECK  := $(TOOLS)/govulncheck

say = @printf '==> %s\n' "$(1)"

.DEFAULT_GOAL := help
.PHONY: help build install sandbox test test-unit cover fuzz demo cast bench profile lint fmt vulncheck docs docs-check release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

build: ## Build the plugin into bin/
	$(call say,building $(BINARY) $(VERSION); the first time this takes a minute or two)
	@$(STATIC) $(GO) build -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/kubectl-kkp_mirror

BINDIR ?= $(or $(shell $(GO) env GOBIN),$(shell $(GO) env GOPATH)/bin)

install: build ## Install the plugin and its completion into BINDIR (where go install puts programs)
	$(call say,installing into $(BINDIR))
	@mkdir -p '$(BINDIR)'
	@install -m 755 $(BINARY) '$(BINDIR)/kubectl-kkp_mirror'
	@'$(BINDIR)/kubectl-kkp_mirror' completion install --dir '$(BINDIR)'

sandbox: ## Build the sandbox and kubectl into bin/ (the first time takes several minutes)
	$(call say,building the sandbox and kubectl; the first time this takes several minutes)
	@GO='$(GO)' test/sandbox/build.sh bin

test: build sandbox ## Run every test, with the sandbox
	$(call say,testing with the sandbox $(if $(RACE),under the race detector,without the race detector: no C compiler here))
	@command -v docker-registry >/dev/null || echo '==> docker-registry is not installed (Debian: docker-registry): its tests are left out'
	@KKP_MIRROR_SANDBOX='$(CURDIR)/bin/sandbox' KKP_MIRROR_BIN='$(CURDIR)/bin' $(GO) test -timeout $(TIMEOUT) $(RACE) $(CONCURRENT)
	$(call say,testing the tools of the project and the release)
	@KKP_MIRROR_BIN='$(CURDIR)/bin' $(STATIC) $(GO) test ./hack/...
	$(call say,testing the sandbox itself)
	@cd test/sandbox && SANDBOX='$(CURDIR)/bin/sandbox' $(STATIC) $(GO) test ./...
	$(call say,testing the page to review in a browser)
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || echo '==> chromium is not installed (Debian: chromium): the tests in a browser are left out'
	@cd test/browser && KKP_MIRROR_PICTURES='$(CURDIR)/bin/pictures' $(STATIC) $(GO) test ./...
	$(call say,testing with code of operating-system-manager)
	@cd test/osm && SANDBOX='$(CURDIR)/bin/sandbox' $(STATIC) $(GO) test ./...

test-unit: ## Run the tests that need no sandbox
	$(call say,testing $(if $(RACE),under the race detector,without the race detector: no C compiler here))
	@$(GO) test -timeout $(TIMEOUT) $(RACE) $(CONCURRENT)
	$(call say,testing the tools of the project and the release)
	@$(STATIC) $(GO) test ./hack/...

# The packages whose tests run, and whose statements are counted.
COVER ?= ./cmd/... ./pkg/...

empty :=
comma := ,

cover: ## Measure how much of the code the tests without a sandbox run (bin/cover.html, COVER='./pkg/… …' for less)
	$(call say,testing with a count of each statement)
	@mkdir -p bin
	@$(STATIC) $(GO) test -timeout $(TIMEOUT) -coverpkg='$(subst $(empty) $(empty),$(comma),$(strip $(COVER)))' -coverprofile=bin/cover.out $(COVER)
	@$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -1

# A command that needs no cluster, unless another is given.
PROFILE ?= images -f cmd/kubectl-kkp_mirror/testdata/configurations/plain.yaml --kkp-version v2.31.0 --edition ce --source components -o name

profile: build ## Write CPU and memory profiles of a command to bin/profile/ (PROFILE='images …')
	@mkdir -p bin/profile
	@$(BINARY) $(PROFILE) --profile bin/profile >/dev/null
	@$(GO) tool pprof -top -nodecount 15 $(BINARY) bin/profile/cpu.pprof

FUZZTIME ?= 10s

fuzz: ## Run every fuzz target, for FUZZTIME (10s) each
	@GO='$(GO)' $(STATIC) hack/fuzz.sh '$(FUZZTIME)'

demo: build sandbox ## Take a sample installation offline, from end to end
	$(call say,running the demo)
	@$(STATIC) $(GO) run ./hack/demo -bin bin

cast: build sandbox ## Record the demo to docs/demo.cast, and draw docs/images/demo.svg
	$(call say,recording the demo)
	@$(STATIC) $(GO) run ./hack/demo -bin bin -cast docs/demo.cast -picture docs/images/demo.svg

bench: build sandbox ## Run the benchmarks, and measure copying against other tools (BENCH='-rounds 1 -ours' for less)
	$(call say,running the benchmarks)
	@$(STATIC) $(GO) test -run '^$$' -bench . -benchmem ./...
	$(call say,measuring copies over a slow link; this takes most of an hour)
	@mkdir -p bin
	@$(STATIC) $(GO) run ./hack/bench -json bin/bench.json $(BENCH)
	$(call say,measuring installations with up to 1000 user clusters; this takes some minutes)
	@$(STATIC) $(GO) run ./hack/bench api -json bin/bench-api.json $(BENCH_API)
	$(call say,measuring copies by the pods of a Job; this takes some minutes)
	@$(STATIC) $(GO) run ./hack/bench pods -json bin/bench-pods.json $(BENCH_PODS)

lint: $(LINT) ## Check style and import rules in all modules, and the workflows
	$(call say,linting the workflows)
	@cd hack/tools/actionlint && $(STATIC) $(GO) tool actionlint -shellcheck= -pyflakes= $(CURDIR)/.github/workflows/*.yaml
	$(call say,linting the plugin)
	@$(LINT) fmt --diff
	@$(STATIC) $(GO) vet ./...
	@$(STATIC) $(LINT) run
	$(call say,linting the sandbox)
	@cd test/sandbox && $(LINT) fmt --diff
	@cd test/sandbox && $(STATIC) $(GO) vet ./...
	@cd test/sandbox && $(STATIC) $(LINT) run
	$(call say,linting the tests in a browser)
	@cd test/browser && $(LINT) fmt --diff
	@cd test/browser && $(STATIC) $(GO) vet ./...
	@cd test/browser && $(STATIC) $(LINT) run
	$(call say,linting the tests with operating-system-manager)
	@cd test/osm && $(LINT) fmt --diff
	@cd test/osm && $(STATIC) $(GO) vet ./...
	@cd test/osm && $(STATIC) $(LINT) run

fmt: $(LINT) ## Format the code of all modules
	@$(LINT) fmt
	@cd test/sandbox && $(LINT) fmt
	@cd test/osm && $(LINT) fmt
	@cd test/browser && $(LINT) fmt

vulncheck: $(VULNCHECK) ## Look for known vulnerabilities (asks vuln.go.dev)
	$(call say,asking vuln.go.dev about the plugin's dependencies)
	@$(STATIC) $(VULNCHECK) ./...

docs: ## Generate docs/reference/
	$(call say,generating docs/reference)
	@$(STATIC) $(GO) run ./hack/docs -dir docs/reference

docs-check: ## Check that docs/reference/ is up to date
	$(call say,comparing docs/reference with the commands)
	@$(STATIC) $(GO) run ./hack/docs -dir docs/reference -check

release: ## Build archives, SBOMs, image and Krew manifest into dist/ (VERSION=vX.Y.Z)
	$(call say,releasing $(VERSION); the first time this takes several minutes)
	@$(STATIC) $(GO) run ./hack/release -go '$(GO)' -version '$(VERSION)' -dir dist

clean: ## Remove bin/ and dist/
	@rm -rf bin dist

$(LINT):
	$(call say,building golangci-lint; the first time this takes several minutes)
	@cd hack/tools && $(STATIC) $(GO) build -o '$@' github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(VULNCHECK):
	$(call say,building govulncheck)
	@cd hack/tools && $(STATIC) $(GO) build -o '$@' golang.org/x/vuln/cmd/govulncheck
