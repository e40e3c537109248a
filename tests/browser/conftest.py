"""Chromium before the real processes: web, worker, listener and sandbox, on a database of this run's own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from conversations.models import Role, User
from tests.builders import a_user, session_of
from tests.processes import Process, answers, until

# Playwright's event loop runs in this thread, and the tests ask the database from it as well.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

#: As in `bin/setup`.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDE = {"width": 1280, "height": 800}
PANEL = {"width": 400, "height": 860}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)))
    flags = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]
    flags += ["--force-color-profile=srgb", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": flags}


@pytest.fixture(scope="session")
def web(database: None, worker: Process, listener: Process, logs: Path) -> Iterator[str]:
    """The address of the web server, with everything behind it."""
    call_command("demo", verbosity=0)
    address = f"http://127.0.0.1:{os.environ['PORT']}"
    process = Process("web", logs / "web.log").start()
    until(answers(f"{address}/healthz"), 20, what="the web server answers")
    yield address
    process.end()


class Visitor:
    """A person with a browser of their own. Whatever the console complains about fails the test."""

    def __init__(self, context: BrowserContext, web: str) -> None:
        self.context, self.web = context, web
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(10_000)
        return page

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.web}{path}")
        return self.page

    def may_complain(self, *words: str) -> None:
        """The browser itself reports failed requests; where the test makes them fail, that is no finding."""
        self.expected += words

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(each in message.text for each in self.expected):
            self.complaints.append(message.text)


@pytest.fixture
def visit(browser: Browser, web: str) -> Iterator[Callable[..., Visitor]]:
    """`visit(user)`: a signed-in person; `visit()`: nobody yet."""
    visitors: list[Visitor] = []

    def visit(user: User | None = None, **options: Any) -> Visitor:
        facts = {
            "viewport": WIDE,
            "locale": "en-GB",
            "timezone_id": "UTC",
            "reduced_motion": "reduce",
        }
        context = browser.new_context(**{**facts, **options})
        if user is not None:
            sign_in(context, user, web)
        visitors.append(Visitor(context, web))
        return visitors[-1]

    yield visit
    complaints = [each for visitor in visitors for each in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints


def sign_in(context: BrowserContext, user: User, web: str) -> str:
    """A session as the sign-in page makes it; returns its key."""
    key = session_of(user)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": key, "url": web}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return key


def photograph(page: Page, file: Path) -> None:
    """The whole page, with nothing sticking to the edge of a screen that is not there."""
    shown = page.viewport_size or WIDE
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": shown["width"], "height": max(shown["height"], height)})
    page.screenshot(path=file, animations="disabled")
    page.set_viewport_size(shown)  # type: ignore[arg-type]


@pytest.fixture
def admin(database: None) -> User:
    return a_user(Role.ADMIN)


@pytest.fixture
def colleague(database: None) -> User:
    """Somebody who may see and change every conversation, keys outside the catalogue included."""
    user = a_user(Role.SUPERVISOR)
    user.all_queues = True
    user.save(update_fields=["all_queues"])
    return user
