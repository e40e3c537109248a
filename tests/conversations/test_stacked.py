"""Edits over edits of the same key: none is lost behind another, and none is told what became of another."""

import threading
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection

from conversations import mirror
from conversations.connection import genesys
from conversations.edits import accept, answers, watch
from conversations.edits.accept import ChangedMeanwhile
from conversations.edits.proof import RESENDS
from conversations.models import AttributeEdit, State, Verdict
from conversations.models.clock import now
from tests.builders import Hands, a_user, save, verdicts
from tests.conversations.clients import Died, Mortal, Overtaken, Sleeper
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.pipeline


def tier(sandbox: Sandbox, made: Made) -> str:
    return sandbox.attributes(made)["tier"]


def read(made: Made) -> None:
    """Somebody opens the conversation, and it is read for that."""
    at = now()
    mirror.record_read(genesys().conversation(made.id).value, at)


def hear(made: Made) -> None:
    """An event tells how things stand."""
    [news] = mirror.record_events([(genesys().conversation(made.id).value, now())])
    watch.consider(news)


class TestTakingBackWhatStillWaits:
    """Gold is saved, and then silver again, which is what Genesys holds all the time."""

    def both(self, made: Made) -> tuple[AttributeEdit, AttributeEdit]:
        first = save(made, {"tier": "gold"}, baseline="silver")
        return first, save(made, {"tier": "silver"}, baseline="gold")

    def test_nothing_was_sent(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        first, second = self.both(made)
        for edit in (second, first):
            hands.until_settled(edit)
        assert (first.state, second.state) == (State.SUPERSEDED, State.CONFIRMED)
        assert tier(sandbox, made) == "silver"

    def test_the_first_may_have_been_sent(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        sandbox.fault("reset_before_landing", made, times=1)
        first = hands.turn(save(made, {"tier": "gold"}, baseline="silver"))
        second = save(made, {"tier": "silver"}, baseline="gold")
        for edit in (first, second):
            hands.until_settled(edit)
        assert second.state == State.CONFIRMED
        assert tier(sandbox, made) == "silver"


class TestAWriteOfWhichNobodyKnows:
    def test_may_land_though_the_next_one_was_refused(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sandbox.fault("server_error", made, times=1)
        edit = hands.turn(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.fault("forbidden", made, times=1)

        def refused() -> bool:
            hands.turn(edit)
            return edit.status == HTTPStatus.FORBIDDEN

        until(refused, 10, what="it is sent again")
        assert edit.state == State.VERIFYING
        sandbox.write(made, {"tier": "gold"})  # as if the first had been on its way
        hands.until_settled(edit)
        assert edit.state == State.CONFIRMED

    def test_was_sent_for_the_last_time_and_shows_a_little_later(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sandbox.fault("server_error", made, times=RESENDS)
        edit = save(made, {"tier": "gold"}, baseline="silver")
        until(lambda: hands.turn(edit).sends == RESENDS)
        sandbox.fault("server_error", made, times=1, lands=True)
        sandbox.fault("stored_late", made, times=1, seconds=0.3)
        until(lambda: hands.turn(edit).sends == RESENDS + 1, 20)
        assert edit.state == State.VERIFYING
        hands.until_settled(edit)
        assert (edit.state, edit.sends) == (State.CONFIRMED, RESENDS + 1)

    def test_arrived_and_was_changed_back_is_not_sent_over_that(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        """Our worker died after the write; the value was seen, and then somebody took it back."""
        edit = save(made, {"tier": "gold"}, baseline="silver")
        with pytest.raises(Died):
            hands.turn(edit, Mortal(0, after=True))
        until(lambda: tier(sandbox, made) == "gold")
        read(made)
        sandbox.write(made, {"tier": "silver"})
        read(made)
        hands.lease_runs_out(edit)
        hands.until_settled(edit)
        assert (edit.state, edit.sends) == (State.NOT_PERSISTED, 1)
        assert tier(sandbox, made) == "silver"


class TestAWriteThatNeverArrived:
    def test_is_sent_again_with_what_was_built_upon_it(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sandbox.fault("reset_before_landing", made, times=1)
        first = save(made, {"tier": "gold"}, baseline="silver")
        second = hands.until_settled(save(made, {"tier": "platinum"}, baseline="gold"))
        first.refresh_from_db()
        assert (first.state, second.state) == (State.SUPERSEDED, State.CONFIRMED)
        assert (second.sends, tier(sandbox, made)) == (2, "platinum")

    def test_has_replaced_nothing(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        sandbox.fault("reset_before_landing", made)
        first = save(made, {"tier": "gold"}, baseline="silver")
        second = hands.until_settled(save(made, {"tier": "platinum"}, baseline="gold"))
        first.refresh_from_db()
        assert (first.state, second.state) == (State.NOT_PERSISTED, State.NOT_PERSISTED)
        assert first.unresolved
        assert [each.value for each in first.missing] == ["gold"]


class TestANewerOneThatDidNotStick:
    def test_does_not_hide_that_the_earlier_one_was_changed_back(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.fault("never_stored", made, times=1)
        second = hands.until_settled(save(made, {"tier": "platinum"}, baseline="gold"))
        assert (first.state, second.state) == (State.CONFIRMED, State.NOT_PERSISTED)
        sandbox.write(made, {"tier": "theirs"})
        at = now()
        news = mirror.record_read(genesys().conversation(made.id).value, at)
        assert watch.consider(news) == [first.lane_id]
        until(lambda: hands.turn(first).state == State.REVERTED)

    @pytest.mark.parametrize("known_by", ["an event", "a look somebody asked for"])
    def test_does_not_hide_what_was_heard_while_it_was_under_way(
        self, sandbox: Sandbox, hands: Hands, made: Made, known_by: str
    ) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.fault("never_stored", made, times=1)
        second = hands.turn(save(made, {"tier": "platinum"}, baseline="gold"))
        assert second.state == State.VERIFYING
        sandbox.write(made, {"tier": "theirs"})
        if known_by == "an event":
            hear(made)
        else:
            watch.check_again(first)
        hands.until_settled(second)
        assert second.state == State.NOT_PERSISTED
        until(lambda: hands.turn(first).state == State.REVERTED, 5)

    def test_because_it_was_refused_does_not_hide_it_either(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.fault("forbidden", made, times=1)

        def they_write() -> None:
            sandbox.write(made, {"tier": "theirs"})
            hear(made)

        second = save(made, {"tier": "platinum"}, baseline="gold")
        hands.turn(second, Overtaken(written=they_write))
        assert second.state == State.REJECTED
        until(lambda: hands.turn(first).state == State.REVERTED, 5)

    def test_and_went_out_with_the_earlier_one_has_its_key_all_the_same(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        first = save(made, {"tier": "gold", "note": "kept"})
        sandbox.fault("key_lost", made, key="tier", times=1)
        second = hands.until_settled(save(made, {"tier": "platinum"}))
        first.refresh_from_db()
        assert (first.state, second.state) == (State.CONFIRMED, State.NOT_PERSISTED)
        sandbox.write(made, {"tier": "theirs"})
        at = now()
        watch.consider(mirror.record_read(genesys().conversation(made.id).value, at))
        watch.check_again(first)
        hands.turn(first)
        assert (first.state, first.look_wanted) == (State.CONFIRMED, False)
        assert verdicts(first) == {"tier": Verdict.REPLACED, "note": Verdict.CONFIRMED}

    def test_and_arrives_late_has_changed_nothing_back(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.fault("never_stored", made, times=1)
        second = hands.until_settled(save(made, {"tier": "platinum"}, baseline="gold"))
        sandbox.write(made, {"tier": "platinum"})
        watch.check_again(first)
        watch.check_again(second)
        hands.turn(first)
        second.refresh_from_db()
        assert (first.state, second.state) == (State.CONFIRMED, State.CONFIRMED)


class TestWhatAFormWasBasedOn:
    def test_was_there_and_is_gone_again(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        sandbox.write(made, {"tier": "theirs"})
        watch.check_again(first)
        hands.turn(first)
        assert first.state == State.REVERTED
        with pytest.raises(ChangedMeanwhile):
            save(made, {"tier": "platinum"}, baseline="gold")

    def test_was_withdrawn(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        first = save(made, {"tier": "gold"}, baseline="silver")
        second = save(made, {"tier": "platinum"}, baseline="gold")
        assert accept.withdraw(first)
        hands.until_settled(second)
        assert (second.state, tier(sandbox, made)) == (State.CONFIRMED, "platinum")


class TestAnAnswerThatIsWithdrawn:
    def test_leaves_the_question_open(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        sandbox.fault("never_stored", made, times=1)
        edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        first = answers.again(edit, by=a_user(), seen={"tier": "silver"}).edit
        edit.refresh_from_db()
        assert not edit.unresolved
        assert accept.withdraw(first)
        edit.refresh_from_db()
        assert edit.unresolved
        second = answers.again(edit, by=a_user(), seen={"tier": "silver"}).edit
        assert (second.pk != first.pk, second.state) == (True, State.QUEUED)
        assert answers.again(edit, by=a_user(), seen={"tier": "silver"}).edit == second
        hands.until_settled(second)
        assert tier(sandbox, made) == "gold"

    def test_asks_nobody_who_left_it_as_it_was(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sandbox.fault("never_stored", made, times=1)
        edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        answers.leave(edit, by=a_user())
        assert accept.withdraw(save(made, {"tier": "gold"}, baseline="silver"))
        edit.refresh_from_db()
        assert not edit.unresolved


class TestARepair:
    def late(self, sandbox: Sandbox, hands: Hands, made: Made) -> tuple[Sleeper, AttributeEdit]:
        """Somebody sleeps on an old value while a newer one is saved and proven."""
        first = save(made, {"tier": "old"})
        sleeper = Sleeper(first)
        hands.lease_runs_out(first)
        second = save(made, {"tier": "new"})
        for edit in (first, second):
            hands.until_settled(edit)
        assert second.state == State.CONFIRMED
        return sleeper, second

    def repairs(self, edit: AttributeEdit) -> list[AttributeEdit]:
        return list(AttributeEdit.objects.filter(lane_id=edit.lane_id, repair=True))

    def test_restates_what_was_proven(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        sleeper, second = self.late(sandbox, hands, made)
        sleeper.wake()
        [repair] = self.repairs(second)
        hands.until_settled(repair)
        assert tier(sandbox, made) == "new"

    def test_restates_what_the_late_write_itself_has_changed_back(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        """Before its holder has an answer, and so knows that it came too late, another worker sees what it did."""
        first = save(made, {"tier": "old"})
        found: list[AttributeEdit] = []

        def another_takes_over() -> None:
            hands.lease_runs_out(first)
            found.append(save(made, {"tier": "new"}))
            for edit in (first, found[0]):
                hands.until_settled(edit)
            assert found[0].state == State.CONFIRMED

        def it_is_noticed() -> None:
            until(lambda: tier(sandbox, made) == "old")
            hear(made)
            until(lambda: hands.turn(found[0]).state == State.REVERTED, 5)

        client = Overtaken(writing=another_takes_over, written=it_is_noticed)
        hands.turn(first, client)
        [repair] = self.repairs(found[0])
        hands.until_settled(repair)
        assert tier(sandbox, made) == "new"

    def test_is_older_than_what_is_saved_while_it_is_filed(
        self, sandbox: Sandbox, hands: Hands, made: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sleeper, _ = self.late(sandbox, hands, made)
        waiting, saved = threading.Event(), list[AttributeEdit]()

        def person() -> None:
            waiting.set()
            saved.append(save(made, {"tier": "newest"}))
            connection.close()

        thread = threading.Thread(target=person)
        accept_save = accept.save

        def filed(*facts: Any, **more: Any) -> accept.Saved:
            if more.get("repair"):
                thread.start()
                assert waiting.wait(5)
                thread.join(0.5)  # it waits for the lane, or is through
            return accept_save(*facts, **more)

        monkeypatch.setattr("conversations.edits.send.accept.save", filed)
        sleeper.wake()
        monkeypatch.undo()
        thread.join()
        hands.until_settled(saved[0])
        assert tier(sandbox, made) == "newest"

    def test_never_writes_what_is_still_to_be_sent(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sleeper, second = self.late(sandbox, hands, made)
        third = save(made, {"tier": "never mind"})
        sleeper.wake()
        assert self.repairs(second) == []
        assert accept.withdraw(third)
        until(lambda: tier(sandbox, made) == "old")
        watch.check_again(second)
        until(lambda: hands.turn(second).state == State.REVERTED)  # nobody goes on believing in it

    def test_does_not_bring_back_what_others_have_replaced(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        sleeper, second = self.late(sandbox, hands, made)
        sandbox.write(made, {"tier": "theirs"})
        watch.check_again(second)
        hands.turn(second)
        assert second.state == State.REVERTED
        sandbox.fault("reset_before_landing", made, times=1)
        sleeper.wake()
        assert self.repairs(second) == []
        assert tier(sandbox, made) == "theirs"
