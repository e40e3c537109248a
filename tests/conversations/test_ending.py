"""When a conversation counts as over, and what brings it back. Genesys says so with `endTime` (API.md 5.1); that
nobody is on any more is a guess, which a better word corrects."""

import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from conversations import board, housekeeping, mirror
from conversations.connection import genesys
from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import Leg, Participant
from conversations.mirror import LAG_SECONDS, Reading
from conversations.models import Conversation, Role
from conversations.models.clock import moment, now
from tests.builders import a_user
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("hands")


def party(purpose: str, ended: datetime | None = None, **facts: Any) -> Participant:
    leg = Leg("voice", "disconnected" if ended else "connected", False, "inbound", "", None)
    return Participant(uuid.uuid4(), purpose, ended_at=ended, legs=(leg,), **facts)


@dataclass
class Told:
    """A conversation as Genesys tells of it."""

    id: UUID = field(default_factory=uuid.uuid4)

    def as_of(self, *participants: Participant, ended: datetime | None = None) -> Shown:
        return Shown(self.id, participants, moment(now() - 600), ended)

    def read(self, *participants: Participant, ended: datetime | None = None) -> Conversation:
        mirror.record_read(self.as_of(*participants, ended=ended), now())
        return self.row

    def event(self, *participants: Participant) -> Conversation:
        mirror.record_events([(self.as_of(*participants), now())])
        return self.row

    def listed(self, *participants: Participant) -> Conversation:
        mirror.record_listed([self.as_of(*participants)])
        return self.row

    @property
    def row(self) -> Conversation:
        return Conversation.objects.get(pk=self.id)


@pytest.fixture
def told() -> Told:
    return Told()


LEFT = moment(1_700_000_000)
ON = [
    (party("acd", queue_id=uuid.uuid4()), "queued"),
    (party("ivr"), "flow"),
    (party("agent"), "talking"),
    (party("customer"), "queued"),
]


class TestWhatIsOver:
    def test_by_the_word_of_genesys_has_its_time(self, told: Told) -> None:
        told.read(party("customer"))
        row = told.read(party("customer", LEFT), ended=LEFT)
        assert (row.live, row.ended_at, row.over_since) == (False, LEFT, LEFT)

    def test_though_somebody_seems_to_be_on(self, told: Told) -> None:
        assert not told.read(party("agent"), ended=LEFT).live

    def test_because_nobody_is_on_has_no_time_of_genesys(self, told: Told) -> None:
        before = moment(now())
        row = told.event(party("customer", LEFT), party("agent", LEFT))
        assert (row.live, row.ended_at) == (False, None)
        assert row.over_since is not None
        assert row.over_since >= before

    def test_lingers_on_the_board(self, told: Told) -> None:
        told.event(party("customer", LEFT))
        assert board.lingering(a_user(Role.ADMIN), [told.id]) == {told.id}

    def test_is_deleted_at_last_whoever_said_so(self, told: Told) -> None:
        old = moment(now()) - timedelta(days=settings.KEEP_CONVERSATIONS_DAYS + 1)
        told.event(party("customer", LEFT))
        Conversation.objects.filter(pk=told.id).update(phase_since=old)
        while housekeeping.tidy():
            pass
        assert not Conversation.objects.filter(pk=told.id).exists()

    def test_and_gone_from_genesys_has_no_time_of_genesys(self, told: Told) -> None:
        told.read(party("customer"))
        mirror.forget_live(told.id, now())
        assert (told.row.live, told.row.ended_at) == (False, None)
        assert told.row.over_since is not None


class TestNothingIsSaidByNobody:
    def test_in_a_listing(self, told: Told) -> None:
        assert told.listed().live

    def test_in_a_read(self, told: Told) -> None:
        assert told.read().live

    def test_in_an_event(self, told: Told) -> None:
        assert told.event().live

    def test_about_what_is_over(self, told: Told) -> None:
        told.read(party("customer", LEFT), ended=LEFT)
        assert not told.read().live
        assert told.row.ended_at == LEFT


class TestBackComes:
    @pytest.mark.parametrize(("somebody", "phase"), ON)
    def test_with_a_read_whoever_is_on(self, told: Told, somebody: Participant, phase: str) -> None:
        assert not told.read(party("customer", LEFT)).live
        assert told.read(party("customer", LEFT), somebody).phase == phase

    def test_with_a_listing_what_listings_alone_told_of(self, told: Told) -> None:
        customer = party("customer", LEFT)
        assert not told.listed(customer).live
        assert told.listed(replace(customer, ended_at=None)).live

    def test_somebody_who_seemed_to_have_left(self, told: Told) -> None:
        agent = party("agent", LEFT)
        assert not told.listed(agent).live
        assert told.read(replace(agent, ended_at=None)).live

    def test_never_with_an_event_but_it_is_read_at_once(self, told: Told) -> None:
        told.read(party("customer", LEFT))
        row = told.event(party("customer", LEFT), party("acd"))
        assert not row.live
        assert (row.reading, row.read_after) == (Reading.DOUBT, 0)

    def test_never_with_an_event_where_genesys_has_said_that_it_is_over(self, told: Told) -> None:
        told.read(party("customer", LEFT), ended=LEFT)
        row = told.event(party("customer"), party("agent"))
        assert not row.live
        assert row.reading < Reading.DOUBT

    def test_not_with_a_read_asked_for_before_the_newest_event(self, told: Told) -> None:
        customer, agent = party("customer"), party("agent")
        told.read(customer, agent)
        asked_at = now()
        time.sleep(0.05)
        ended = told.event(replace(customer, ended_at=LEFT), replace(agent, ended_at=LEFT))
        mirror.record_read(told.as_of(customer, agent), asked_at)
        assert not ended.live
        assert not told.row.live
        assert told.row.reading == Reading.CHECK  # and that read will tell

    def test_to_be_looked_at_once_more(self, told: Told) -> None:
        """The read may have been a stale one."""
        told.read(party("customer", LEFT), ended=LEFT)
        row = told.read(party("customer", LEFT), party("agent"))
        assert (row.live, row.ended_at) == (True, None)
        assert row.reading == Reading.CHECK
        assert row.read_after > now()

    def test_with_a_read_where_listings_go_on_telling_of_it(self, told: Told) -> None:
        customer = party("customer", LEFT)
        told.read(customer)
        assert told.listed(customer).reading == Reading.NOT_WANTED  # listings lag
        Conversation.objects.filter(pk=told.id).update(asked_at=now() - LAG_SECONDS - 1)
        row = told.listed(customer)
        assert (row.live, row.reading) == (False, Reading.CHECK)

    def test_as_the_sandbox_tells_it(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        mirror.record_listed([Shown(made.id, (party("customer", LEFT),))])
        assert not Conversation.objects.get(pk=made.id).live
        mirror.record_read(genesys().conversation(made.id).value, now())
        assert Conversation.objects.get(pk=made.id).live
