"""No log line holds the value of an attribute, whoever wrote it and whatever went wrong."""

import logging
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from django.db import DataError

from tests.builders import a_user, session_of
from tests.processes import Process, answers, until
from tests.profile import free_port

SECRET = "4111-1111"
ASK = f"set.card={SECRET}"


def started(start: Callable[..., Process], **environment: str) -> tuple[Process, str]:
    port = str(free_port())
    web = start("web", PORT=port, **environment)
    site = f"http://127.0.0.1:{port}"
    until(answers(f"{site}/healthz"), 30, what="the web server answers")
    return web, site


def lines(web: Process, words: str) -> list[str]:
    """What the web server says of it, once it has."""
    return until(lambda: [each for each in web.output().splitlines() if words in each], what=words)


@pytest.mark.usefixtures("database")
class TestTheWebServer:
    def test_keeps_addresses_out_of_its_lines(self, start: Callable[..., Process]) -> None:
        web, site = started(start)
        cookies = {"sessionid": session_of(a_user())}
        edit = f"{site}/edits/{uuid4()}/"
        name = {"X-Request-Id": "this-is-the-id"}
        assert requests.get(f"{edit}?{ASK}", cookies=cookies, headers=name).status_code == 404
        assert requests.post(f"{edit}leave?{ASK}", cookies=cookies).status_code == 403
        assert requests.get(f"{site}/?{ASK}", headers={"Host": "elsewhere"}).status_code == 400
        [missing] = lines(web, "Not Found")
        assert "request=this-is-the-id" in missing
        assert "status_code=404" in missing
        assert lines(web, "Forbidden")
        [stranger] = lines(web, "elsewhere")
        assert "level=warning" in stranger
        assert "Traceback" not in web.output()
        assert SECRET not in web.output()

    def test_keeps_them_out_where_it_breaks(
        self, start: Callable[..., Process], tmp_path: Path
    ) -> None:
        empty = f"sqlite:///{tmp_path}/empty.sqlite3"  # it lacks every table
        web, site = started(start, DATABASE_URL=empty)
        answer = requests.get(f"{site}/?{ASK}", cookies={"sessionid": "a" * 32})
        assert answer.status_code == 500
        assert "Something broke" in answer.text
        assert "schiefgegangen" in answer.text
        [told] = lines(web, "Internal Server Error")
        assert "Traceback" in told
        assert "OperationalError: no such table: django_session" in told
        assert SECRET not in web.output()


def line_of(error: Exception, words: str, *arguments: object) -> str:
    """The line the product's own handler would write."""
    record = logging.LogRecord(
        "celery.app.trace", logging.ERROR, __file__, 1, words, arguments, None
    )
    record.exc_info = (type(error), error, error.__traceback__)
    record.data = {"args": f"({SECRET})"}
    [handler] = [each for each in logging.getLogger().handlers if _is_ours(each)]
    return handler.format(record)


def _is_ours(handler: logging.Handler) -> bool:
    return type(handler.formatter).__name__ == "ProcessorFormatter"


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except (DataError, ValueError, KeyError) as caught:
        return caught


class TestATraceback:
    DATA = (
        f'invalid input syntax for type json\nDETAIL:  Token "{SECRET}" is invalid.\n'
        f"CONTEXT:  JSON data, line 1: {SECRET}"
    )

    def test_ends_with_no_more_than_the_complaint_of_the_database(self) -> None:
        line = line_of(raised(DataError(self.DATA), raised(ValueError(self.DATA))), "it broke")
        assert SECRET not in line
        assert "django.db.utils.DataError: invalid input syntax for type json" in line
        assert "test_logs.py" in line

    def test_hides_what_an_exception_quotes(self) -> None:
        for words in (f"no number: '{SECRET}'", f'type integer: "{SECRET}"', f"“{SECRET}” is no"):
            assert SECRET not in line_of(raised(ValueError(words)), "it broke")

    def test_is_not_repeated_in_the_line_of_celery(self) -> None:
        error = raised(DataError(self.DATA))
        line = line_of(error, "Task %s raised unexpected: %r", "look_at", error)
        assert SECRET not in line
        assert "Task look_at raised unexpected" in line

    def test_is_cut_in_the_words_of_others_too(self) -> None:
        assert SECRET not in line_of(raised(KeyError("x")), f"could not save: {self.DATA}")
