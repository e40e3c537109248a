"""What a look may be taken for, and that it is made in time."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from conversations import budget, mirror
from conversations.budget import HeldBack, Use
from conversations.connection import genesys
from conversations.edits import watch
from conversations.genesys import Client, Rates
from conversations.models import EditLane, RequestBudget, State
from conversations.models.clock import now
from tests.builders import Hands, save
from tests.conversations.between import twisted
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.pipeline

#: Answers that say nothing of the participant's attributes.
SILENT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no list of participants": lambda raw: raw.update(participants=None),
    "nobody": lambda raw: raw.update(participants=[]),
    "somebody else": lambda raw: [each.update(id=raw["id"]) for each in raw["participants"]],
    "no attributes": lambda raw: [each.update(attributes=None) for each in raw["participants"]],
}


class TestAnAnswerThatDoesNotShowTheAttributes:
    @pytest.fixture(params=SILENT)
    def silence(self, request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
        def silence(body: bytes) -> bytes:
            raw = json.loads(body)
            SILENT[request.param](raw)
            return json.dumps(raw).encode()

        return silence

    def test_proves_nothing_and_disproves_nothing(
        self, sandbox: Sandbox, hands: Hands, made: Made, silence: Callable[[bytes], bytes]
    ) -> None:
        proven = hands.until_settled(save(made, {"case": "C-1"}))
        watch.check_again(proven)
        sandbox.fault("never_stored", made, times=1)
        cleared = save(made, {"tier": ""}, baseline="silver")
        with twisted(silence) as client:
            for _ in range(3):
                hands.turn(cleared, client)
        proven.refresh_from_db()
        assert (proven.state, cleared.state) == (State.CONFIRMED, State.VERIFYING)
        hands.until_settled(cleared)
        assert cleared.state == State.NOT_PERSISTED

    def test_is_not_asked_for_without_end(
        self, sandbox: Sandbox, hands: Hands, made: Made, silence: Callable[[bytes], bytes]
    ) -> None:
        edit = save(made, {"tier": "silver"})  # what it holds already: only looked for
        reads = sandbox.methods(made).count("GET")
        with twisted(silence) as client:
            hands.turn(edit, client)
        assert sandbox.methods(made).count("GET") == reads + 1
        assert hands.until_settled(edit).state == State.CONFIRMED


class TestAConversationSeenForTheFirstTime:
    def test_needs_a_second_look(self, sandbox: Sandbox, hands: Hands) -> None:
        """It held gold until a moment before the page was opened: a stale read would show that."""
        made = sandbox.conversation(attributes={"tier": "gold"})
        held_since = sandbox.history(made)[-1]["at"]
        until(lambda: time.time() > held_since + 1)
        sandbox.write(made, {"tier": "silver"})
        at = now()
        mirror.record_read(genesys().conversation(made.id).value, at)
        sandbox.fault("never_stored", made, times=1)
        sandbox.fault("stale_read", made, times=1, seconds=0.5)
        edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
        assert edit.state == State.NOT_PERSISTED


class TestALookThatHasToWait:
    def test_does_not_hold_up_a_new_edit(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}))
        sandbox.fault("unavailable", made, call="read", times=1, retry_after=3600)
        watch.check_again(first)
        hands.turn(first)
        assert due_in(first.lane_id) > 3000
        second = save(made, {"note": "n"})
        assert due_in(first.lane_id) <= 0
        assert hands.until_settled(second).state == State.CONFIRMED

    def test_does_not_send_a_write_that_has_to_wait(
        self, sandbox: Sandbox, hands: Hands, made: Made
    ) -> None:
        first = hands.until_settled(save(made, {"tier": "gold"}))
        sandbox.fault("unavailable", made, times=1, retry_after=8)
        second = hands.turn(save(made, {"note": "n"}))
        assert second.state == State.QUEUED
        watch.check_again(first)
        assert due_in(first.lane_id) > 4

    def test_however_often_it_failed(self, sandbox: Sandbox, hands: Hands, made: Made) -> None:
        edit = save(made, {"tier": "gold"})
        EditLane.objects.filter(pk=edit.lane_id).update(attempt=100_000)
        sandbox.fault("client_timeout", made, times=1)
        assert hands.turn(edit).state == State.QUEUED
        until(lambda: hands.turn(edit).state == State.CONFIRMED)


def test_a_refused_sign_in_keeps_the_edit_and_raises_an_alarm(
    sandbox: Sandbox, hands: Hands
) -> None:
    """The token is refused, and so is the one made in its place."""
    made = sandbox.conversation()
    sandbox.fault("unauthorized", made, times=2)
    with capture_logs() as lines:
        edit = hands.turn(save(made, {"tier": "gold"}))
    assert (edit.state, edit.sends) == (State.QUEUED, 0)
    assert "does not accept the sign-in" in edit.reason
    [alarm] = [each for each in lines if each["event"] == "sign-in refused"]
    assert (alarm["log_level"], alarm["status"]) == ("error", 401)
    assert hands.until_settled(edit).state == State.CONFIRMED


class TestWhileCallsAreShort:
    def test_what_was_sent_is_looked_for_before_more_is_sent(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        budget.take(Use.LOOK)
        row = RequestBudget.objects.all()
        before = row.get()
        try:
            row.update(allowed=300, tat=0)
            with pytest.raises(HeldBack):
                take_all_that_is_left(Use.WRITE)
            budget.take(Use.LOOK)
        finally:
            row.update(allowed=before.allowed, tat=before.tat)

    def test_the_first_look_is_not_made_at_once(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        row = RequestBudget.objects.all()
        budget.take(Use.LOOK)
        before = row.get()
        try:
            row.update(allowed=300, tat=now() - 0.1)
            edit = hands.turn(save(made, {"tier": "gold"}))
        finally:
            row.update(allowed=before.allowed, tat=before.tat)
        assert (edit.state, sandbox.methods(made)) == (State.VERIFYING, ["PATCH"])
        assert hands.until_settled(edit).state == State.CONFIRMED

    def test_nobody_is_silenced_for_a_day(self, sandbox: Sandbox, hands: Hands) -> None:
        budget.take(Use.LOOK)
        try:
            budget.block(86_400)
            standing = budget.standing()
        finally:
            RequestBudget.objects.update(blocked_until=0)
        assert standing is not None
        assert standing.held_back <= budget.MAX_BLOCK_SECONDS

    def test_calls_of_others_with_the_same_token_are_counted(
        self, sandbox: Sandbox, hands: Hands
    ) -> None:
        client, others = Client(settings.GENESYS), 50
        made = sandbox.conversation()
        budget.take(Use.LOOK)
        row = RequestBudget.objects.all()
        before = row.get()
        sandbox.switch(rate_limit=60)
        try:
            for _ in range(others):
                client.token_info()
            hands.turn(save(made, {"tier": "gold"}), client)
            with pytest.raises(HeldBack) as held:
                take_all_that_is_left(Use.LOOK)
        finally:
            sandbox.switch(rate_limit=100_000)
            row.update(allowed=before.allowed, tat=before.tat)
        assert sandbox.methods(made)[0] == "PATCH"
        assert held.value.seconds > 30
        assert not held.value.by_genesys

    def test_our_own_calls_alone_hold_nobody_back(self, sandbox: Sandbox, hands: Hands) -> None:
        """At the full rate: whether Genesys's minute has just begun, is nearly over, or slides."""
        budget.take(Use.LOOK)
        row = RequestBudget.objects.all()
        before = row.get()
        try:
            for allowed, since in itertools.product((30, 300, 3000), (0, 20, 60)):
                row.update(allowed=allowed, tat=now())  # the burst is used up as well
                made = min(10.0, 0.1 * allowed) + since * 0.9 * allowed / 60
                budget.learn(Rates(count=int(made), allowed=allowed, reset=60.0 - since))
                assert row.get().tat < now() + 0.1
        finally:
            row.update(allowed=before.allowed, tat=before.tat)
            budget.learn(Rates(allowed=int(before.allowed)))


def take_all_that_is_left(use: Use) -> None:
    while True:
        budget.take(use)


def due_in(lane_id: int) -> float:
    """In how many seconds a lane is due, below 0 where it is."""
    due_at = EditLane.objects.get(pk=lane_id).due_at
    assert due_at is not None
    return due_at - now()
