# One image for web, worker and listener; compose.yaml says which is which. The sandbox and the tests are not in it.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /app
RUN python -m venv .venv
COPY requirements.txt .
RUN .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py ./
COPY conversations conversations
COPY dashboard dashboard
COPY templates templates
COPY static static
COPY locale locale
COPY bin/translations bin/translations
RUN .venv/bin/python bin/translations
# The key is for this step alone: nothing is signed while files are collected, and none is made up and kept.
RUN DJANGO_SECRET_KEY=only-while-building .venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.11.13-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin midcall
WORKDIR /app
COPY --from=build /app /app
USER 10001:10001
EXPOSE 8000
CMD [".venv/bin/python", "manage.py", "check"]
