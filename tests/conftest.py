"""The real things: the sandbox, the worker, the listener, the web server, a database of this run's own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation
from pytest_django import DjangoDbBlocker

from conversations import checkup, scopes
from tests import profile
from tests.builders import Hands, frozen
from tests.genesys import Sandbox
from tests.processes import Process, answers, until

#: Folders of tests that wait for the clock more than they compute.
PATIENT = ("tests/conversations/",)
REFERENCE = os.environ.get("GENESYS_REFERENCE", "")
collect_ignore = [] if REFERENCE else ["conversations/genesys/test_samples.py"]
if profile.PROFILE == "embedded":
    collect_ignore.append("conversations/test_crosswise.py")


def pytest_report_header() -> list[str]:
    lines = [f"midcall runs on: {profile.PROFILE}"]
    if not REFERENCE:
        lines.append(
            "left out: the checks against recorded Genesys payloads (GENESYS_REFERENCE names no folder)"
        )
    return lines


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for seconds to pass comes first: several processes share the tests, and at the end none should be left
    alone with those."""
    items.sort(key=lambda item: not item.nodeid.startswith(PATIENT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted and want said, whichever process they ran in."""
    for each in terminalreporter.getreports("passed"):
        for name, value in each.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session", autouse=True)
def _no_search_for_static_files() -> None:
    """Each test client of Django makes the middleware anew, which would look through all static files each time."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """The language a request has left behind in this thread is no other test's."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    """The run's own database, shared with the product's processes; pytest-django would make another."""
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)


@pytest.fixture(scope="session")
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        scopes._announcer.flush()  # what it still has to tell, while the database may be used


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def sandbox_process(logs: Path) -> Iterator[Process]:
    """The sandbox; every answer it gave in the whole run is held against the published definition at the end."""
    tape = logs / "tape.jsonl"
    more = f"--conversations 12 --persist-delay-ms 50 --rate-limit 100000 --tape {tape}"
    process = Process("sandbox", logs / "sandbox.log", more=more).start()
    until(answers(f"{settings.GENESYS.api_url}/_sandbox/faults"), what="the sandbox answers")
    yield process
    process.end()
    if REFERENCE:
        from tests.sandbox.definition import problems

        found = problems(tape)
        assert not found, "\n".join(["the sandbox strays from the definition:", *found[:20]])


@pytest.fixture
def sandbox(sandbox_process: Process) -> Iterator[Sandbox]:
    sandbox = Sandbox(settings.GENESYS.api_url)
    yield sandbox
    sandbox.clear_faults()


@pytest.fixture(scope="session")
def worker(database: None, sandbox_process: Process, logs: Path) -> Iterator[Process]:
    """The worker process, working on what the tests save."""
    # More threads than usual: some faults hold one for ten seconds, and many tests share this worker. Each has a
    # connection to the database, and a PostgreSQL as it comes takes a hundred from all the runs side by side.
    threads = 32 if profile.PROFILE == "embedded" else 16
    process = Process("worker", logs / "worker.log", more=f"--concurrency {threads}").start()
    until(worker_is_alive, seconds=20, what="a worker gives a sign of life")
    yield process
    process.end()


@pytest.fixture(scope="session")
def listener(database: None, sandbox_process: Process, logs: Path) -> Iterator[Process]:
    """The listener process, following the sandbox's feed."""
    process = Process("listen", logs / "listen.log").start()
    until(feed_is_heard, seconds=20, what="the feed is heard")
    yield process
    process.end()


def feed_is_heard() -> bool:
    return checkup.feed().ok


def worker_is_alive() -> bool:
    return checkup.worker().ok


@pytest.fixture
def hands(
    database: None, sandbox_process: Process, request: pytest.FixtureRequest
) -> Iterator[Hands]:
    """Work on lanes by hand, a turn at a time, while worker and listener of the run (if there are any) are frozen."""
    with frozen():
        yield Hands()


@pytest.fixture
def start(logs: Path) -> Iterator[Callable[..., Process]]:
    """Start further processes of the Procfile; they end with the test."""
    started: list[Process] = []

    def start(name: str, *, more: str = "", **environment: str) -> Process:
        log = logs / f"{name}-{len(started)}-{os.urandom(3).hex()}.log"
        process = Process(name, log, more=more, **environment).start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture(scope="session", autouse=True)
def _no_queue_left_behind() -> Iterator[None]:
    yield
    if profile.PROFILE == "rabbitmq":
        from dashboard.celery import app

        with app.connection_for_write() as connection:
            connection.channel().queue_delete(settings.QUEUE)  # type: ignore[attr-defined]
