"""What people are told when something broke, or the database is locked: words, and a way back."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse

from conversations.models import Role
from tests.builders import a_user
from tests.processes import Process, answers, until
from tests.profile import free_port

pytestmark = pytest.mark.usefixtures("database")

SIGN_IN = "/accounts/login/"


@pytest.fixture
def site(start: Callable[..., Process]) -> str:
    port = str(free_port())
    start("web", PORT=port)
    address = f"http://127.0.0.1:{port}"
    until(answers(f"{address}/healthz"), 30, what="the web server answers")
    return address


class Visitor:
    """Somebody at the sign-in."""

    def __init__(self, site: str) -> None:
        user = a_user()
        user.set_password("a long enough secret")
        user.save(update_fields=["password"])
        self._address, self._name = f"{site}{SIGN_IN}", user.username
        self._session = requests.Session()
        self._session.get(self._address)

    def sign_in(self, **headers: str) -> requests.Response:
        form = {"username": self._name, "password": "a long enough secret"}
        form["csrfmiddlewaretoken"] = self._session.cookies["csrftoken"]
        headers["Referer"] = self._address
        return self._session.post(self._address, form, headers=headers, allow_redirects=False)


@pytest.fixture
def visitor(site: str) -> Visitor:
    return Visitor(site)


@pytest.fixture
def locked(visitor: Visitor) -> Iterator[None]:
    """Somebody writes to the database, and does not come to an end."""
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def check_page(answer: requests.Response, english: str, german: str) -> None:
    assert english in answer.text
    assert german in answer.text
    assert 'href="/"' in answer.text
    assert not re.search(r"<script|<style|style=", answer.text)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


class TestALockedDatabase:
    @pytest.mark.usefixtures("locked")
    def test_is_said_soon_and_with_words(self, visitor: Visitor) -> None:
        started = time.monotonic()
        answer = visitor.sign_in()
        assert answer.status_code == 503
        assert time.monotonic() - started < 10
        assert answer.headers["Retry-After"] == "5"
        check_page(answer, "Go back: what you typed", "Was Sie getippt haben")

    @pytest.mark.usefixtures("locked")
    def test_leaves_the_words_to_a_page_that_is_open(self, visitor: Visitor) -> None:
        answer = visitor.sign_in(**{"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (503, b"")
        assert answer.headers["Retry-After"] == "5"

    def test_does_not_outlast_the_lock(self, visitor: Visitor) -> None:
        assert visitor.sign_in().status_code == 302


class TestWhatIsNotUnderstood:
    def test_is_told_so(self, site: str) -> None:
        answer = requests.get(site, headers={"Host": "elsewhere"})
        assert answer.status_code == 400
        check_page(answer, "Not understood", "Nicht verstanden")


class TestTheStyleOfThesePages:
    def test_is_there_under_a_name_that_needs_no_list(self, site: str) -> None:
        assert requests.get(f"{site}/static/dashboard/app.css").status_code == 200


@pytest.mark.pipeline
@pytest.mark.brokerless
def test_a_letter_that_postgresql_does_not_take_finds_nobody() -> None:
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    assert client.get(reverse("people"), {"q": "Ma\0ra"}).status_code == 200
