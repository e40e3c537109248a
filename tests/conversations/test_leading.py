"""Who leads keeps a line that is well; who leads no more writes nothing down about it: the new leader's word stands."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile
from typing import Any

import pytest
from django.db import connection
from websockets.sync.server import ServerConnection

from conversations.connection import genesys
from conversations.live import follow
from conversations.live.follow import Listener
from conversations.live.lease import Lease, LeaseLost
from conversations.models import Feed, FeedTopic, Leadership, Reason
from conversations.models.clock import now
from tests.builders import feed_put_back
from tests.conversations.between import line_to
from tests.genesys import Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("hands")


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """The listener of the run, which is frozen, goes on as if nothing had been."""
    rows = list(Leadership.objects.all())
    Leadership.objects.all().delete()
    with feed_put_back():
        yield
    Leadership.objects.all().delete()
    Leadership.objects.bulk_create(rows)


class Other:
    """A process that takes over, and follows the feed."""

    def __init__(self) -> None:
        self.lease = Lease("feed", 60.0)
        self.since = 0.0

    def take_over(self) -> None:
        """As after the old leader was frozen for longer than its lease."""
        Leadership.objects.update(until=0)
        assert self.lease.take()
        self.since = now()
        opened = {"opened_at": self.since, "heard_at": self.since, "trouble": Reason()}
        Feed.objects.update_or_create(defaults=opened)
        FeedTopic.objects.all().delete()
        FeedTopic.objects.create(queue_id=uuid.uuid4(), since=self.since)
        connection.close()  # it is called in threads of servers

    def leads_undisturbed(self) -> bool:
        row = Feed.objects.get()
        topics = set(FeedTopic.objects.values_list("since", flat=True))
        told = (row.opened_at, str(row.trouble), topics) == (self.since, "", {self.since})
        return told and Leadership.objects.get().holder == self.lease.holder


@pytest.fixture
def other() -> Iterator[Other]:
    other = Other()
    yield other
    other.lease.release()


def lead(listener: Listener) -> None:
    """Until it finds out that it leads no more."""
    assert listener._lease.take()
    listener._lead()


@contextmanager
def listening() -> Iterator[None]:
    """With a listener of the test's own, from its first line on."""
    listener = Listener(genesys(), lambda _: None)

    def run() -> None:
        listener.run()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        listener.end()
        thread.join(30)


def _checked_since(sandbox: Sandbox, fault: str) -> int:
    """How many questions for the queues were answered after the one the fault has hit."""
    checks = [each for each in sandbox.calls() if each["call"] == "queues"]
    since = dropwhile(lambda each: each["fault"] != fault, checks)
    return sum((each["fault"], each["status"]) == (None, 200) for each in since)


class TestALeader:
    @pytest.mark.parametrize(
        ("fault", "parameters"), [("server_error", {}), ("drip", {"seconds": 5})]
    )
    def test_keeps_a_line_that_is_well_though_the_queues_cannot_be_checked(
        self,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
        parameters: dict[str, Any],
    ) -> None:
        monkeypatch.setattr(follow, "CHECK_QUEUES_SECONDS", 0.3)
        monkeypatch.setattr(follow, "FROZEN_SECONDS", 4.0)  # shorter than the slow answer takes
        Feed.objects.update(opened_at=0)
        with listening():
            until(Feed.objects.filter(opened_at__gt=0).exists, 20, what="a line is open")
            before = Feed.objects.get()
            sandbox.call("DELETE", "calls")
            sandbox.fault(fault, call="queues", times=1, **parameters)
            until(lambda: _checked_since(sandbox, fault) >= 2, 30, what="they are checked again")
            after = Feed.objects.get()
        assert after.opened_at == before.opened_at
        assert not str(after.trouble)


class TestADeposedLeader:
    def test_does_not_say_that_its_line_is_gone(self, sandbox: Sandbox, other: Other) -> None:
        Feed.objects.update(opened_at=0)

        def speak(line: ServerConnection) -> None:
            until(Feed.objects.filter(opened_at__gt=0).exists, what="it has said that it is open")
            other.take_over()  # and the line ends

        with line_to(speak) as client:
            lead(Listener(client, lambda _: None))
        assert other.leads_undisturbed()

    def test_does_not_say_that_its_line_is_open(self, sandbox: Sandbox, other: Other) -> None:
        with line_to(lambda line: line.recv(), opening=other.take_over) as client:
            lead(Listener(client, lambda _: None))
        assert other.leads_undisturbed()

    def test_finds_out_whatever_its_clock_says(self, other: Other) -> None:
        lease = Lease("feed", 60.0)
        assert lease.take()
        lease.make_sure()
        other.take_over()
        with pytest.raises(LeaseLost):
            lease.make_sure()
