"""What a log line may hold: never the value of an attribute, whoever wrote the line.

Values get into logs by the back door: Django hangs the request on a record, whose address holds the filters of the
board; PostgreSQL quotes the row it refused; a traceback ends with the words of its exception.
"""

import re
import sys
import traceback
from http import HTTPStatus
from types import TracebackType

from structlog.types import EventDict

#: What others may hang on a record. Not Django's `request`, not Celery's `data` and `args`.
HARMLESS = ["status_code", "bytes"]
#: What PostgreSQL tells beside its complaint, in words of several lines or in the `repr` of such.
_ASIDE = re.compile(r"(\\n|\n)\s*(DETAIL|CONTEXT|QUERY|STATEMENT|HINT|LINE \d+):.*", re.DOTALL)
#: From here on the words of an exception may be somebody's.
_QUOTED = re.compile(r"[\"'“«`{].*", re.DOTALL)
_LONGEST = 200

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def without_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The exception with its place in the code, and no more of its words than are surely not a value."""
    error = _exception(event.pop("exc_info", None))
    text = str(event.get("event", ""))
    if error is not None:
        for words in filter(None, (repr(error), str(error))):  # Celery writes it into its own line
            text = text.replace(words, _words(error))
        event["exception"] = "".join(_told(error)).rstrip()
    event["event"] = _ASIDE.sub("", text)
    return event


def briefly(_logger: object, _method: str, event: EventDict) -> EventDict:
    """One line, without a traceback, for what our code has no part in and what comes by the hundred: a request for a
    host that is not ours, as every scanner sends them, and one that met a database that is away."""
    stranger = event.get("logger") == "django.security.DisallowedHost"
    if stranger or event.get("status_code") == HTTPStatus.SERVICE_UNAVAILABLE:
        error = _exception(event.pop("exc_info", None))
        event["level"] = "warning"
        if error is not None:
            event["error"] = type(error).__name__
    return event


def _exception(info: object) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        found: BaseException | None = info[1]
        return found
    return sys.exception() if info else None


def _told(error: BaseException, known: frozenset[int] = frozenset()) -> list[str]:
    """As Python prints it, without the words that may be a value."""
    told: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in known:
        told = [*_told(before, known | {id(error)}), "\nAnd then:\n\n"]
    return [
        *told,
        "Traceback (most recent call last):\n",
        *traceback.format_tb(error.__traceback__),
        f"{_words(error)}\n",
    ]


def _words(error: BaseException) -> str:
    kind = type(error)
    first = (str(error).splitlines() or [""])[0]
    said = _QUOTED.sub("…", first)[:_LONGEST].strip()
    return f"{kind.__module__}.{kind.__qualname__}: {said}".removeprefix("builtins.")
