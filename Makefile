# The same names as ./run, for hands that type make.
.PHONY: demo test setup lock lint
demo test setup lock:
	@./run $@

lint:
	@./run setup dev
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
