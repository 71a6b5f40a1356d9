# `make help` lists the targets. Downloads are pinned by version and hash and stored in var/, which git ignores.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
# The release profile, because nearly all the time is CPU time.
TRAILBLAZER := $(or $(CARGO_TARGET_DIR),target)/release/trailblazer
# The same folder always gives the same run, so unchanged documents are not processed again.
RUN_ID ?= $(shell basename "$(INPUT)" | tr -c 'A-Za-z0-9._\n-' '-' | cut -c 1-100)-$(SOURCE)
LINTERS := var/lint

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1	\2/' \
		| while IFS='	' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## Fetch everything that builds and tests need; fast and offline after the first time
	@.ci/setup

.PHONY: build
build: setup ## Build the release binary
	@$(CARGO) build --release --locked

ifdef INPUT
ifndef SOURCE
$(error INPUT needs SOURCE=dita or SOURCE=confluence)
endif
endif

.PHONY: run
run: build ## Process the sample documentation, or your own: INPUT=folder SOURCE=dita|confluence
	@$(TRAILBLAZER) --events never db migrate
ifdef INPUT
	@# Code 1 means that some files have errors. They were reported, and the other files are processed.
	@$(TRAILBLAZER) --events never normalize "$(INPUT)" --run-id "$(RUN_ID)" --source "$(SOURCE)" || [ $$? = 1 ]
else
	@$(TRAILBLAZER) --events never normalize examples/docs/dita --source dita --run-id guide
	@$(TRAILBLAZER) --events never normalize examples/docs/confluence --source confluence --run-id handbook
endif
	@$(TRAILBLAZER) --events never run
	@$(TRAILBLAZER) --events never status
ifndef INPUT
	@printf '\n$$ trailblazer ask "%s"\n' 'What happens when a worker dies?'
	@$(TRAILBLAZER) --events never ask 'What happens when a worker dies?' --limit 3
endif
	@printf '%s\n' '' 'What to try next:' \
		'  make run INPUT=folder SOURCE=dita             your own documentation (or SOURCE=confluence)' \
		'  $(TRAILBLAZER) ask "your question"' \
		'  $(TRAILBLAZER) runs list      what was processed' \
		'  $(TRAILBLAZER) runs show guide' \
		'  $(TRAILBLAZER) db doctor      is everything in order' \
		'  $(TRAILBLAZER) db down        stop the private server'

# What the older server could decide: every SQL function, and the commands that depend on its behavior.
OLDER_SERVER := sql:: faults:: cli::backup cli::disconnections cli::local_server cli::processing cli::sessions cli::standby

# Many tests wait for a server or a process, so four at once suit even two cores.
TEST_THREADS ?= 4

.PHONY: test
test: setup ## Run all tests on PostgreSQL 18, then those that depend on the server on 16 (FILTER=name for some)
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked $(FILTER)
	RUST_TEST_THREADS=$(TEST_THREADS) TRAILBLAZER_TEST_PG=16 $(CARGO) test --locked --test suite -- $(or $(FILTER),$(OLDER_SERVER))

.PHONY: chaos
chaos: setup ## Inject random faults while workers run: KILLS=200 STEPS=100000 SEED=number
	@KILLS="$(or $(KILLS),200)" STEPS="$(or $(STEPS),100000)" SEED="$(SEED)" \
		$(CARGO) test --locked --test suite faults:: -- --nocapture --test-threads=1

.PHONY: scale
scale: setup ## Test large cases for ten minutes: reset of a million runs, many expired leases, a long open transaction
	@$(CARGO) test --locked --test suite faults::scale -- --ignored --nocapture --test-threads=1

.PHONY: conformance
conformance: setup ## Print how faithful the Markdown is for each corpus; fails if a figure is below its mark
	@CARGO="$(CARGO)" .ci/conformance

.PHONY: check
check: lint test ## Run all linters and tests; must pass before a merge

.PHONY: fmt
fmt: ## Format the Rust code
	@$(CARGO) fmt

.PHONY: lint
lint: setup ## Check formatting, clippy, migrations, spelling and licenses
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@.ci/fetch-wheels .ci/lint-requirements.txt $(LINTERS)
	@# The files contain a placeholder for the schema of pgvector, which is not valid SQL. The installer replaces it.
	@rm -rf var/lint-migrations && mkdir -p var/lint-migrations
	@for file in sql/migrations/*.sql; do sed 's/@extschema:vector@\.//g' "$$file" >var/lint-migrations/"$${file##*/}"; done
	$(LINTERS)/squawk*/scripts/squawk --config .ci/squawk.toml 'var/lint-migrations/*.sql'
	$(LINTERS)/typos*/scripts/typos --config .ci/typos.toml
	.ci/deny

.PHONY: bench
bench: build ## Compare claims with six other queues; or another benchmark: BENCH=normalize, chunk, embed, store, search, serve or pipeline
	@PG_BIN="$(CURDIR)/var/pg/18/bin" benches/$(or $(BENCH),claim)/run.sh

.PHONY: eval
eval: setup ## Measure what search finds, beside bm25s; SETS='ranking variants names languages' for some of the tables
	@[ -x var/eval/venv/bin/python ] || { python3 -m venv var/eval/venv \
		&& var/eval/venv/bin/pip install --quiet --disable-pip-version-check bm25s==0.3.16 PyStemmer==3.1.0; }
	@$(CARGO) bench --locked --bench eval -- $(SETS)

.PHONY: dist
dist: setup ## Build what users install into target/dist: wheel, Debian package, static binary, checksums, SBOM (PARTS="wheel deb" for some)
	@CARGO="$(CARGO)" packaging/dist $(PARTS)

.PHONY: dist-test
dist-test: ## Install each file of target/dist into a fresh root or environment, and run the main job as an ordinary user
	@packaging/dist-test $(PARTS)

.PHONY: proof
proof: build ## Process a large backlog on a new server, and write docs/proof.md
	@.ci/proof $(TRAILBLAZER)

.PHONY: counterparts
counterparts: ## Fetch the tools for server tests: MCP's SDK, conformance suite and inspector, schemathesis, retrievers
	@python3 -m venv var/counterparts/venv
	@var/counterparts/venv/bin/pip install --quiet --disable-pip-version-check mcp schemathesis langchain-core llama-index-core
	@npm install --silent --no-fund --no-audit --prefix var/counterparts node@22 @modelcontextprotocol/conformance @modelcontextprotocol/inspector

.PHONY: browser-test
browser-test: setup ## Use the pages in Chromium (Debian: chromium, chromium-driver)
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; \
		then $(CARGO) test --locked --test suite serve::browser -- --ignored --test-threads=2; \
		else echo 'skipped: the browser tests, because chromium or chromedriver is not installed'; fi

.PHONY: retrievers-test
retrievers-test: setup ## Run the example retrievers whose packages are installed against a server
	@$(CARGO) test --locked --test suite serve::counterparts::retrievers -- --nocapture

.PHONY: guide
guide: ## Render the user guide to docs/guide
	@$(CARGO) run --quiet --locked --example site -- markdown docs/guide

.PHONY: site
site: ## Render the user guide to a static site in var/site
	@$(CARGO) run --quiet --locked --example site -- html var/site

.PHONY: prompts
prompts: ## Archive misnamed files in prompts/ and write the index (DRY_RUN=1 only lists them)
	@DRY_RUN="$(DRY_RUN)" .ci/prompts
