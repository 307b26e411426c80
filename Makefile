# Everything a person or a machine does with this repository. What is built or
# kept on the way lies in .boxoffice.

BIN  := $(CURDIR)/.boxoffice/bin
DEV  := $(BIN)/boxoffice-dev
WITH  = $(DEV) with --only

# The database of known vulnerabilities, for machines without a way out.
VULNDB ?= $(firstword $(wildcard ../shared/data/vulndb/vulndb.tgz))

# The race detector needs a C compiler.
RACE := $(if $(shell command -v $(or $(CC),cc) gcc clang 2>/dev/null),-race)

# The web app is built with Node; the platform itself needs none.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a > 20 || (a === 20 && b >= 19)) console.log(a)' 2>/dev/null)
# A server that speaks MongoDB's protocol, for tests. MONGODB_URL tests against a real one, too.
MONGO := internal/documents/mongo/testdata/server
CHROMIUM := $(firstword $(wildcard $(addsuffix /chromium,$(subst :, ,$(PATH)))))

# sha256sum is shasum on some systems.
SHA256SUM := $(if $(shell command -v sha256sum),sha256sum,shasum -a 256)

.DEFAULT_GOAL := help
.PHONY: help run book test lint bench search-figures random chaos record close-release build clean dev tools web web-dev web-test web-e2e

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: dev ## Run the whole platform on this machine until Ctrl-C
	@exec $(DEV) up

book: ## Make a booking on the running platform: a tour of the API (PROVIDER=razorpay, paypal)
	@CGO_ENABLED=0 go run -trimpath ./cmd/boxoffice book $(if $(PROVIDER),--provider $(PROVIDER))

test: dev lint ## Everything that CI checks: lint, unit, replay, database, HTTP, end to end
ifeq ($(RACE),)
	@echo "!! no C compiler: testing without the race detector"
endif
ifeq ($(NODE),)
	@echo "!! the document store was not tested against MongoDB's protocol: Node 20.19 or newer is not here"
else
	@$(MAKE) --no-print-directory $(MONGO)/node_modules
endif
	$(WITH) postgres,redis,temporal -- go test $(RACE) -timeout 20m ./...
	go test ./internal/recommend/evaluate # its measurements, which the race detector is too slow for
	go test -C dev $(RACE) -timeout 30m ./...
	CGO_ENABLED=0 go test -C dev/temporal ./quiet
	@$(MAKE) --no-print-directory web-test web-e2e

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
	$(WITH) postgres,temporal -- go run ./bench theaters
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
		go test -C dev -count 1 -timeout 3h -v -run '^(TestChaos|TestChaosSellsOut|TestChaosOverThreeProviders|TestChaosOverATheatersOwnSystem|TestShowIsCancelled)$$' ./e2e

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

web: web/node_modules web/src/api/schema.d.ts ## Build the web app into web/dist, which is committed
	npm --prefix web run --silent build

web-dev: web/node_modules ## Serve the web app with hot reload against a running platform (BOXOFFICE_URL)
	npm --prefix web run dev

# The committed app must be what its sources give. Compressed files differ from one
# version of zlib to the next, so a test of the server reads what is in them.
web-test: dev ## Types, linters and tests of the web app, and that web/dist is up to date
ifeq ($(NODE),)
	@echo "!! the web app was not tested: Node 20.19 or newer is not here"
else
	@$(MAKE) --no-print-directory web/node_modules .boxoffice/openapi.json
	cd web && npx openapi-typescript ../.boxoffice/openapi.json -o ../.boxoffice/schema.d.ts >/dev/null
	@cmp .boxoffice/schema.d.ts web/src/api/schema.d.ts || { echo "The API has changed: run make web and commit web/src/api/schema.d.ts"; exit 1; }
	npm --prefix web run --silent lint
	npm --prefix web run --silent check
	npm --prefix web run --silent test
	cd web && npx vite build --outDir ../.boxoffice/dist --emptyOutDir --logLevel warn
	@diff -r -x '*.br' -x '*.gz' .boxoffice/dist web/dist >/dev/null || { echo "web/dist is not what its sources give: run make web and commit it"; exit 1; }
endif

web-e2e: dev ## Journeys through the web app in a real browser, against the whole platform
ifeq ($(and $(NODE),$(CHROMIUM)),)
	@echo "!! the web app was not tested in a browser: that needs Node 20.19 and Chromium"
else
	@$(MAKE) --no-print-directory web/node_modules
	$(DEV) with -- npm --prefix web run --silent e2e
endif

web/node_modules: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(MONGO)/node_modules: $(MONGO)/package-lock.json
	cd $(MONGO) && npm ci --no-audit --no-fund
	@mkdir -p $@ && touch $@

.PHONY: .boxoffice/openapi.json
.boxoffice/openapi.json:
	@mkdir -p .boxoffice
	CGO_ENABLED=0 go run ./cmd/boxoffice openapi > $@

web/src/api/schema.d.ts: .boxoffice/openapi.json web/node_modules
	cd web && npm run --silent types

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
