# Second Look. `make help` lists the targets. `make run` and `make test` set up .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := run
.PHONY: help run test lint audit lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# Overwrites memory when it is freed, so that nothing of a cleared study stays in it: glibc, then macOS.
run: export MALLOC_PERTURB_ = 165
run: export GLIBC_TUNABLES = glibc.malloc.tcache_count=0
run: export PYTHONMALLOC = malloc
run: export MallocScribble = 1
run: $(VENV)/.run ## set up and open the app; PORT=8600 for another port
	$(BIN)/python -m streamlit run app.py --server.port $(PORT) --server.headless $(if $(DISPLAY)$(filter Darwin,$(shell uname)),false,true)

# The test processes share the cores; more threads in each would wait for each other.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export TF_NUM_INTRAOP_THREADS = 1
test: export TF_NUM_INTEROP_THREADS = 1
# Child processes would compile every module again if compiled files were not kept.
test: export PYTHONDONTWRITEBYTECODE =
test: lint ## set up, lint, check types and run all tests
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --durations 10

lint: $(VENV)/.dev ## lint and check types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/.dev ## check licences and, with a network, known vulnerabilities
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(BIN)/python .ci/audit.py

# Pins every package. Needs uv (pip install uv).
lock: ## regenerate requirements*.txt from requirements*.in
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate requirements-reader.in -c requirements.txt -o requirements-reader.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate requirements-scale.in -o requirements-scale.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate requirements-login.in -c requirements.txt -o requirements-login.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate requirements-dev.in -o requirements-dev.txt

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); \
	sys.exit(0 if ok else "Expected Python 3.11 to 3.13, but %s is %s: run make PYTHON=/path/to/python3.11." % (sys.executable, sys.version.split()[0]))'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
