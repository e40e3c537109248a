"""A confirmed value stays watched; what arrives late is still told."""

from collections.abc import Iterator

import pytest

from conversations import mirror
from conversations.connection import genesys
from conversations.edits import watch
from conversations.edits.proof import LATE_LOOK_SECONDS
from conversations.genesys import Conversation as Shown
from conversations.genesys import OutcomeUnknown, Trouble
from conversations.models import AttributeEdit, Conversation, EditLane, Feed, State, Verdict
from conversations.models.clock import moment, now
from conversations.tasks import nudge
from tests.builders import (
    Hands,
    a_user,
    a_value,
    feed_put_back,
    followed_for_long,
    reached,
    save,
    settled,
    verdicts,
)
from tests.conversations.between import twisted
from tests.conversations.clients import Died, Overtaken
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.pipeline


@pytest.mark.usefixtures("worker", "listener")
class TestAConfirmedValue:
    def test_that_a_flow_takes_back_is_reverted(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"}, flow_running=True)
        sandbox.fault("flow_overwrites", made)
        edit = settled(save(made, {"tier": a_value()}))
        assert edit.state == State.CONFIRMED

        sandbox.act(made, "flow_end")

        reached(edit, State.REVERTED)
        assert verdicts(edit) == {"tier": Verdict.REVERTED}
        assert edit.changes.get().observed == "silver"
        assert "tier" in edit.reason

    def test_that_another_system_changes_is_reverted(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        edit = settled(save(made, {"tier": a_value()}))

        sandbox.write(made, {"tier": "bronze"})

        reached(edit, State.REVERTED)
        assert edit.changes.get().observed == "bronze"

    def test_that_is_there_again_after_all_is_confirmed_again(self, sandbox: Sandbox) -> None:
        """Two sendings of which nobody knew landed far apart, and somebody else wrote between them."""
        made = sandbox.conversation(attributes={"tier": "silver"})
        value = a_value()
        edit = settled(save(made, {"tier": value}, by=a_user()))
        sandbox.write(made, {"tier": "bronze"})
        reached(edit, State.REVERTED)
        assert edit.unresolved

        sandbox.write(made, {"tier": value})

        reached(edit, State.CONFIRMED)
        assert (verdicts(edit), edit.unresolved) == ({"tier": Verdict.CONFIRMED}, False)
        assert not edit.reason

    def test_that_a_newer_edit_of_ours_changes_stays_confirmed(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        first = settled(save(made, {"tier": a_value()}))
        second = settled(save(made, {"tier": a_value()}))
        third = settled(save(made, {"other": a_value()}))

        first.refresh_from_db()
        assert [first.state, second.state, third.state] == [State.CONFIRMED] * 3


class TestAConfirmedValueThatOneReadDoesNotShow:
    def test_is_not_changed_back_by_another_such_read_later(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        hands.until_settled(save(made, {"other": a_value()}))
        edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        with twisted(lambda body: body.replace(b'"gold"', b'"silver"')) as stale:
            for client in (stale, None, stale, None):
                watch.check_again(edit)
                hands.turn(edit, client)
                assert edit.state == State.CONFIRMED
        change = edit.changes.get()
        assert (change.observed, change.agreeing) == ("gold", 0)


class TestNewsDuringALook:
    """Another system writes while our look is under way, and the event is here before the answer of the look."""

    @pytest.mark.parametrize("theirs", ["bronze", "silver"])
    def test_is_looked_into_although_the_look_confirmed(
        self, sandbox: Sandbox, hands: Hands, theirs: str
    ) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})

        def they_write(shown: Shown) -> None:
            if any(each.attributes.get("tier") == "gold" for each in shown.participants):
                sandbox.write(made, {"tier": theirs})
                [news] = mirror.record_events([(genesys().conversation(made.id).value, now())])
                watch.consider(news)

        with feed_put_back():
            followed_for_long(made)
            edit = save(made, {"tier": "gold"}, baseline="silver")
            overtaken = Overtaken(they_write)
            until(lambda: hands.turn(edit, overtaken).state == State.CONFIRMED)
            until(lambda: hands.turn(edit).state == State.REVERTED, 5)
        assert edit.changes.get().observed == theirs

    @pytest.mark.parametrize("answered", [True, False], ids=["the look shows nothing", "no answer"])
    def test_proves_what_the_last_look_did_not(
        self, sandbox: Sandbox, hands: Hands, answered: bool
    ) -> None:
        """The value shows at last, and the event that tells so overtakes the answer of the last look."""
        made = sandbox.conversation(attributes={"tier": "silver"})
        edit = save(made, {"tier": "gold"}, baseline="silver")
        sandbox.fault("never_stored", made, times=1)

        def it_shows(_: object = None) -> None:
            sandbox.write(made, {"tier": "gold"})
            [news] = mirror.record_events([(genesys().conversation(made.id).value, now())])
            watch.consider(news)
            if not answered:
                raise OutcomeUnknown(Trouble.NO_ANSWER, code="no.answer")

        with feed_put_back():
            followed_for_long(made)
            hands.turn(edit)
            assert edit.state == State.VERIFYING
            hands.deadline_passes(edit)
            hands.turn(edit, Overtaken(it_shows))
            until(lambda: hands.turn(edit).state == State.CONFIRMED, 5)


@pytest.mark.usefixtures("worker", "listener")
class TestAValueGivenUp:
    def test_is_confirmed_when_it_arrives_late(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("stored_late", made, seconds=4)
        edit = settled(save(made, {"tier": a_value()}))
        assert edit.state == State.NOT_PERSISTED

        reached(edit, State.CONFIRMED)
        assert "late" in edit.moves.latest("id").note

    def test_is_looked_at_again_when_somebody_asks(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("never_stored", made)
        sandbox.fault("event_lost", made)
        value = a_value()
        edit = settled(save(made, {"tier": value}))
        assert edit.state == State.NOT_PERSISTED
        sandbox.write(made, {"tier": value})

        lane = watch.check_again(edit)
        assert lane is not None
        nudge(lane)

        reached(edit, State.CONFIRMED)


class TestALookThatIsWanted:
    def test_is_made_though_newer_work_came_first(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        first = hands.until_settled(save(made, {"tier": a_value()}))
        sandbox.write(made, {"tier": "bronze"})
        watch.check_again(first)
        second = hands.until_settled(save(made, {"other": a_value()}))
        assert second.state == State.CONFIRMED

        until(lambda: hands.turn(first).state == State.REVERTED)

        assert EditLane.objects.get(pk=first.lane_id).due_at is None


class TestAnEditGivenUpWithSeveralKeys:
    def test_tells_which_of_them_arrived_late(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        sandbox.fault("never_stored", made)
        late, never = a_value(), a_value()
        edit = hands.until_settled(save(made, {"late": late, "never": never}))
        assert verdicts(edit) == {"late": Verdict.ABSENT, "never": Verdict.ABSENT}

        sandbox.write(made, {"late": late})
        _read_by_chance(made)
        hands.turn(edit)

        assert edit.state == State.NOT_PERSISTED
        assert verdicts(edit) == {"late": Verdict.CONFIRMED, "never": Verdict.ABSENT}
        assert "never" in edit.reason
        assert "late" not in edit.reason

        sandbox.write(made, {"late": "something else"})
        _read_by_chance(made)
        hands.turn(edit)
        hands.turn(edit)
        assert verdicts(edit)["late"] == Verdict.DIFFERENT


def _read_by_chance(made: Made) -> None:
    asked_at = now()
    watch.consider(mirror.record_read(genesys().conversation(made.id).value, asked_at))


class TestAConfirmedValueOfAWorkerThatDied:
    def test_is_looked_at_once_more(
        self, sandbox: Sandbox, hands: Hands, made: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The verdict was written down, and what the look had shown was not: when it changes back, that is no news."""

        def dies(*_: object) -> None:
            raise Died

        with feed_put_back():
            followed_for_long(made)
            sandbox.switch(persist_delay_ms=0)
            edit = save(made, {"tier": "gold"}, baseline="silver")
            monkeypatch.setattr(mirror, "record_read", dies)
            with pytest.raises(Died):
                until(lambda: hands.turn(edit).is_open is None)
            monkeypatch.undo()
            sandbox.switch(persist_delay_ms=50)
            edit.refresh_from_db()
            assert edit.state == State.CONFIRMED
            sandbox.write(made, {"tier": "silver"})
            _read_by_chance(made)
            hands.lease_runs_out(edit)
            hands.turn(edit)
            lane = EditLane.objects.filter(pk=edit.lane_id)
            assert lane.get().late_look_at == pytest.approx(now() + LATE_LOOK_SECONDS, abs=10)
            lane.update(late_look_at=1.0)
            until(lambda: watch.look_late(1000))
            until(lambda: hands.turn(edit).state == State.REVERTED, 5)

    def test_is_not_where_it_lived(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        with feed_put_back():
            followed_for_long(made)
            edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        assert edit.state == State.CONFIRMED
        assert EditLane.objects.get(pk=edit.lane_id).late_look_at is None


class TestAConfirmedValueNoEventTellsAbout:
    @pytest.fixture
    def unheard(self, sandbox: Sandbox, hands: Hands) -> Iterator[tuple[Made, AttributeEdit]]:
        """An edit confirmed while nothing is heard of the feed."""
        made = sandbox.conversation()
        heard_at = Feed.objects.values_list("heard_at", flat=True).first()
        Feed.objects.update(heard_at=1.0)
        yield made, hands.until_settled(save(made, {"tier": a_value()}))
        Feed.objects.update(heard_at=heard_at)

    def test_is_looked_at_once_more(
        self, sandbox: Sandbox, hands: Hands, unheard: tuple[Made, AttributeEdit]
    ) -> None:
        made, edit = unheard
        due = EditLane.objects.get(pk=edit.lane_id).late_look_at
        assert due == pytest.approx(now() + LATE_LOOK_SECONDS, abs=10)
        sandbox.write(made, {"tier": "bronze"})
        EditLane.objects.filter(pk=edit.lane_id).update(late_look_at=1.0)

        assert edit.lane_id in until(lambda: watch.look_late(1000))
        hands.turn(edit)

        assert edit.state == State.REVERTED
        assert edit.lane_id not in watch.look_late(1000)

    def test_does_not_hold_up_the_next_edit(
        self, sandbox: Sandbox, hands: Hands, unheard: tuple[Made, AttributeEdit]
    ) -> None:
        made, _ = unheard
        following = save(made, {"tier": a_value()})
        due_at = EditLane.objects.get(pk=following.lane_id).due_at
        assert due_at is not None
        assert due_at <= now()
        hands.until_settled(following)

    def test_is_watched_until_the_conversation_has_ended(
        self, sandbox: Sandbox, hands: Hands, unheard: tuple[Made, AttributeEdit]
    ) -> None:
        made, edit = unheard
        AttributeEdit.objects.filter(pk=edit.pk).update(watched_until=moment(now() - 1))
        sandbox.write(made, {"tier": "bronze"})

        asked_at = now()
        news = mirror.record_read(genesys().conversation(made.id).value, asked_at)

        assert watch.consider(news) == [edit.lane_id]
        hands.turn(edit)  # the value was read just before: a second look must agree
        assert hands.turn(edit).state == State.REVERTED


@pytest.mark.usefixtures("worker", "listener")
def test_where_events_tell_no_late_look_is_spent(sandbox: Sandbox) -> None:
    made = sandbox.conversation()
    until(lambda: Conversation.objects.filter(pk=made.id, known_since__gt=0).exists())
    edit = settled(save(made, {"tier": a_value()}))
    lane = EditLane.objects.filter(pk=edit.lane_id)
    until(lambda: lane.filter(lease_until=0).exists(), what="its worker has given it back")
    assert lane.get().late_look_at is None
