# `make run` and `make test` are all a newcomer needs; both set everything up first and are quick the second time.

BIN := .venv/bin

.PHONY: run test check format bench screens chaos words pins

run:      ## start Midcall here, on SQLite, with a pretend Genesys unless a real one is configured
	@bin/setup run
	@bin/run

test:     ## everything, browser included
	@bin/setup test
	@bin/test

check:    ## lint, format, types, migrations, deploy check
	@bin/setup test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run
	GENESYS_REGION=mypurecloud.ie GENESYS_CLIENT_ID=check GENESYS_CLIENT_SECRET=check PUBLIC_URL=https://midcall.example \
		DJANGO_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

format:   ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench:    ## measure, each figure beside its floor; results in bench/results/
	@bin/setup test
	@$(BIN)/python -m bench

screens:  ## a picture of every screen and state, into docs/screens/
	@bin/setup test
	MIDCALL_SCREENS=$(CURDIR)/docs/screens $(BIN)/python -m pytest tests/browser/test_screens.py tests/browser/test_panel_looks.py

chaos:    ## kill what can be killed while edits pour in, on every profile; the counts in bench/results/
	@bin/setup chaos
	@$(BIN)/python -m tests.chaos

words:    ## bring locale/ up to date with the sentences in code and pages; what is new is left to translate
	$(BIN)/python manage.py makemessages --all --no-wrap --no-obsolete --no-location \
		--ignore '.venv*' --ignore 'var*' --ignore tests --ignore sandbox --ignore bench

pins:     ## resolve requirements*.in for every supported Python
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
