# make start   a workspace of your own, and the first notebook
# make test    every check, without those that need PyTorch (200 MB)
# make test-conformance   the same results and gradients as PyTorch
# make book    the course as a web site, in _build/html
# make test-nbgrader   a class's assignments, handed in and graded; it, too, makes `make book` slower afterwards
# make test-binder   Binder's start command, on this machine; makes `make book` slower afterwards
# make bench   measured against PyTorch; writes benchmarks/results.md

PYTHON ?= python3
WORKSPACE ?= my-tinytorch
# as many processes as processors, and the slowest tests at the end
PYTEST = $(BIN)/python -m pytest -n logical --dist worksteal --durations=20
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)

.PHONY: start test test-conformance test-nbgrader test-binder bench book

start: .venv/for-data
	$(BIN)/tito init $(WORKSPACE)
	cd $(WORKSPACE) && "$(CURDIR)/$(BIN)/tito" start

test: .venv/for-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/tito check
	$(BIN)/tito export --all --check
	$(PYTEST)

test-conformance: .venv/for-conformance
	$(PYTEST) tests/conformance tests/test_benchmarks.py

book: .venv/for-book
	$(BIN)/tito book pyodide _build/pyodide || echo "no Python for the browser: running notebooks are not tested"
	$(BIN)/tito book build
	$(BIN)/tito book check
	$(BIN)/python -m pytest --durations=20 tests/book

test-binder: .venv/for-book .venv/for-binder
	$(BIN)/python -m pytest tests/book/test_launch.py -k binder

test-nbgrader: .venv/for-book .venv/for-dev .venv/for-nbgrader,cluster
	$(PYTEST) --dist loadfile tests/nbgrader $(addprefix --ignore=tests/nbgrader/test_,attacks.py convert.py jupyter.py sandbox.py submit.py)
	# alone: while a fork bomb is being stopped, others would get no processor within their limits
	$(BIN)/python -m pytest --durations=20 tests/nbgrader/test_attacks.py
	$(BIN)/python -m pytest -o addopts="--import-mode=importlib --doctest-modules" tito/assignments

bench: .venv/for-conformance
	$(BIN)/python -m benchmarks

# an environment with the course and one of its extras; made again when pyproject.toml changes
.venv/for-%: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "This needs Python 3.11 or newer. If you have one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -e $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[$*]"
	touch $@
