PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
# Tests start hundreds of processes: where nothing compiled may be kept, each compiles the whole package again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test lint types tests format fuzz soak screenshots stress bench bench-fp clean

help:  ## Show this help.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: $(VENV)/.installed  ## Watch the main job; ARGS=--once ends after the table.
	@$(BIN)/upload-guard demo $(ARGS)

test: lint types tests  ## Run everything that must hold: ruff, mypy, pytest.

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# A process a processor and one; ARGS="-n 0 tests/lists" runs some in this one.
tests: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto $(ARGS)

format: $(VENV)/.installed-dev  ## Put the code into the project's format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/.installed-dev  ## Look for requests that bring an image past, for some minutes.
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/intake/test_fuzz.py

soak: $(VENV)/.installed-dev  ## Upload for five minutes while processes are killed: what was acknowledged must be kept.
	$(BIN)/python -m tests.soak.run $(ARGS)

screenshots: $(VENV)/.installed-dev  ## Make the pictures in docs/ anew, of the pages as they are.
	$(BIN)/python -m tests.screenshots

stress: $(VENV)/.installed-dev  ## Kill the keeper 500 times while it writes, in some ten minutes.
	STRESS_ROUNDS=500 $(BIN)/python -m pytest tests/quarantine/test_kill.py -s

# As decoder workers run: one thread a product, memory kept between pictures. The first two slow a current numpy.
BENCH_ENV := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS=1 \
	MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=67108864

bench: $(VENV)/.installed-bench  ## Print what guarding costs, in some ten minutes; ARGS="check peer" for some.
	@$(BENCH_ENV) $(BIN)/python -m tests.bench $(ARGS)

bench-fp: $(VENV)/.installed-dev  ## Print how often a clean picture is held; fetches 1 GB of packages once.
	@$(BENCH_ENV) $(BIN)/python -m tests.bench.false_positives $(ARGS)

clean:  ## Remove the environment and the caches.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[heif]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@# pdqhash, the judge of our PDQ, has no wheels and compiles C++. Without a compiler its tests are skipped.
	@$(BIN)/python -m pip install --quiet --editable '.[judge]' \
		|| echo "pdqhash could not be built: the tests that it judges are skipped (in CI they fail)"
	@touch $@ $(VENV)/.installed

# What benchmarks compare with: large, and nothing else needs it.
$(VENV)/.installed-bench: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install --quiet --editable '.[bench]' \
		|| echo "not all of these could be installed: what compares with them is left out"
	@touch $@
