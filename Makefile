# `make site` and `make test` do everything; `make help` names the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := tests/site/node/node_modules
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Of two files of tests neither needs the other; all tests of a file share what it starts. More than
# four processes would start more servers than they save time.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Which tests `make test` runs; none named, all.
TIER ?= not slow
# The theme's notice of its successor, in the middle of our own output.
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help install site site-tools site-test serve samples check quick test mutants servers bench toolchains \
	constraints clean

help:        ## these lines
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed  ## the environment, with all that samplegen needs

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo 'venv is missing; type: sudo apt install python3-venv' >&2; exit 1; }
	@echo 'Installing into $(VENV); the first time this takes some minutes.'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	@touch $@

samples: install  ## regenerate the samples and the schemas
	samplegen generate
	samplegen schema
	cd examples/inventory && samplegen generate
	cd examples/etcd && samplegen generate
	cd examples/prometheus && samplegen generate

site: samples  ## generate, judge against the bundled server, build the site
	@samplegen doctor --brief | sed 's/^/Missing: /; s/sudo apt install [^;]*/sudo make toolchains/'
	@samplegen verify $(VERIFY); status=$$?; \
	if [ $$status -gt 1 ]; then exit $$status; fi; \
	mkdocs build --strict --quiet || exit; \
	echo; \
	echo 'The site is in build/site: open build/site/index.html, or type: make serve'; \
	if [ $$status != 0 ]; then echo 'It shows which samples failed; they are named above.' >&2; fi; \
	exit $$status

serve: install  ## browse the site; it follows every change of a page, a spec or a template
	mkdocs serve --livereload

check: install  ## lint, types, import rules, fresh samples and schemas
	ruff check
	ruff format --check
	mypy
	lint-imports
	samplegen generate --check
	samplegen schema --check
	cd examples/inventory && samplegen generate --check
	cd examples/etcd && samplegen generate --check
	cd examples/prometheus && samplegen generate --check
	hadolint Dockerfile
	pre-commit validate-manifest .pre-commit-hooks.yaml

quick: install  ## the tests that start no process
	pytest $(PARALLEL) -m 'not processes and not slow' $(PYTEST)

test: check site-tools  ## everything: checks, all samples judged, all tests, the site built strictly
	samplegen verify $(VERIFY)
	pytest $(PARALLEL) -m '$(TIER)' $(PYTEST)
	mkdocs build --strict --quiet

site-tools: $(NPM)/.package-lock.json  ## the checkers of the site that come from npm

$(NPM)/.package-lock.json: $(VENV)/installed tests/site/node/package-lock.json
	npm ci --prefix tests/site/node --omit-lockfile-registry-resolved --ignore-scripts \
		--no-audit --no-fund --loglevel=error

site-test: site-tools  ## only the tests of the site, in a real browser
	pytest $(PARALLEL) tests/site

mutants: install  ## plant faults in the samples and see whether the judge finds them
	python -m tests.mutants

servers: install  ## judge the samples on Triton, MLServer and KServe, and record what they answer
	python -m tests.real $(SERVERS)
	python -m tests.real --record $(SERVERS)

bench: site-tools  ## what speed and memory are, against their bars
	python bench/render.py
	python bench/site.py

toolchains:  ## the programs that samples and their checks need, from Debian's packages
	apt-get install --yes curl jq \
		g++ make cmake pkg-config \
		libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc \
		libcurl4-openssl-dev nlohmann-json3-dev \
		default-jdk-headless maven openssl etcd-server prometheus
	command -v go >/dev/null || apt-get install --yes golang-go

constraints: install  ## pin what is installed now
	pip freeze --all --exclude-editable | grep -v '^setuptools=' >constraints.txt

clean:       ## remove what was built
	rm -rf build dist $(VENV) $(NPM) .cache
