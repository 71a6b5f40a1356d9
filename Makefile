# `make help` says what there is. Downloads are pinned by version and hash and kept in var/, which git ignores.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
# The release profile, because nearly all the time goes into CPU work.
TRAILBLAZER := $(or $(CARGO_TARGET_DIR),target)/release/trailblazer
# The same folder is the same run: what did not change is not done again.
RUN_ID ?= $(shell basename "$(INPUT)" | tr -c 'A-Za-z0-9._\n-' '-' | cut -c 1-100)-$(SOURCE)
LINTERS := var/lint

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1	\2/' \
		| while IFS='	' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## Fetch what building and testing needs; quick and offline from the second time on
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
	@# Code 1: some files yielded no document. They were named; the others go on.
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

.PHONY: test
test: setup ## Run all tests on PostgreSQL 18, then those with a database on 16 (FILTER=name for some)
	$(CARGO) test --locked $(FILTER)
	TRAILBLAZER_TEST_PG=16 $(CARGO) test --locked --test suite $(FILTER)

.PHONY: chaos
chaos: setup ## Break things at random while work goes on: KILLS=200 STEPS=100000 SEED=number
	@KILLS="$(or $(KILLS),200)" STEPS="$(or $(STEPS),100000)" SEED="$(SEED)" \
		$(CARGO) test --locked --test suite faults:: -- --nocapture --test-threads=1

.PHONY: scale
scale: setup ## Faults of a size: reset of a million runs, mass expiry, a transaction left open; ten minutes
	@$(CARGO) test --locked --test suite faults::scale -- --ignored --nocapture --test-threads=1

.PHONY: conformance
conformance: setup ## Print how faithful the Markdown is, corpus by corpus; fails below the mark
	@CARGO="$(CARGO)" .ci/conformance

.PHONY: check
check: lint test ## Everything that must hold before a merge

.PHONY: fmt
fmt: ## Format the Rust code
	@$(CARGO) fmt

.PHONY: lint
lint: setup ## Formatting, clippy, migrations, spelling, licenses
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@.ci/fetch-wheels .ci/lint-requirements.txt $(LINTERS)
	@# The installer puts the schema of pgvector where the placeholder stands, which is no SQL.
	@rm -rf var/lint-migrations && mkdir -p var/lint-migrations
	@for file in sql/migrations/*.sql; do sed 's/@extschema:vector@\.//g' "$$file" >var/lint-migrations/"$${file##*/}"; done
	$(LINTERS)/squawk*/scripts/squawk --config .ci/squawk.toml 'var/lint-migrations/*.sql'
	$(LINTERS)/typos*/scripts/typos --config .ci/typos.toml
	.ci/deny

.PHONY: bench
bench: build ## Compare claims with those of six other queues; BENCH=normalize, chunk, embed, store, search or pipeline for the others
	@PG_BIN="$(CURDIR)/var/pg/18/bin" benches/$(or $(BENCH),claim)/run.sh

.PHONY: eval
eval: setup ## Measure what search finds, over the guide and over the corpora in TRAILBLAZER_CORPORA
	@$(CARGO) bench --locked --bench eval

.PHONY: proof
proof: build ## Show the whole backlog at work on a fresh server, and write docs/proof.md
	@.ci/proof $(TRAILBLAZER)

.PHONY: counterparts
counterparts: ## Fetch what tests of the server meet: MCP's SDK, conformance suite and inspector, schemathesis; retrievers
	@python3 -m venv var/counterparts/venv
	@var/counterparts/venv/bin/pip install --quiet --disable-pip-version-check mcp schemathesis langchain-core llama-index-core
	@npm install --silent --no-fund --no-audit --prefix var/counterparts node@22 @modelcontextprotocol/conformance @modelcontextprotocol/inspector

.PHONY: retrievers-test
retrievers-test: setup ## Run the example retrievers against a server, those whose packages are installed
	@$(CARGO) test --locked --test suite serve::counterparts::retrievers -- --nocapture

.PHONY: prompts
prompts: ## Archive what is misnamed in prompts/ and write its index (DRY_RUN=1 only lists)
	@DRY_RUN="$(DRY_RUN)" .ci/prompts
