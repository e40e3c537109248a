"""The loops of a worker outlast what goes wrong in a round, and do not fill the log with it."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from django.db import OperationalError
from structlog.stdlib import get_logger
from structlog.testing import capture_logs

from conversations.outage import Outage
from tests.processes import Process, manage, until


class TestTheLog:
    def test_says_it_at_the_change_and_not_in_every_round(self) -> None:
        with capture_logs() as lines:
            outage = Outage("sweep", get_logger("loop"))
            for _ in range(100):
                outage.met(OperationalError("gone"))
            outage.met(ValueError("a mistake"))
            outage.over()
            outage.over()
        told = [(each["log_level"], each["event"], each.get("error")) for each in lines]
        assert told == [
            ("warning", "sweep could not reach the database", "OperationalError"),
            ("error", "sweep met trouble", "ValueError"),
            ("info", "sweep goes on", None),
        ]


def test_a_worker_without_its_tables_goes_on_and_is_quiet(
    start: Callable[..., Process], tmp_path: Path
) -> None:
    """A sweep looks every half second, a census every two."""
    worker = start("worker", DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    said = re.compile(r"(sweep|census) could not reach the database")
    until(lambda: len(set(said.findall(worker.output()))) == 2, 30, what="both loops met it")
    time.sleep(3)  # half a dozen rounds
    assert len(said.findall(worker.output())) == 2
    assert worker.running()


def test_a_process_ends_though_its_announcer_waits_for_the_database() -> None:
    code = """
import uuid
from conversations import scopes
scopes._announcer._flushing.acquire()  # as its thread holds it for as long as a query takes
scopes._announcer.add(uuid.uuid4())
"""
    assert manage("shell", "-c", code, LOG_LEVEL="WARNING").returncode == 0
