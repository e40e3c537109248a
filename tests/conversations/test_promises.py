"""The promises, under every order of events that hypothesis can think of.

One participant, one sandbox over real HTTP. The rules are what can happen in any order (`happenings.py`): people save
and withdraw, workers work, die before or after a call, freeze in the middle of one and write much later; Genesys
misbehaves; events and answers come late, doubled, out of order; windows and deadlines pass. After every step the
promises are checked, and at the end everything must come to rest by itself.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    invariant,
    run_state_machine_as_test,
)

from conversations.connection import genesys
from conversations.edits import watch
from conversations.models import (
    AttributeChange,
    EditLane,
    Participant,
    State,
    Verdict,
)
from conversations.models.clock import now
from conversations.models.edit import MOVES, OPEN
from tests.builders import feed_put_back
from tests.chaos.truth import NEVER_SENT
from tests.conversations.happenings import KEYS, Happenings
from tests.genesys import Sandbox

EXAMPLES = int(os.environ.get("PROMISES_EXAMPLES", "15"))
#: Answers after which a write has surely not been carried out.
SURELY_NOT = {400, 401, 403, 404, 408, 413, 429}


class OneParticipant(Happenings):
    """Whatever happens to it, the promises are kept."""

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self._edits().filter(pk__in=self.accepted).count() == len(set(self.accepted))

    @invariant()
    def open_work_is_due_or_held(self) -> None:
        for lane in self._lanes():
            open_edits = lane.edits.filter(state__in=OPEN)
            if open_edits.exists():
                assert lane.due_at is not None
                assert lane.done_seq < lane.next_seq - 1
            assert not open_edits.filter(seq__lte=lane.done_seq).exists()

    @invariant()
    def every_move_is_legal_and_follows_the_one_before(self) -> None:
        for edit in self._edits().prefetch_related("moves"):
            moves = sorted(edit.moves.all(), key=lambda each: each.pk)
            assert moves[-1].to_state == edit.state
            for before, after in pairwise(moves):
                assert after.from_state == before.to_state
                moved = after.from_state != after.to_state
                assert not moved or after.to_state in MOVES[State(after.from_state)]

    @invariant()
    def green_was_true(self) -> None:
        held = self._held()
        for edit in self._edits().filter(state=State.CONFIRMED).prefetch_related("changes"):
            assert edit.settled_at is not None
            since = (edit.sent_at or edit.created_at).timestamp() - 0.05
            if edit.look_only or not edit.sent_at:
                since = edit.created_at.timestamp() - 0.05
            until_then = max(move.at for move in edit.moves.all()).timestamp() + 0.05
            for change in edit.changes.all():
                if change.verdict != Verdict.REPLACED:
                    assert change.value in held.between(change.key, since, until_then)

    @invariant()
    def what_changed_back_had_been_there(self) -> None:
        held = self._held()
        for edit in self._edits().filter(state=State.REVERTED).prefetch_related("changes"):
            for change in edit.changes.all():
                if change.verdict == Verdict.REVERTED:
                    assert change.value in held.between(change.key, 0, now())

    @invariant()
    def nothing_of_ours_undoes_what_was_proven(self) -> None:
        """But a newer edit."""
        if self.wrote_late:
            return
        held, edits = self._held(), list(self._edits().prefetch_related("changes", "moves"))
        for edit in edits:
            proven = [each.at for each in edit.moves.all() if each.to_state == State.CONFIRMED]
            for change in edit.changes.all():
                if proven and change.verdict != Verdict.REPLACED:
                    newer = {
                        each.value
                        for other in edits
                        for each in other.changes.all()
                        if other.seq >= edit.seq and each.key == change.key
                    }
                    assert held.landed_since(change.key, max(proven).timestamp()) <= newer

    @invariant()
    def what_was_surely_not_sent_never_arrived(self) -> None:
        held = self._held()
        own = self._edits().filter(repair=False)  # a repair restates what another edit wrote
        for edit in own.filter(state__in=NEVER_SENT).prefetch_related("changes"):
            for change in edit.changes.all():
                if _is_unique(change.value):
                    assert not held.ever(change.key, change.value, "sandbox")

    @invariant()
    def ours_land_in_the_order_in_which_they_were_saved(self) -> None:
        if self.wrote_late:  # then a repair puts it right, which the end checks
            return
        seq = {
            (change.key, change.value): edit.seq
            for edit in self._edits().prefetch_related("changes")
            for change in edit.changes.all()
            if _is_unique(change.value)
        }
        for key in KEYS:
            landed = [seq.get((key, value), 0) for value in self._held().landings(key, "sandbox")]
            landed = [each for each in landed if each]
            assert landed == sorted(landed)

    @invariant()
    def sends_are_never_too_low(self) -> None:
        calls = [each for each in self._writes() if each["status"] not in SURELY_NOT]
        for edit in self._edits().filter(repair=False).prefetch_related("changes"):
            for change in edit.changes.all():
                carried = [each for each in calls if _carries(each, change)]
                if _is_unique(change.value) and not self.wrote_late:
                    assert len(carried) <= edit.sends

    @invariant()
    def a_write_in_doubt_is_looked_for_before_it_is_sent_again(self) -> None:
        if self.wrote_late:
            return
        calls = self.sandbox.calls(self.made)
        doubtful: dict[str, bool] = {}
        for each in calls:
            if each["method"] == "GET":
                doubtful.clear()
            for value in set((each["attributes"] or {}).values()):
                if _is_unique(value):
                    assert not doubtful.get(value), "sent again without a look"
                    doubtful[value] = each["status"] not in SURELY_NOT

    @invariant()
    def what_was_accepted_was_sent(self) -> None:
        """But for keys that were left out because they held their value."""
        calls = [each for each in self._writes() if each["status"] not in SURELY_NOT]
        accepted = self._edits().filter(accepted_at__isnull=False, sends__gt=0)
        for edit in accepted.prefetch_related("changes"):
            for change in edit.awaited:
                if change.carried:
                    assert any(_carries(each, change) for each in calls)

    def teardown(self) -> None:
        """Whatever happened: everything settles, no doubt is forgotten, and what counts as proven is the truth."""
        try:
            while self.frozen:
                self.thaw()
            self._come_to_rest()
            self._what_is_green_is_what_we_hold()
            for edit in self._edits().exclude(state__in=OPEN):
                watch.check_again(edit)
            self._come_to_rest()
            self._verdicts_are_the_truth()
        finally:
            for client, thread in self.frozen:
                client.thawed.set()
                thread.join()

    def _come_to_rest(self) -> None:
        for _ in range(60):
            if not self._lanes().exclude(due_at=None).exists():
                return
            self.leases_run_out()
            self._work(genesys())
            self.the_window_passes()
        raise AssertionError("it does not come to rest")

    def _what_is_green_is_what_we_hold(self) -> None:
        held = Participant.objects.get(participant_id=self.made.customer).attributes
        unsure = self._lanes().filter(late_look_at__isnull=False).exists()
        for change in self._in_force():
            assert unsure or held.get(change.key, "") == change.value, "a doubt was forgotten"

    def _verdicts_are_the_truth(self) -> None:
        truth = self.sandbox.attributes(self.made)
        for change in self._in_force():
            assert truth.get(change.key, "") == change.value
        assert not self._edits().filter(state__in=OPEN).exists()
        truth = self.sandbox.attributes(self.made)
        for key, change in self._newest().items():
            if change.verdict not in (Verdict.UNKNOWN, Verdict.PENDING):
                there = truth.get(key, "") == change.value
                assert there == (change.verdict == Verdict.CONFIRMED), (key, change.verdict)

    def _in_force(self) -> list[AttributeChange]:
        """What is said to be there: proven, and nobody of ours has, or may have, taken it over."""
        rows = AttributeChange.objects.filter(edit__in=self._edits()).select_related("edit")
        written = [e for e in rows if e.verdict not in (Verdict.UNSENT, Verdict.REPLACED)]
        lost = [
            each
            for each in written
            if each.edit.state == State.NOT_PERSISTED and each.verdict != Verdict.CONFIRMED
        ]
        return [
            each
            for each in written
            if (each.edit.state, each.verdict) == (State.CONFIRMED, Verdict.CONFIRMED)
            and not any(
                newer.key == each.key and newer.edit.seq > each.edit.seq and newer not in lost
                for newer in written
            )
        ]


def _is_unique(value: str) -> bool:
    return value not in ("gold", "silver")


def _carries(call: Mapping[str, Any], change: AttributeChange) -> bool:
    return bool((call["attributes"] or {}).get(change.key) == change.value)


@contextmanager
def _put_away(sandbox: Sandbox) -> Iterator[None]:
    """Nothing of this is left for the worker of the run, which has other tests to serve."""
    newest = EditLane.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        yield
    finally:
        sandbox.switch(persist_delay_ms=50)
        EditLane.objects.filter(pk__gt=newest).update(due_at=None, late_look_at=None)


@pytest.mark.timeout(180 + 20 * EXAMPLES)
@pytest.mark.usefixtures("hands")
def test_every_promise_is_kept_in_any_order_of_events(sandbox: Sandbox) -> None:
    OneParticipant.sandbox = sandbox
    sandbox.switch(persist_delay_ms=0)
    with feed_put_back(), _put_away(sandbox):
        run_state_machine_as_test(
            OneParticipant,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=15,
                deadline=None,
                # The same cases in every run; PROMISES_SEED=random looks for new ones.
                derandomize="PROMISES_SEED" not in os.environ,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
