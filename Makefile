PYTHON ?= python3

.PHONY: demo test check docs clean

demo: .venv/.core ## Describe the shipped sample recordings with the shipped model; installs no PyTorch.
	.venv/bin/m2l demo

test: .venv/.dev ## Run the whole test suite; installs PyTorch and every extra.
	.venv/bin/python -m pytest

check: .venv/.dev ## Format, lint, types.
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

docs: .venv/.dev ## Build the docs site, build/site/index.html.
	.venv/bin/python docs/site.py

clean: ## Delete the installation and all caches; runs/ stays.
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

# An existing .venv is kept, with its build of torch 2.13.0 where it has one.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.core: .venv/bin/python pyproject.toml constraints.txt
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.dev: .venv/.core
	.venv/bin/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
