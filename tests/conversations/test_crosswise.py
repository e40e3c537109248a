"""Transactions that take the same rows take them in one order; whom a deadlock costs all the same tries again.

Only PostgreSQL locks rows, so only there these are collected: SQLite lets one transaction write at a time.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest
from django.db import connection, transaction

from conversations import mirror
from conversations.genesys.notifications import Notice
from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.live.intake import Intake
from conversations.mirror import Reading
from conversations.models import Conversation
from conversations.models.clock import moment, now
from tests.processes import until

pytestmark = [pytest.mark.usefixtures("hands"), pytest.mark.pipeline, pytest.mark.brokerless]


@pytest.fixture
def shown() -> Iterator[list[Shown]]:
    ids = [uuid.uuid4() for _ in range(60)]
    yield [
        Shown(
            pk,
            (ShownParticipant(uuid.uuid4(), "customer"), ShownParticipant(uuid.uuid4(), "acd")),
            started_at=moment(now()),
        )
        for pk in ids
    ]
    Conversation.objects.filter(pk__in=ids).delete()


def hear(shown: list[Shown]) -> None:
    notices = [Notice("t", time.monotonic(), each) for each in shown]
    Intake(lambda _: None, lambda: None).take(notices)


def at_once(*works: Callable[[], object]) -> list[Exception]:
    """Do them at the same time; what went wrong."""
    errors: list[Exception] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return errors


class TestCrosswise:
    def test_wishes_take_rows_in_the_order_of_events(self, shown: list[Shown]) -> None:
        for each in sorted(shown, key=lambda each: each.id, reverse=True):
            mirror.record_listed([each])  # in the table, the last is the first
        ids = sorted(each.id for each in shown)
        rows = Conversation.objects.filter(pk__in=ids)
        assert not _crosswise(ids, partial(mirror.want, rows, Reading.DOUBT))
        assert rows.filter(reading=Reading.DOUBT).count() == len(ids)

    def test_a_listing_and_events_of_what_is_new_do_not_wait_for_each_other(self) -> None:
        for _ in range(10):
            new = [Shown(uuid.uuid4(), (), started_at=moment(now())) for _ in range(40)]
            assert not at_once(partial(mirror.record_listed, new), partial(hear, new))
            Conversation.objects.filter(pk__in=[each.id for each in new]).delete()

    def test_events_are_taken_in_once_more_after_a_deadlock(self, shown: list[Shown]) -> None:
        mirror.record_listed(shown)
        ids = sorted(each.id for each in shown)
        before = now()
        assert not _crosswise(ids[::-1], partial(hear, shown))
        heard = Conversation.objects.filter(pk__in=ids, heard_at__gte=before)
        assert heard.count() == len(ids)


def _crosswise(ids: list[UUID], work: Callable[[], object]) -> list[Exception]:
    """Somebody has taken the first of these, and takes the last when the work waits; in a deadlock the work gives way.
    What went wrong."""
    taken = threading.Event()

    def other() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '20s'")
            _lock(ids[0])
            taken.set()
            until(_somebody_waits, what="the work waits", every=0.01)
            _lock(ids[-1])

    def wait_and_work() -> None:
        taken.wait(10)
        work()

    return at_once(other, wait_and_work)


def _lock(pk: UUID) -> None:
    Conversation.objects.select_for_update().get(pk=pk)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        [(count,)] = cursor.fetchall()
    return bool(count)
