"""Whatever Genesys answers is recorded as far as it makes sense, wipes nothing, and stops nobody who works."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from websockets.sync.server import ServerConnection

from conversations import budget, mirror
from conversations.connection import genesys
from conversations.genesys import Answer, Client, OutcomeUnknown
from conversations.genesys.notifications import Dropped, Line, Notice, queue_topic, read_frame
from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import ListedPage
from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.live.chore import Chore
from conversations.live.ears import Ears
from conversations.live.intake import Intake
from conversations.live.lister import Lister
from conversations.live.reader import AT_ONCE, Reader
from conversations.mirror import Reading
from conversations.models import Conversation, Participant
from conversations.models.clock import moment, now
from tests.builders import Hands, save
from tests.conversations.between import Speak, line_to, twisted
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("hands")

Raw = dict[str, Any]
#: What may not be stored as it is, and what it becomes.
ODD, KEPT = "caf\ud83d a\0b", "caf\ufffd a\ufffdb"


def party(raw: Raw, participant: UUID) -> Raw:
    found: Raw = next(each for each in raw["participants"] if each["id"] == str(participant))
    return found


def read_as(made: Made, sandbox: Sandbox, change: Callable[[Raw], object]) -> Conversation:
    """A read is recorded whose answer was changed on its way."""

    def twist(body: bytes) -> bytes:
        raw = json.loads(body)
        change(raw)
        return json.dumps(raw).encode()

    with twisted(twist) as client:
        asked_at = now()
        mirror.record_read(client.conversation(made.id).value, asked_at)
    return Conversation.objects.get(pk=made.id)


def known(sandbox: Sandbox, **facts: Any) -> Made:
    made = sandbox.conversation(**facts)
    mirror.record_read(genesys().conversation(made.id).value, now())
    return made


def held(made: Made) -> dict[str, str]:
    found: dict[str, str] = Participant.objects.get(participant_id=made.customer).attributes
    return found


class TestARead:
    def test_with_text_that_cannot_be_stored_is_recorded(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "gold"})

        def spoil(raw: Raw) -> None:
            customer = party(raw, made.customer)
            customer |= {"name": ODD + "x" * 300, "purpose": "digitalconnectorintegration"}
            customer["attributes"] |= {ODD: ODD, "long": "x" * 100_000}

        read_as(made, sandbox, spoil)
        row = Participant.objects.get(participant_id=made.customer)
        assert row.attributes == {"tier": "gold", KEPT: KEPT, "long": "x" * 100_000}
        assert row.name.startswith(KEPT)
        assert len(row.name) == 255

    def test_with_many_agents_is_recorded(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()

        def crowd(raw: Raw) -> None:
            raw["participants"] += [
                {"id": str(uuid.uuid4()), "purpose": "agent", "name": f"Agent of a long name {n}",
                 "userId": str(uuid.uuid4()), "attributes": {}, "calls": [{"state": "connected"}]}
                for n in range(20)
            ]  # fmt: skip

        row = read_as(made, sandbox, crowd)
        assert len(row.agent) == 255
        assert row.participants.filter(purpose="agent").count() >= 20

    def test_that_lists_somebody_twice_is_recorded_once(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        read_as(
            made,
            sandbox,
            lambda raw: raw["participants"].append(party(raw, made.customer) | {"attributes": {}}),
        )
        assert held(made) == {"tier": "silver"}

    @pytest.mark.parametrize("odd", [None, 7, "x"])
    def test_with_somebody_nameless_is_recorded_without_them(
        self, sandbox: Sandbox, odd: Any
    ) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        read_as(made, sandbox, lambda raw: raw["participants"].insert(0, {"id": odd}))
        assert held(made) == {"tier": "silver"}

    @pytest.mark.parametrize("odd", [None, [], "", 7])
    def test_that_shows_no_attributes_wipes_none(self, sandbox: Sandbox, odd: Any) -> None:
        made = known(sandbox, attributes={"tier": "silver"})
        read_as(made, sandbox, lambda raw: party(raw, made.customer).update(attributes=odd))
        assert held(made) == {"tier": "silver"}

    def test_that_shows_that_there_are_no_attributes_is_believed(self, sandbox: Sandbox) -> None:
        made = known(sandbox, attributes={"tier": "silver"})
        read_as(made, sandbox, lambda raw: party(raw, made.customer).update(attributes={}))
        assert held(made) == {}

    def test_that_never_showed_attributes_leaves_them_unknown(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        read_as(made, sandbox, lambda raw: party(raw, made.customer).pop("attributes"))
        assert not Participant.objects.get(participant_id=made.customer).attributes_known

    @pytest.mark.parametrize("odd", [None, [], {}, "x", [7]])
    def test_that_shows_nobody_changes_nothing_and_is_made_again(
        self, sandbox: Sandbox, odd: Any
    ) -> None:
        made = known(sandbox, attributes={"tier": "silver"})
        mirror.want(Conversation.objects.filter(pk=made.id), Reading.DOUBT)
        before = Conversation.objects.get(pk=made.id)
        row = read_as(made, sandbox, lambda raw: raw.update(participants=odd))
        assert held(made) == {"tier": "silver"}
        assert (row.phase, row.ended_at, row.agent) == (before.phase, None, before.agent)
        assert row.participants.filter(ended_at=None).exists()
        assert row.reading == Reading.DOUBT
        assert row.read_after > now()
        mirror.record_read(genesys().conversation(made.id).value, now())
        assert Conversation.objects.get(pk=made.id).reading == Reading.NOT_WANTED

    def test_that_fails_for_ever_is_made_again_at_a_bearable_pace(self, sandbox: Sandbox) -> None:
        made = known(sandbox)
        row = Conversation.objects.filter(pk=made.id)
        row.update(read_failures=32_767)
        mirror.could_not_read(made.id, None)
        wait = row.get().read_after - now()
        assert 0 < wait <= mirror.reading.MAX_BACKOFF_SECONDS


class TestAnEvent:
    def test_that_speaks_of_somebody_nameless_is_recorded_and_read_up_on(
        self, sandbox: Sandbox
    ) -> None:
        made = known(sandbox, attributes={"tier": "silver"})
        raw = {
            "id": str(made.id),
            "participants": [
                {"id": str(made.customer), "purpose": "customer",
                 "attributes": {"tier": "silver", "new": "key"}},
                {"id": None, "purpose": "api"},
            ],
        }  # fmt: skip
        woken = threading.Event()
        Intake(lambda _: None, woken.set).take([heard(raw)])
        row = Conversation.objects.get(pk=made.id)
        assert held(made) == {"tier": "silver", "new": "key"}
        assert row.reading == Reading.DOUBT
        assert woken.is_set()

    def test_that_keeps_silent_about_attributes_is_read_up_on(self, sandbox: Sandbox) -> None:
        made = known(sandbox, attributes={"tier": "silver"})
        raw = {"id": str(made.id), "participants": [{"id": str(made.customer)}]}
        Intake(lambda _: None, lambda: None).take([heard(raw)])
        assert held(made) == {"tier": "silver"}
        assert Conversation.objects.get(pk=made.id).reading == Reading.DOUBT

    def test_that_shows_nobody_ends_nothing(self, sandbox: Sandbox) -> None:
        made = known(sandbox)
        Intake(lambda _: None, lambda: None).take([heard({"id": str(made.id)})])
        assert Conversation.objects.get(pk=made.id).live


def heard(raw: Raw) -> Notice:
    topic = f"v2.routing.queues.{uuid.uuid4()}.conversations"
    notice = read_frame(json.dumps({"topicName": topic, "eventBody": raw}), time.monotonic())
    assert notice is not None
    return notice


@contextmanager
def at_work(chore: Chore) -> Iterator[None]:
    chore.start()
    try:
        yield
    finally:
        chore.stop()
        chore.join(10)


class TestWhoeverWorks:
    """Errors nobody has foreseen cost one item, and no thread its life."""

    def test_a_reader_survives_what_it_cannot_read(self, sandbox: Sandbox) -> None:
        made = [known(sandbox, attributes={"tier": "silver"}) for _ in range(8)]
        bad, good = made[:6], made[6:]
        for each in made:
            sandbox.write(each, {"tier": "gold"})
        wanted = Conversation.objects.filter(pk__in=[each.id for each in made])
        Conversation.objects.update(reading=Reading.NOT_WANTED)
        mirror.want(wanted, Reading.DOUBT)
        mirror.want(wanted.filter(pk__in=[each.id for each in bad]), Reading.LOOKED_AT)

        def twist(body: bytes) -> bytes:
            spoilt = any(str(each.id).encode() in body for each in bad)
            return b"[" * 200_000 if spoilt else body

        with twisted(twist) as client, at_work(Reader(client, lambda _: None, lambda: False)):
            until(lambda: all(held(each)["tier"] == "gold" for each in good), what="all are read")
            until(
                lambda: wanted.filter(reading=Reading.LOOKED_AT, read_failures__gt=0).count() == 6,
                what="the others are put off",
            )
        wanted.update(reading=Reading.NOT_WANTED)

    def test_a_reader_survives_whatever_happens(self, sandbox: Sandbox, hands: Hands) -> None:
        made = [sandbox.conversation() for _ in range(6)]
        for each in made:
            hands.until_settled(save(each, {"tier": "gold"}))
            sandbox.write(each, {"tier": "stolen"})
        wanted = Conversation.objects.filter(pk__in=[each.id for each in made])
        Conversation.objects.update(reading=Reading.NOT_WANTED)
        mirror.want(wanted, Reading.DOUBT)
        nudged = []

        def nudge(lane_id: int) -> None:
            nudged.append(lane_id)
            raise RuntimeError

        with at_work(Reader(genesys(), nudge, lambda: False)):
            until(lambda: all(held(each)["tier"] == "stolen" for each in made), what="all are read")
            until(lambda: len(nudged) == 6, what="each was tried")
            hands_left = [e for e in threading.enumerate() if e.name.startswith("read-")]
        assert len(hands_left) == AT_ONCE

    def test_a_chore_is_tried_again_whatever_happens(self) -> None:
        tries = []

        class Clumsy(Chore):
            def work(self) -> float:
                tries.append(1)
                self.wake()
                raise RecursionError

        with at_work(Clumsy("clumsy")):
            until(lambda: len(tries) > 2, what="it is tried again")

    def test_a_reader_is_not_silenced_for_a_day(self, sandbox: Sandbox) -> None:
        made = known(sandbox)
        row = Conversation.objects.filter(pk=made.id)
        Conversation.objects.update(reading=Reading.NOT_WANTED)
        mirror.want(row, Reading.DOUBT)
        sandbox.fault("unavailable", made, call="read", times=1, retry_after=86_400)
        with at_work(Reader(genesys(), lambda _: None, lambda: False)):
            until(row.filter(read_failures__gt=0).exists, what="it could not be read")
        wait = row.get().read_after - now()
        assert 60 < wait <= budget.MAX_BLOCK_SECONDS

    def test_a_chore_is_not_silenced_for_a_day(self, sandbox: Sandbox) -> None:
        sandbox.fault("unavailable", call="list", times=1, retry_after=86_400)
        lister = Lister(genesys())
        lister.heal_gap(())
        assert lister._try() == budget.MAX_BLOCK_SECONDS

    def test_a_listing_that_is_refused_waits_long_and_lets_nobody_wait(
        self, sandbox: Sandbox
    ) -> None:
        sandbox.fault("forbidden", call="list", times=1)
        lister = Lister(genesys())
        lister.heal_gap(())
        assert lister.behind
        assert lister._try() >= 60
        assert not lister.behind

    def test_a_page_is_listed_but_for_what_cannot_be_recorded(self, sandbox: Sandbox) -> None:
        good, bad = uuid.uuid4(), uuid.uuid4()
        pages = {1: (shown(bad, "half a \ud83d"),), 2: (shown(bad, "\ud83d"), shown(good, "Zoe"))}

        class Careless(Client):
            """Reads as if the border let everything pass."""

            def live_conversations(self, *args: Any, **more: Any) -> Answer[ListedPage]:
                answer = super().live_conversations(*args, **more)
                return replace(answer, value=ListedPage(pages.get(args[2], ()), 3))

        lister = Lister(Careless(settings.GENESYS))
        lister.heal_gap(())
        with at_work(lister):
            until(lambda: not lister.behind, what="everything is listed")
        assert Conversation.objects.filter(pk=good).exists()
        assert not Conversation.objects.filter(pk=bad).exists()

    def test_events_are_recorded_but_for_what_cannot_be(self, sandbox: Sandbox) -> None:
        good, bad = uuid.uuid4(), uuid.uuid4()
        both = [shown(bad, "half a \ud83d"), shown(good, "Zoe")]
        notices = [Notice("t", time.monotonic(), each) for each in both]
        Intake(lambda _: None, lambda: None).take(notices)
        assert Conversation.objects.filter(pk=good).exists()
        assert not Conversation.objects.filter(pk=bad).exists()


def shown(pk: UUID, name: str) -> Shown:
    customer = ShownParticipant(uuid.uuid4(), "customer", name=name)
    return Shown(pk, (customer,), started_at=moment(now()))


def line_with(*frames: str) -> Speak:
    """A line on which these come, and then nothing."""

    def speak(line: ServerConnection) -> None:
        for each in frames:
            line.send(each)
        line.recv()

    return speak


class TestEars:
    TOPIC = queue_topic(UUID(int=4711))

    def test_hear_on_after_a_frame_nested_without_end(self, sandbox: Sandbox) -> None:
        raw = json.dumps({"topicName": self.TOPIC, "eventBody": {"id": str(uuid.uuid4())}})
        deep = "[" * 200_000
        with line_to(line_with(deep, raw)) as client, Ears(client, [self.TOPIC]) as ears:
            assert [each.topic for each in ears.take(5, 5.0)] == [self.TOPIC]

    def test_hear_on_while_no_other_line_can_subscribe(self, sandbox: Sandbox) -> None:
        """Were one left open at each try, the 21st channel would cost the line that is well (API.md 7.1)."""
        made = sandbox.conversation()
        topic = queue_topic(UUID(made.raw["queue"]["id"]))

        def hears() -> bool:
            return made.id in [
                each.conversation.id for each in ears.take(50, 1.0) if each.conversation
            ]

        with Ears(genesys(), [topic]) as ears:
            sandbox.fault("server_error", call="subscribe", times=30)
            for _ in range(30):
                with pytest.raises(OutcomeUnknown):
                    Line(genesys(), [topic])
            sandbox.write(made, {"tier": "gold"})
            until(hears, what="the event is heard")

    def test_say_that_the_line_is_gone_when_one_dies(self, sandbox: Sandbox) -> None:
        with line_to(line_with()) as client, Ears(client, [self.TOPIC]) as ears:
            line = ears._lines[0]
            socket, line._socket = line._socket, None  # type: ignore[assignment]  # an error nobody has foreseen
            with pytest.raises(Dropped):
                until(lambda: ears.take(5, 1.0), what="the line counts as gone")
            line._socket = socket

    def test_notice_a_gap_while_a_line_is_replaced(self, sandbox: Sandbox) -> None:
        opening, opened = threading.Event(), []

        def speak(line: ServerConnection) -> None:
            opened.append(line)
            if len(opened) == 1:
                opening.wait(10)  # and then it ends
            else:
                line.recv()

        def meanwhile() -> None:
            if opened:
                opening.set()
                until(lambda: ears._ended, what="the old line has ended")

        with line_to(speak, meanwhile) as client, Ears(client, [self.TOPIC]) as ears:
            with pytest.raises(Dropped):
                ears.renew([self.TOPIC])
            with pytest.raises(Dropped):
                ears.take(5, 1.0)

    def test_notice_none_where_the_old_line_ends_after_the_new_one_is_open(
        self, sandbox: Sandbox
    ) -> None:
        with line_to(line_with()) as client, Ears(client, [self.TOPIC]) as ears:
            old = ears._lines[0]
            ears.renew([self.TOPIC])
            until(lambda: old in ears._ended, what="the old line has ended")
            assert ears.take(5, 0.2) == []
