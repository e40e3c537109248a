"""Threads of one process that want to write wait for each other, and nobody is left waiting, however one ended."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection, transaction

from conversations.models import Queue
from tests import profile

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.skipif(profile.PROFILE != "embedded", reason="about SQLite"),
]


class Failure(Exception):
    pass


class Writer(threading.Thread):
    """Writes as soon as it may."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.has_written = threading.Event()

    def run(self) -> None:
        with transaction.atomic():
            Queue.objects.filter(name="nobody's").update(name="nobody's")
        self.has_written.set()
        connection.close()


def commit() -> None:
    pass


def roll_back() -> None:
    raise Failure


def lose_the_connection() -> None:
    connection.close()
    raise Failure


@pytest.mark.parametrize("end", [commit, roll_back, lose_the_connection])
def test_the_next_writes_when_the_one_before_has_ended(end: Callable[[], None]) -> None:
    other = Writer()
    with suppress(Failure), transaction.atomic():
        other.start()
        assert not other.has_written.wait(0.2)
        end()
    assert other.has_written.wait(5)
