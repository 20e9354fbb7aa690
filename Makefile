.DEFAULT_GOAL := help
GOFUMPT     := go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## serve the example from a local PostgreSQL
	go run ./cmd/fraiseql dev

.PHONY: fmt
fmt: ## format all Go files
	$(GOFUMPT) -l -w .

.PHONY: lint
lint: ## check format, vet and staticcheck
	@unformatted=$$($(GOFUMPT) -l .) && [ -z "$$unformatted" ] || { echo "not formatted, run make fmt: $$unformatted"; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	cd deploy/check && go vet ./... && $(STATICCHECK) ./...

.PHONY: test
test: ## run all tests; PostgreSQL is started by them
	go test ./...

.PHONY: race
race: ## run all tests with the race detector, skipping nothing
	FRAISEQL_REQUIRE_PG=1 go test -race ./...

.PHONY: load
load: ## run the load tests at their true sizes (some minutes)
	FRAISEQL_REQUIRE_PG=1 FRAISEQL_SLOW=1 go test -count 1 -timeout 30m ./test/load

.PHONY: chaos
chaos: ## break what the pool and the app stand on, at random, for five minutes and more
	FRAISEQL_REQUIRE_PG=1 FRAISEQL_SLOW=1 go test -race -count 1 -timeout 30m ./test/chaos

.PHONY: benchmarks
benchmarks: ## run each Go benchmark once, so that none rots
	go test -run '^$$' -bench . -benchtime 1x ./...

.PHONY: bench
bench: ## compare with hand-written handlers and PostGraphile (about ten minutes)
	go run ./bench

.PHONY: pool-report
pool-report: ## measure every figure that the pool promises, beside pgxpool (about 20 minutes)
	go run ./bench/poolreport

.PHONY: conformance
conformance: ## have graphql-js, graphql-http, Apollo Client, Relay, graphql-codegen and GraphQL Inspector judge it, and print one table
	@for folder in audit clients differential; do [ -d test/$$folder/node_modules ] || (cd test/$$folder && npm ci) || exit 1; done
	@go run ./test/conformance

.PHONY: security
security: ## attack a served app from outside, and print what came of each attack
	@go run ./test/attacks

.PHONY: docs
docs: ## run every block of the documents, and tell how many
	FRAISEQL_REQUIRE_PG=1 go test -count 1 -v ./test/docs

.PHONY: cli
cli: ## run the command's scripts, and build what init writes
	FRAISEQL_REQUIRE_PG=1 go test -count 1 -v ./internal/cli

.PHONY: browser
browser: ## open the pages in Chromium: the explorer, and the pool under load
	FRAISEQL_REQUIRE_PG=1 go test -count 1 -v ./test/browser

.PHONY: deploy
deploy: ## read the files of deploy/ with the programs that they are for
	cd deploy/check && FRAISEQL_REQUIRE_PG=1 go test -count 1 -v ./...

.PHONY: fuzz
fuzz: ## fuzz each target for a short while
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-20s} $$pkg || exit 1; \
	  done; \
	done
