# make start   a workspace of your own, and the first notebook
# make test    every check

PYTHON ?= python3
WORKSPACE ?= my-tinytorch
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)

.PHONY: start test

start: .venv/for-data
	$(BIN)/tito init $(WORKSPACE)
	cd $(WORKSPACE) && "$(CURDIR)/$(BIN)/tito" start

test: .venv/for-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/tito check
	$(BIN)/tito export --all --check
	$(BIN)/python -m pytest

# an environment with the course and one of its extras; made again when pyproject.toml changes
.venv/for-%: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "This needs Python 3.11 or newer. If you have one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -e $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[$*]"
	touch $@
