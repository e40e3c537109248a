"""Between the web server and Django: bodies are taken in here, many at a time; Django then works on one at a time.

granian gives a request to a thread as soon as its headers are there, and the thread reads the body from the line, for
as long as the other side likes. With one thread a single browser on a bad line would stop a process. So it has many
threads, which cost nothing while they wait, and one more that Django runs in: threads of one process that compute fight
over the interpreter, and each would keep a connection to the database of its own.
"""

import io
import re
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: The largest thing anybody sends is a catalogue, of a megabyte at most.
MOST_BYTES = 3_000_000

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

#: Said before anybody knows who asks and in which language.
_WORDS = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "That is too large: Midcall takes 3 MB at most. Go back and choose something smaller.\n"
        "Das ist zu groß: Midcall nimmt höchstens 3 MB an. Gehen Sie zurück und wählen Sie etwas Kleineres.\n"
    ),
    HTTPStatus.LENGTH_REQUIRED: "The length of a body has to be said first.\n",
    HTTPStatus.BAD_REQUEST: "The body is shorter than was said.\n",
}


class Intake:
    """The WSGI application the web server is given."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._one = ThreadPoolExecutor(1, thread_name_prefix="django")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _take_in(environ)
        if refusal is not None:
            return _refuse(refusal, environ, start_response)
        return self._one.submit(self._answer, environ, start_response).result()

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer: Any = self._django(environ, start_response)
        if getattr(answer, "streaming", True):
            return answer  # type: ignore[no-any-return]  # a file, which the thread of the server may send
        try:  # whatever Django does at the end of a request, it does it in its thread
            return [answer.content]
        finally:
            answer.close()


def _take_in(environ: Environ) -> HTTPStatus | None:
    """Put the whole body where Django finds it; or say why not."""
    if environ.get(
        "HTTP_TRANSFER_ENCODING"
    ):  # no browser does that, and a proxy that buffers knows the length
        return HTTPStatus.LENGTH_REQUIRED
    said = environ.get("CONTENT_LENGTH") or "0"
    length = int(said) if said.isascii() and said.isdigit() else 0
    if length > MOST_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body = environ["wsgi.input"].read(length) if length else b""
    if len(body) < length:
        return HTTPStatus.BAD_REQUEST
    environ["wsgi.input"] = io.BytesIO(body)
    return None


def _refuse(status: HTTPStatus, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    words = _WORDS[status].encode()
    given = environ.get("HTTP_X_REQUEST_ID", "")
    name = given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else uuid.uuid4().hex
    log.warning("request refused before Django", request=name, status=status.value)
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(words))),
        ("X-Content-Type-Options", "nosniff"),
        # As on every answer of ours: by it a page knows that it was no proxy that refused, and nothing was saved.
        ("X-Request-Id", name),
        ("Connection", "close"),  # what is still on its way is not waited for
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [words]
