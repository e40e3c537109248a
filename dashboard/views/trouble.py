"""What people see when something broke, or the database is away. Asks for nothing that may be broken."""

import sqlite3
import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from dashboard.place import PANEL, in_panel

#: Busy, locked, out of memory, read-only, not readable, full, cannot be opened. Anything else is a mistake of ours.
_PASSING = {5, 6, 7, 8, 10, 13, 14}
#: After so many seconds it is worth trying again.
_AGAIN = "5"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler400`."""
    return _page(request, HTTPStatus.BAD_REQUEST)


def broken(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: it is called while the exception is being handled, wherever that came from."""
    if not _will_pass(sys.exception()):
        return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR)
    answer = _page(request, HTTPStatus.SERVICE_UNAVAILABLE)
    answer["Retry-After"] = _AGAIN
    return answer


def _will_pass(error: BaseException | None) -> bool:
    """The database is locked, full or away. SQLite uses the same exception for a statement that is wrong."""
    if isinstance(error, OperationalError) and isinstance(error.__cause__, sqlite3.Error):
        return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _PASSING
    return isinstance(error, (OperationalError, InterfaceError))


def _page(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    if request.headers.get(
        "HX-Request"
    ):  # the page says it in its own words, beside what was typed
        return HttpResponse(status=status)
    words = render_to_string(f"{status.value}.html", {"home": PANEL if in_panel(request) else "/"})
    return HttpResponse(words, status=status, headers={"Cache-Control": "no-store"})
