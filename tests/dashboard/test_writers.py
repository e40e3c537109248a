"""Threads that want to write the same wait for each other, and nobody is left waiting, however one ended."""

import threading
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import connection, transaction

from conversations.models import Queue

pytestmark = pytest.mark.usefixtures("database")


QUEUE = uuid4()


class Failure(Exception):
    pass


def write() -> None:
    Queue.objects.filter(pk=QUEUE).update(name="the same")


class Writer(threading.Thread):
    """Writes as soon as it may."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.has_written = threading.Event()

    def run(self) -> None:
        with transaction.atomic():
            write()
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
    Queue.objects.get_or_create(pk=QUEUE)
    with suppress(Failure), transaction.atomic():
        write()
        other.start()
        assert not other.has_written.wait(0.2)
        end()
    assert other.has_written.wait(5)
