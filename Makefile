# Everything a person or a machine does with this repository. What is built or
# kept on the way lies in .boxoffice.

BIN  := $(CURDIR)/.boxoffice/bin
DEV  := $(BIN)/boxoffice-dev
WITH  = $(DEV) with --only

# The database of known vulnerabilities, for machines without a way out.
VULNDB ?= $(firstword $(wildcard ../shared/data/vulndb/vulndb.tgz))

# The race detector needs a C compiler.
RACE := $(if $(shell command -v $(or $(CC),cc) gcc clang 2>/dev/null),-race)

# sha256sum is shasum on some systems.
SHA256SUM := $(if $(shell command -v sha256sum),sha256sum,shasum -a 256)

.DEFAULT_GOAL := help
.PHONY: help run book test lint bench search-figures random chaos record close-release build clean dev tools

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: dev ## Run the whole platform on this machine until Ctrl-C
	@exec $(DEV) up

book: ## Make a booking on the running platform: a tour of the API
	@CGO_ENABLED=0 go run -trimpath ./cmd/boxoffice book

test: dev lint ## Everything that CI checks: lint, unit, replay, database, HTTP, end to end
ifeq ($(RACE),)
	@echo "!! no C compiler: testing without the race detector"
endif
	$(WITH) postgres,redis,temporal -- go test $(RACE) -timeout 20m ./...
	go test -C dev $(RACE) -timeout 30m ./...
	CGO_ENABLED=0 go test -C dev/temporal ./quiet

lint: tools ## Format, vet, staticcheck, workflow determinism, known vulnerabilities
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go vet -C dev ./...
	CGO_ENABLED=0 go vet -C dev/temporal ./...
	$(BIN)/staticcheck ./...
	cd dev && $(BIN)/staticcheck ./...
	$(BIN)/workflowcheck ./workflows/...
ifneq ($(VULNDB),)
	@mkdir -p .boxoffice/vulndb && tar xzf $(VULNDB) -C .boxoffice/vulndb
	$(BIN)/govulncheck -db file://$(CURDIR)/.boxoffice/vulndb/vdb ./...
	cd dev && $(BIN)/govulncheck -db file://$(CURDIR)/.boxoffice/vulndb/vdb ./...
else
	@echo "!! govulncheck skipped: no offline database. With a way out: .boxoffice/bin/govulncheck ./..."
endif

bench: dev ## Ratios: the tuned saga, holds and rushes against the conventional way
	$(WITH) postgres,temporal -- go run ./bench
	go run ./bench reads
	go run ./bench streams
	$(WITH) postgres -- go test -run '^$$' -bench . ./internal/...
	$(WITH) postgres -- go run ./bench search

search-figures: dev ## How often search is right and how long it takes, against pg_trgm
	$(WITH) postgres -- go run ./bench search

random: dev ## 20,000 requests generated from the OpenAPI document, in every role
	RANDOM_CALLS=$(or $(RANDOM_CALLS),20000) $(WITH) postgres,redis -- go test -count 1 -timeout 1h -v -run RandomRequestsByTheDocument ./api

chaos: dev ## Many customers, faults and crashes; then the invariants. Takes long
	CHAOS_CUSTOMERS=$(or $(CHAOS_CUSTOMERS),10000) CHAOS_KILLS=$(or $(CHAOS_KILLS),5s) \
	CANCEL_BOOKINGS=$(or $(CANCEL_BOOKINGS),2000) \
		go test -C dev -count 1 -timeout 3h -v -run '^(TestChaos|TestChaosSellsOut|TestShowIsCancelled)$$' ./e2e

record: dev ## Record the workflow histories that no release has: of new and changed scenarios
	$(WITH) postgres,temporal -- go test -count 1 ./workflows -run OnAServer -record

# The release's recordings never change after this: released.sha256 lists them.
close-release: ## Close a release's recorded histories: make close-release RELEASE=2026-12-09
	@echo "$(RELEASE)" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[0-9])?$$' || { echo "Name the release by its day: make close-release RELEASE=2026-12-09"; exit 1; }
	@cd workflows/testdata && test ! -e "$(RELEASE)" || { echo "$(RELEASE) is closed already. A second release of a day: RELEASE=$(RELEASE).2"; exit 1; }
	@cd workflows/testdata && test -d next || { echo "Nothing was recorded since the last release: nothing to close."; exit 1; }
	@cd workflows/testdata && mv next "$(RELEASE)" && \
		find "$(RELEASE)" -name '*.json' | LC_ALL=C sort | xargs $(SHA256SUM) >> released.sha256
	@git rev-parse HEAD > dev/deployment/former-release.txt
	@echo "Commit workflows/testdata and dev/deployment/former-release.txt."

build: dev ## Build everything that runs, without running it
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/boxoffice ./cmd/boxoffice
	$(DEV) build

clean: dev ## Stop the platform and remove its data, keys, logs and programs
	-$(DEV) down
	@if [ -L .boxoffice/postgres ]; then rm -rf "$$(readlink .boxoffice/postgres)"; fi
	rm -rf .boxoffice

dev:
	@go build -C dev -o $(DEV) .

tools:
	@GOBIN=$(BIN) go install -C tools tool
