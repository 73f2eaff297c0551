# Two commands on a fresh machine: `make demo` and `make test`. Both are safe to run twice.
# Debian's pip refuses to install system-wide and ensurepip may be absent, so the environment is
# made without pip and filled by the system's pip from outside.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python

SUPERSET := .superset

.PHONY: demo test test-all lint small-install bench clean install superset

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(PY) install --quiet --constraint constraints.txt \
		--config-settings editable_mode=compat --editable '.[train,dbt,serve,dev]'
	touch $@

demo: install
	$(VENV)/bin/retailsql demo

test: install lint
	$(PY) -m pytest -q -m 'not slow' -n 2 --dist loadfile

test-all: install lint
	$(PY) -m pytest -q -n 2 --dist loadfile

lint: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Apache Superset in an environment of its own, for tests/test_server_superset.py (slow).
superset:
	test -x $(SUPERSET)/bin/python || $(PYTHON) -m venv --without-pip $(SUPERSET)
	$(PYTHON) -m pip --python $(SUPERSET)/bin/python install --quiet \
		'apache-superset>=6.1,<6.2' rich cachetools 'flask-caching==2.3.1' psycopg2-binary selenium

small-install:
	$(PYTHON) tests/small_install.py

bench: install
	for file in benchmarks/*.py; do $(PY) $$file || exit 1; done

clean:
	rm -rf $(VENV) $(SUPERSET) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
