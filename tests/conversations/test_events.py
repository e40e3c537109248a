"""Events shuffled, doubled, delayed, and reads in between: the mirror ends equal to the truth; nothing ended returns.

Hypothesis plays Genesys and the line; time is played as well. An event may be as late as `ECHO_SECONDS`, and what the
mirror wants read is read, as the listener would. No event is lost here: that is a gap (test_feed_truth).
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations import mirror
from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import Leg
from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.mirror import ECHO_SECONDS
from conversations.models import Conversation, FeedTopic, Queue
from conversations.models.clock import moment, now

QUEUE = UUID(int=4711)
LEG = Leg("voice", "connected", False, "inbound", "", None)


@dataclass
class Pending:
    """An event on its way."""

    shown: Shown
    latest: float
    delivered: int = 0


@dataclass
class Genesys:
    """One conversation as it really is, with a customer and an agent."""

    id: UUID = field(default_factory=uuid.uuid4)
    attributes: dict[str, str] = field(default_factory=lambda: {"tier": "silver"})
    held: bool = False
    ended: bool = False

    def show(self, at: float) -> Shown:
        end = moment(at) if self.ended else None
        leg = replace(LEG, held=self.held, state="disconnected" if self.ended else "connected")
        customer = ShownParticipant(
            uuid.uuid5(self.id, "customer"), "customer", ended_at=end,
            attributes=dict(self.attributes), legs=(leg,),
        )  # fmt: skip
        agent = ShownParticipant(
            uuid.uuid5(self.id, "agent"), "agent", name="Ana", user_id=uuid.uuid5(self.id, "user"),
            queue_id=QUEUE, ended_at=end, legs=(leg,),
        )  # fmt: skip
        return Shown(self.id, (customer, agent), moment(at - 600), end)


class Line(RuleBasedStateMachine):
    """What happens at Genesys, what the line makes of it, and what we read."""

    @initialize(followed=st.sampled_from([30.0, 600.0]))
    def begin(self, followed: float) -> None:
        self.time = now() - 100_000
        self.genesys, self.pending = Genesys(), list[Pending]()
        Queue.objects.get_or_create(pk=QUEUE, defaults={"name": "Billing"})
        FeedTopic.objects.update_or_create(pk=QUEUE, defaults={"since": self.time - followed})
        mirror.record_read(self.genesys.show(self.time), self.time)
        row = Conversation.objects.filter(pk=self.genesys.id)
        row.update(known_since=self.time - followed, queue_since=self.time - followed)

    @property
    def row(self) -> Conversation:
        return Conversation.objects.get(pk=self.genesys.id)

    # --- At Genesys ---

    @rule(key=st.sampled_from(["tier", "note"]), value=st.sampled_from(["gold", "silver", ""]))
    def somebody_writes(self, key: str, value: str) -> None:
        self.genesys.attributes[key] = value
        self._tell()

    @rule(value=st.sampled_from(["gold", "bronze"]))
    def somebody_writes_and_takes_it_back(self, value: str) -> None:
        before = dict(self.genesys.attributes)
        self.somebody_writes("tier", value)
        self.genesys.attributes = before
        self._tell()

    @precondition(lambda self: not self.genesys.ended)
    @rule()
    def hold_or_not(self) -> None:
        self.genesys.held = not self.genesys.held
        self._tell()

    @precondition(lambda self: not self.genesys.ended)
    @rule()
    def everybody_leaves(self) -> None:
        self.genesys.ended = True
        self._tell()

    def _tell(self) -> None:
        self.time += 0.5
        self.pending.append(Pending(self.genesys.show(self.time), self.time + ECHO_SECONDS))

    # --- On the line ---

    @precondition(lambda self: self.pending)
    @rule(data=st.data(), again=st.booleans())
    def an_event_arrives(self, data: st.DataObject, again: bool) -> None:
        event = data.draw(st.sampled_from(self.pending))
        self._deliver([event])
        if not again:
            self.pending.remove(event)

    @precondition(lambda self: len(self.pending) > 1)
    @rule()
    def the_newest_overtakes(self) -> None:
        self._deliver([self.pending.pop()])

    @precondition(lambda self: len(self.pending) > 1)
    @rule(data=st.data())
    def many_arrive_at_once(self, data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(self.pending))
        self._deliver(shuffled)
        self.pending.clear()

    def _deliver(self, events: list[Pending]) -> None:
        self.time += 0.1
        mirror.record_events([(each.shown, self.time) for each in events])
        for each in events:
            each.delivered += 1

    # --- With us ---

    @rule(seconds=st.sampled_from([1.0, 20.0, 45.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        """No event is later than it may be."""
        until = self.time + seconds
        late = [each for each in self.pending if each.latest <= until]
        for each in late:
            self.pending.remove(each)
            if not each.delivered:
                self.time = max(self.time, each.latest - 0.2)
                self._deliver([each])
        self.time = max(self.time, until)

    @precondition(lambda self: self.row.reading and self.row.read_after <= self.time)
    @rule()
    def the_listener_reads(self) -> None:
        self._read()

    @precondition(lambda self: self.pending)
    @rule()
    def a_worker_reads_while_an_event_arrives(self) -> None:
        """The answer is recorded after the event, and may be older."""
        asked_at, shown = self.time, self.genesys.show(self.time)
        self._deliver([self.pending.pop(0)])
        self.time += 1
        mirror.record_read(shown, asked_at)

    def _read(self) -> None:
        self.time += 0.1
        mirror.record_read(self.genesys.show(self.time), self.time)

    # --- What must hold ---

    @invariant()
    def what_has_ended_does_not_return(self) -> None:
        if hasattr(self, "genesys"):
            over = not self.row.live
            assert over <= self.genesys.ended
            assert over >= getattr(self, "was_over", False)
            self.was_over = over

    def teardown(self) -> None:
        if not hasattr(self, "genesys"):
            return
        self.time_passes(ECHO_SECONDS + 1)
        for _ in range(3):
            if self.row.reading:
                self.time = max(self.time, self.row.read_after)
                self._read()
        row = self.row
        customer = row.participants.get(purpose="customer")
        assert row.reading == Conversation.Reading.NOT_WANTED
        assert customer.attributes == self.genesys.attributes
        assert row.live != self.genesys.ended
        if row.live:
            assert row.phase == ("held" if self.genesys.held else "talking")
        assert row.started_at is not None
        assert row.started_at - moment(self.time) < timedelta()


@pytest.mark.usefixtures("hands")
def test_events_in_any_order_end_in_the_truth() -> None:
    thorough = settings(max_examples=80, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(Line, settings=thorough)
