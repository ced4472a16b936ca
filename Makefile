# make help    this list
# make start   your own workspace, and the first notebook
# make read    the course as a web site, on this machine
# make teach   a folder for your class, with assignments and grading
# make test    every check, except those that need PyTorch (200 MB)
# make test-conformance   the same results and gradients as PyTorch
# make book    build the web site into _build/html, and check it
# make test-nbgrader   grade a class's assignments; makes `make book` slower afterwards
# make test-binder   run Binder's start command on this machine; makes `make book` slower afterwards
# make pictures   the pictures of the README and the front page
# make bench   measure against PyTorch; writes benchmarks/results.md

PYTHON ?= python3
WORKSPACE ?= my-tinytorch
CLASS ?= ../my-class
# one process per core; prints the slowest tests at the end
PYTEST = $(BIN)/python -m pytest -n logical --dist worksteal --durations=20
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)

.PHONY: help start read teach test test-conformance test-nbgrader test-binder pictures bench book

help:
	@$(PYTHON) -c "print(*(line[2:] for line in open('Makefile', encoding='utf-8') if line.startswith('# make ')), sep='', end='')"

start: .venv/for-data
	$(BIN)/tito init $(WORKSPACE)
	cd $(WORKSPACE) && "$(CURDIR)/$(BIN)/tito" start

read: .venv/for-book
	$(BIN)/tito book build
	$(BIN)/tito book serve

teach: .venv/for-nbgrader
	$(BIN)/tito nbgrader init $(CLASS)

test: .venv/for-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/tito check
	$(BIN)/tito export --all --check
	$(PYTEST)

test-conformance: .venv/for-conformance
	$(PYTEST) tests/conformance tests/test_benchmarks.py

book: .venv/for-book
	$(BIN)/tito book pyodide _build/pyodide || echo "Python for the browser is missing: skipping the tests of running notebooks"
	$(BIN)/tito book build
	$(BIN)/tito book check
	$(BIN)/python -m pytest --durations=20 tests/book

test-binder: .venv/for-book .venv/for-binder
	$(BIN)/python -m pytest tests/book/test_launch.py -k binder

test-nbgrader: .venv/for-book .venv/for-dev .venv/for-nbgrader,cluster
	$(PYTEST) --dist loadfile tests/nbgrader $(addprefix --ignore=tests/nbgrader/test_,attacks.py convert.py jupyter.py sandbox.py submit.py)
	# on its own: while a fork bomb is being stopped, other tests would time out
	$(BIN)/python -m pytest --durations=20 tests/nbgrader/test_attacks.py
	$(BIN)/python -m pytest -o addopts="--import-mode=importlib --doctest-modules" tito/assignments

pictures: .venv/for-book
	$(BIN)/tito book pictures

bench: .venv/for-conformance
	$(BIN)/python -m benchmarks

# an environment with the course and one of its extras; reinstalled when pyproject.toml changes
.venv/for-%: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "This needs Python 3.11 or newer. If you have one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -e $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[$*]"
	touch $@
