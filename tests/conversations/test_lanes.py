"""Order, merging, leases: what keeps an older value from landing over a newer one."""

import threading
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from conversations import mirror
from conversations.connection import genesys
from conversations.edits import accept, step
from conversations.edits.accept import AnotherEdit, ChangedMeanwhile, Unacceptable, Wish
from conversations.edits.turn import Turn
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    Conversation,
    EditLane,
    EditMove,
    Participant,
    State,
    Verdict,
)
from conversations.models import lane as lanes
from conversations.models.edit import IllegalMove, MovedMeanwhile, move
from conversations.models.lane import LEASE_SECONDS
from tests.builders import Hands, a_user, a_value, moves, save, settled, verdicts
from tests.conversations.clients import Overtaken
from tests.genesys import Made, Sandbox
from tests.processes import Process, until

pytestmark = pytest.mark.pipeline


class TestEditsThatWaitTogether:
    def test_go_out_as_one_and_keep_their_own_verdicts(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made, ann, ben = sandbox.conversation(), a_user(), a_user()
        first = save(made, {"tier": "gold", "case": "C-1"}, by=ann)
        second = save(made, {"tier": "platinum"}, by=ben)
        third = save(made, {"note": ""}, by=ann)

        for edit in (first, second, third):
            hands.until_settled(edit)

        written = [each["status"] for each in sandbox.calls(made) if each["method"] == "PATCH"]
        assert [status for status in written if status != 401] == [202]  # a token may have run out
        truth = sandbox.attributes(made)
        assert (truth["tier"], truth["case"]) == ("platinum", "C-1")
        assert verdicts(first) == {"tier": Verdict.REPLACED, "case": Verdict.CONFIRMED}
        assert "1 of 2 confirmed, 1 replaced" in first.reason
        assert [each.by for each in (first, second, third)] == [ann, ben, ann]
        assert {each.state for each in (first, second, third)} == {State.CONFIRMED}

    def test_are_told_apart_when_one_of_them_is_refused(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        sandbox.switch(max_value_length=50)
        try:
            good = save(made, {"tier": "gold"})
            bad = save(made, {"notes": "x" * 60})
            also_good = save(made, {"case": "C-2"})
            for edit in (good, bad, also_good):
                hands.until_settled(edit)
        finally:
            sandbox.switch(max_value_length=None)

        assert [each.state for each in (good, bad, also_good)] == [
            State.CONFIRMED,
            State.REJECTED,
            State.CONFIRMED,
        ]
        assert bad.reason
        assert (State.SENDING, State.QUEUED) in moves(good)

    def test_each_have_a_second_try_after_a_conflict_of_states(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        """The first has had its 409 already when the second joins it."""
        made, joined = sandbox.conversation(), list[AttributeEdit]()
        sandbox.fault("general_conflict", made, times=2)

        def another_is_saved(_: object) -> None:
            if not joined:
                joined.append(save(made, {"note": "n"}))

        first, client = save(made, {"tier": "gold"}), Overtaken(another_is_saved)
        until(lambda: hands.turn(first, client) and joined)
        for edit in (first, *joined):
            hands.until_settled(edit)
            assert edit.state == State.CONFIRMED
        assert [each.sends for each in (first, *joined)] == [3, 2]

    def test_replaced_ones_are_sent_after_all_when_the_merge_was_refused(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        sandbox.switch(max_value_length=50)
        try:
            first = save(made, {"tier": "gold"})
            second = save(made, {"tier": "x" * 60})
            hands.until_settled(second)
        finally:
            sandbox.switch(max_value_length=None)
        first.refresh_from_db()
        assert (first.state, second.state) == (State.CONFIRMED, State.REJECTED)
        assert sandbox.attributes(made)["tier"] == "gold"


class TestOrder:
    def test_is_kept_when_the_first_has_to_wait(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        sandbox.fault("client_timeout", made, times=2)
        first = save(made, {"tier": "gold"})
        hands.turn(first)
        second = save(made, {"tier": "platinum"})
        hands.until_settled(second)
        first.refresh_from_db()
        assert (first.state, second.state) == (State.SUPERSEDED, State.CONFIRMED)
        assert sandbox.attributes(made)["tier"] == "platinum"

    def test_is_kept_by_the_worker_for_many_at_once(
        self, sandbox: Sandbox, worker: Process
    ) -> None:
        made = sandbox.conversation()
        edits = [save(made, {"tier": f"value {number}"}) for number in range(30)]
        for edit in edits:
            settled(edit)
        history = [each["value"] for each in sandbox.history(made) if each["key"] == "tier"]
        numbers = [int(each.split()[1]) for each in history]
        assert numbers == sorted(numbers)
        assert history[-1] == "value 29"
        assert {edit.state for edit in edits} <= {State.CONFIRMED, State.SUPERSEDED}

    def test_new_work_waits_behind_a_doubtful_write(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        sandbox.fault("server_error", made, times=1)
        first = hands.turn(save(made, {"tier": "gold"}))
        second = save(made, {"note": "n"})
        hands.turn(second)
        assert (first.doubtful, second.state) == (True, State.QUEUED)
        hands.until_settled(first)
        hands.until_settled(second)
        assert (first.state, second.state) == (State.CONFIRMED, State.CONFIRMED)


class TestAHalfSentEdit:
    def test_is_looked_for_before_anything_is_sent_again(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        edit = _sent_by_a_worker_that_died(sandbox, made, hands, landed=True)
        hands.until_settled(edit)
        assert edit.state == State.CONFIRMED
        assert sandbox.methods(made).count("PATCH") == 0  # the dead worker's went another way

    def test_is_sent_again_when_it_did_not_arrive(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        edit = _sent_by_a_worker_that_died(sandbox, made, hands, landed=False)
        hands.until_settled(edit)
        assert (edit.state, edit.sends) == (State.CONFIRMED, 2)
        assert sandbox.methods(made)[0] == "GET"


def _sent_by_a_worker_that_died(
    sandbox: Sandbox, made: Made, hands: Hands, *, landed: bool
) -> AttributeEdit:
    """The rows a worker leaves that wrote down its intention, perhaps sent, and died."""
    edit = save(made, {"tier": "gold"})
    AttributeEdit.objects.filter(pk=edit.pk).update(
        state=State.SENDING, sends=1, attempts=1, sent_at=edit.created_at
    )
    if landed:
        sandbox.write(made, {"tier": "gold"})
    hands.lease_runs_out(edit)
    return edit


class TestALateHolder:
    def test_that_wrote_over_something_newer_has_it_put_right(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        """Frozen longer than its lease, its write lands over the newer value; a repair edit restates that."""
        made = sandbox.conversation()
        sandbox.fault("hang", made, times=1, seconds=6, late_landing=5)
        first = save(made, {"tier": "old"})
        late = threading.Thread(target=_work_once, args=(first.lane_id,))
        late.start()
        until(lambda: AttributeEdit.objects.get(pk=first.pk).state == State.SENDING)

        hands.lease_runs_out(first)
        second = save(made, {"tier": "new"})
        hands.until_settled(second)
        assert sandbox.attributes(made)["tier"] == "new"
        late.join()
        assert sandbox.attributes(made)["tier"] == "old"

        repair = AttributeEdit.objects.get(lane_id=first.lane_id, repair=True)
        hands.until_settled(repair)
        assert (repair.state, repair.by) == (State.CONFIRMED, None)
        assert sandbox.attributes(made)["tier"] == "new"

    def test_repair_is_sent_though_the_value_still_shows(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        """What the late holder wrote may become readable only after the repair was planned."""
        made = sandbox.conversation()
        hands.until_settled(save(made, {"tier": "gold"}))
        wish = {"tier": accept.Wish("gold")}
        repair = accept.save(made.id, made.customer, wish, repair=True).edit
        hands.until_settled(repair)
        assert (repair.state, repair.sends, repair.look_only) == (State.CONFIRMED, 1, False)
        assert sandbox.methods(made).count("PATCH") == 2

    def test_settles_nothing(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = save(sandbox.conversation(), {"tier": "gold"})
        held = lanes.claim(edit.lane_id)
        assert held is not None
        hands.lease_runs_out(edit)
        assert lanes.claim(edit.lane_id) is not None
        with pytest.raises(lanes.LaneLost):
            lanes.release(held, done_seq=1, attempt=0, solo_until=0, when=0)
        with pytest.raises(lanes.LaneLost):
            lanes.renew(held)


def _work_once(lane_id: int) -> None:
    step.work(lane_id, genesys())
    connection.close()


class TestALane:
    def test_is_held_by_one_at_a_time(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = save(sandbox.conversation(), {"tier": "gold"})
        assert lanes.claim(edit.lane_id) is not None
        assert lanes.claim(edit.lane_id) is None

    def test_is_not_believed_to_be_held_for_longer_than_it_is(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        held = lanes.claim(save(sandbox.conversation(), {"tier": "gold"}).lane_id)
        assert held is not None
        assert Turn.begin(held).may_write(settings.GENESYS)
        told_late = replace(held, asked_at=held.asked_at - LEASE_SECONDS / 2)
        assert not Turn.begin(told_late).may_write(settings.GENESYS)

    def test_does_not_forget_what_was_saved_while_it_was_settled(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        first = save(made, {"tier": "gold"})
        held = lanes.claim(first.lane_id)
        assert held is not None
        save(made, {"tier": "platinum"})
        due_in = lanes.release(held, done_seq=1, attempt=0, solo_until=0, when=held.now)
        assert due_in is not None

    def test_with_nothing_left_is_not_due(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = hands.until_settled(save(sandbox.conversation(), {"tier": "gold"}))
        lane = EditLane.objects.get(pk=edit.lane_id)
        assert (lane.due_at, lane.lease_until, lane.done_seq) == (None, 0, edit.seq)

    def test_that_was_asked_while_held_is_due_again(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        edit = save(made, {"tier": "gold"})
        held = lanes.claim(edit.lane_id)
        assert held is not None
        assert lanes.ask(made.id, made.customer) == edit.lane_id
        due_in = lanes.release(held, done_seq=1, attempt=0, solo_until=0, when=0)
        assert due_in is not None

    def test_overdue_is_given_to_one_sweep_and_not_again_at_once(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        edit = save(sandbox.conversation(), {"tier": "gold"})
        assert edit.lane_id in dict(lanes.take_overdue(1000))
        assert edit.lane_id not in dict(lanes.take_overdue(1000))


class TestSaving:
    def test_the_same_form_twice_makes_one_edit(self, sandbox: Sandbox, hands: Hands) -> None:
        made, edit_id = sandbox.conversation(), uuid4()
        wishes = {"tier": Wish("gold")}
        first = accept.save(made.id, made.customer, wishes, edit_id=edit_id)
        again = accept.save(made.id, made.customer, wishes, edit_id=edit_id)
        assert again.edit == first.edit
        with pytest.raises(AnotherEdit):
            accept.save(made.id, made.customer, {"tier": Wish("silver")}, edit_id=edit_id)

    def test_over_a_changed_value_stores_nothing(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        hands.until_settled(save(made, {"x": "y"}))
        with pytest.raises(ChangedMeanwhile) as caught:
            accept.save(made.id, made.customer, {"tier": Wish("gold", baseline="bronze")})
        assert caught.value.held == {"tier": "silver"}
        assert not AttributeChange.objects.filter(value="gold", edit__lane__conversation_id=made.id)

    def test_on_top_of_an_own_value_that_never_arrived_is_no_conflict(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        hands.until_settled(save(made, {"x": "y"}))
        sandbox.fault("never_stored", made, times=1)
        lost = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        assert lost.state == State.NOT_PERSISTED
        third = hands.until_settled(save(made, {"tier": "platinum"}, baseline="gold"))
        assert third.state == State.CONFIRMED

    @pytest.mark.parametrize(
        "wishes",
        [
            {},
            {"": Wish("x")},
            {"a": Wish("\x00")},
            {"a\x00": Wish("x")},
            {"a": Wish("\ud800")},
            {"a": Wish("x" * 300_000)},
            {f"key{number}": Wish("x") for number in range(201)},
        ],
    )
    def test_what_can_never_be_sent_is_refused_with_words(
        self, sandbox: Sandbox, database: None, wishes: dict[str, Wish]
    ) -> None:
        made = sandbox.conversation()
        with pytest.raises(Unacceptable) as caught:
            accept.save(made.id, made.customer, wishes)
        assert str(caught.value).endswith(".")
        assert not EditLane.objects.filter(conversation_id=made.id).exists()

    def test_keys_and_values_of_all_kinds_arrive_as_they_are(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        odd = {
            "ANI ": " leading",
            "7day": 'line\nbreak|pipe "quote"',
            "ivr.Skills": "äöü 漢字 🎧",
            "empty": "",
            "long": "x" * 20_000,
        }
        edit = hands.until_settled(save(made, odd))
        assert edit.state == State.CONFIRMED
        truth = sandbox.attributes(made)
        assert {key: truth[key] for key in odd} == odd


class TestWithdrawing:
    def test_comes_too_late_once_it_is_being_sent(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = hands.turn(save(sandbox.conversation(), {"tier": "gold"}))
        assert not accept.withdraw(edit)

    def test_lets_the_others_of_the_lane_go(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        first, second = save(made, {"tier": "gold"}), save(made, {"case": "C-9"})
        assert accept.withdraw(first)
        hands.until_settled(second)
        first.refresh_from_db()
        assert (first.state, second.state) == (State.CANCELLED, State.CONFIRMED)
        assert verdicts(first) == {"tier": Verdict.UNSENT}
        assert "tier" not in sandbox.attributes(made)


class TestTheRow:
    def test_moves_once(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = save(sandbox.conversation(), {"tier": "gold"})
        copy = AttributeEdit.objects.get(pk=edit.pk)
        with transaction.atomic():
            move([edit], State.CANCELLED, edit.created_at, EditMove())
        with pytest.raises(MovedMeanwhile), transaction.atomic():
            move([copy], State.SENDING, edit.created_at, EditMove())
        with pytest.raises(IllegalMove), transaction.atomic():
            move([edit], State.SENDING, edit.created_at, EditMove())

    @pytest.mark.parametrize(
        "lie",
        [
            {"state": "green"},
            {"state": State.CONFIRMED},
            {"settled_at": "2026-01-01T00:00:00Z"},
            {"state": State.CONFIRMED, "settled_at": "2026-01-01T00:00:00Z"},
            {"state": State.VERIFYING},
        ],
    )
    def test_cannot_lie(self, sandbox: Sandbox, hands: Hands, lie: dict[str, str]) -> None:
        edit = save(sandbox.conversation(), {"tier": "gold"})
        with pytest.raises(IntegrityError), transaction.atomic():
            AttributeEdit.objects.filter(pk=edit.pk).update(**lie)

    def test_never_holds_a_value_in_its_timeline_or_the_log(
        self, sandbox: Sandbox, worker: Process
    ) -> None:
        value = a_value()
        made = sandbox.conversation()
        sandbox.fault("bad_request", made, times=1)
        refused = settled(save(made, {"tier": value}))
        confirmed = settled(save(made, {"tier": value}))
        assert (refused.state, confirmed.state) == (State.REJECTED, State.CONFIRMED)
        for edit in (refused, confirmed):
            assert all(value not in each.note for each in edit.moves.all())
        assert value not in worker.output()
        assert str(confirmed.pk) in worker.output()
        assert confirmed.correlation_id in worker.output()


class TestOneLook:
    def test_settles_the_edits_of_every_participant_of_the_conversation(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        made = sandbox.conversation()
        sandbox.switch(persist_delay_ms=300)
        try:
            one = hands.turn(save(made, {"tier": "gold"}))
            Conversation.objects.filter(pk=made.id).update(known_since=1.0)
            other = hands.turn(save(made, {"team": "a"}, participant=made.participant("agent")))
            assert (one.state, other.state) == (State.VERIFYING, State.VERIFYING)
            time.sleep(0.35)  # the sandbox stores them
            reads = sandbox.methods(made).count("GET")
            hands.turn(one)
            other.refresh_from_db()
        finally:
            sandbox.switch(persist_delay_ms=50)
        assert (one.state, other.state) == (State.CONFIRMED, State.CONFIRMED)
        assert sandbox.methods(made).count("GET") == reads + 1

    def test_at_a_value_held_a_moment_ago_is_not_enough(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        """Gold, silver, gold again: a stale read would show the first gold."""
        made = sandbox.conversation()
        hands.until_settled(save(made, {"tier": "gold"}))
        hands.until_settled(save(made, {"tier": "silver"}))
        sandbox.fault("never_stored", made, times=1)
        sandbox.fault("stale_read", made, times=1, seconds=0.5)
        third = hands.until_settled(save(made, {"tier": "gold"}))
        assert third.state == State.NOT_PERSISTED

    def test_at_what_seems_to_be_there_already_is_not_enough_where_it_changed_a_moment_ago(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        """Gold, then silver, and two stale reads that still show gold: nothing to send, it seems."""
        made = sandbox.conversation()
        hands.until_settled(save(made, {"tier": "gold"}))
        gold_since = sandbox.history(made)[-1]["at"]
        until(lambda: time.time() > gold_since + 1)
        hands.until_settled(save(made, {"tier": "silver"}))
        ago = time.time() - gold_since - 0.5
        sandbox.fault("stale_read", made, times=2, seconds=ago)
        mirror.record_read(genesys().conversation(made.id).value, time.time())

        third = hands.until_settled(save(made, {"tier": "gold"}))
        assert third.state == State.CONFIRMED
        assert sandbox.attributes(made) == {"tier": "gold"}


def test_a_participant_we_know_nothing_of_has_no_conflicts(sandbox: Sandbox, hands: Hands) -> None:
    made = sandbox.conversation(attributes={"tier": "silver"})
    assert not Participant.objects.filter(participant_id=made.customer).exists()
    edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="bronze"))
    assert edit.state == State.CONFIRMED
