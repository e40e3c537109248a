"""What can happen to one participant, in any order: for the promises, which have to be kept whatever it is."""

import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.db import connection
from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
)

from conversations import mirror
from conversations.connection import genesys
from conversations.edits import accept, proof, step, watch
from conversations.edits.accept import ChangedMeanwhile, Wish
from conversations.genesys import Client
from conversations.genesys import Conversation as Shown
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    EditLane,
    Participant,
    Verdict,
)
from conversations.models.clock import moment, now
from conversations.models.edit import OPEN
from tests.builders import followed_for_long
from tests.chaos.truth import Held
from tests.conversations.clients import Died, Frozen, Mortal, Overtaken
from tests.genesys import Sandbox
from tests.processes import until

KEYS = ("tier", "case", "note")
FAULTS: list[tuple[str, Mapping[str, Any]]] = [
    ("never_stored", {}),
    ("key_lost", {}),
    ("stored_elsewhere", {}),
    ("bad_request", {}),
    ("forbidden", {}),
    ("client_timeout", {}),
    ("general_conflict", {}),
    ("server_error", {}),
    ("server_error", {"lands": True}),
    ("reset_before_landing", {}),
    ("reset_after_landing", {}),
    ("unauthorized", {}),
    ("server_error", {"call": "read"}),
    ("forbidden", {"call": "read"}),
    ("truncated_json", {"call": "read"}),
    ("stale_read", {"seconds": 0.5}),
]
#: Values that come back, so that an old sighting can be mistaken for a new one; None: one nobody ever used.
VALUES = st.sampled_from(["gold", "silver", None, None])
#: What may happen while a call is under way: methods of the machine.
MEANWHILE = (
    "they_write_and_an_event_tells",
    "event_tells",
    "somebody_saves",
    "somebody_withdraws",
    "somebody_checks_again",
)
#: Ways in which a write breaks and leaves nothing.
BREAKING = ("general_conflict", "server_error", "reset_before_landing")


class Happenings(RuleBasedStateMachine):
    """No rule has a precondition: what there is to do depends on real time too, and hypothesis has to be able to offer
    the same rules again."""

    sandbox: Sandbox

    def __init__(self) -> None:
        super().__init__()
        self.made = self.sandbox.conversation()
        self.accepted: list[UUID] = []
        self.snapshots: list[Shown] = []
        self.frozen: list[tuple[Frozen, threading.Thread]] = []
        self.wrote_late = False
        followed_for_long(self.made)

    # --- What people do ---

    @rule(
        keys=st.sets(st.sampled_from(KEYS), min_size=1),
        knows=st.booleans(),
        value=VALUES,
    )
    def save(self, keys: set[str], knows: bool, value: str | None) -> None:
        value = value or uuid.uuid4().hex
        row = Participant.objects.get(participant_id=self.made.customer)
        wishes = {key: Wish(value, row.attributes.get(key, "") if knows else None) for key in keys}
        try:
            saved = accept.save(self.made.id, self.made.customer, wishes)
        except ChangedMeanwhile:
            return
        self.accepted.append(saved.edit.pk)

    @rule(keys=st.permutations(KEYS), fault=st.sampled_from(BREAKING))
    def somebody_changes_their_mind_about_one_of_two_keys(
        self, keys: Sequence[str], fault: str
    ) -> None:
        kept, taken_back, _ = keys
        self.sandbox.write(self.made, {taken_back: "silver"})
        self._read()
        first = {kept: Wish(uuid.uuid4().hex), taken_back: Wish("gold", "silver")}
        for wishes in (first, {taken_back: Wish("silver", "gold")}):
            with suppress(ChangedMeanwhile):
                saved = accept.save(self.made.id, self.made.customer, wishes)
                self.accepted.append(saved.edit.pk)
        self.sandbox.fault(fault, self.made, times=1)
        self._work(genesys())
        self.sandbox.clear_faults()
        self.the_window_passes()

    @rule(keys=st.permutations(KEYS), faults=st.lists(st.sampled_from(FAULTS), max_size=2))
    def a_key_is_left_out_because_we_are_not_up_to_date(
        self, keys: Sequence[str], faults: list[tuple[str, Mapping[str, Any]]]
    ) -> None:
        """It goes with another key, which a second edit of the same write takes over."""
        believed, other, _ = keys
        self.sandbox.write(self.made, {believed: "silver"})
        self._read()
        self.sandbox.write(self.made, {believed: f"theirs {uuid.uuid4().hex}"})
        first = {believed: Wish("silver"), other: Wish(uuid.uuid4().hex)}
        for wishes in (first, {other: Wish(uuid.uuid4().hex)}):
            saved = accept.save(self.made.id, self.made.customer, wishes)
            self.accepted.append(saved.edit.pk)
        self._work(genesys())
        for name, parameters in faults:
            self.sandbox.fault(name, self.made, times=1, **parameters)
        self._work(genesys())
        self.sandbox.clear_faults()

    @rule(which=st.integers(0, 100))
    def withdraw(self, which: int) -> None:
        if not self.accepted:
            return
        pk = self.accepted[which % len(self.accepted)]
        accept.withdraw(AttributeEdit.objects.get(pk=pk))

    # --- What workers do ---

    @rule(turns=st.integers(1, 3))
    def work(self, turns: int) -> None:
        for _ in range(turns):
            self._work(genesys())

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=2))
    def work_on_a_bad_day(self, faults: list[tuple[str, Mapping[str, Any]]]) -> None:
        for name, parameters in faults:
            self.sandbox.fault(name, self.made, times=1, **parameters)
        self._work(genesys())
        self.sandbox.clear_faults()

    @rule(
        when=st.sampled_from(["read", "writing", "written"]),
        what=st.lists(st.sampled_from(MEANWHILE), min_size=1, max_size=2),
        value=VALUES,
        fault=st.sampled_from([None, *FAULTS]),
    )
    def things_happen_during_a_call(
        self,
        when: str,
        what: list[str],
        value: str | None,
        fault: tuple[str, Mapping[str, Any]] | None,
    ) -> None:
        """Just after the answer of a read was made, just before a write leaves, or before its answer is here."""

        def happen(*_: object) -> None:
            for each in what:
                getattr(self, f"_{each}")(value)

        if fault is not None:
            self.sandbox.fault(fault[0], self.made, times=1, **fault[1])
        self._work(Overtaken(**{when: happen}))
        self.sandbox.clear_faults()

    def _they_write_and_an_event_tells(self, value: str | None) -> None:
        self.another_system_writes({"tier"}, value)
        self._event_tells(value)

    def _event_tells(self, _: str | None) -> None:
        self.an_event_is_made()
        self.an_event_arrives(-1)

    def _somebody_saves(self, value: str | None) -> None:
        self.save({"tier"}, knows=True, value=value)

    def _somebody_withdraws(self, _: str | None) -> None:
        self.withdraw(-1)

    def _somebody_checks_again(self, _: str | None) -> None:
        for edit in self._edits().exclude(state__in=OPEN):
            watch.check_again(edit)

    @rule()
    def a_value_comes_back_and_is_lost_where_a_read_is_stale(self) -> None:
        for value in ("gold", "silver", "gold"):
            self.save({"note"}, knows=False, value=value)
            if value == "gold" and self.sandbox.attributes(self.made).get("note") == "silver":
                self.sandbox.fault("never_stored", self.made, times=1)
                self.sandbox.fault("stale_read", self.made, times=1, seconds=1)
            self._work(genesys())
            self._work(genesys())
            self.sandbox.clear_faults()

    @rule(then=st.sampled_from(["client_timeout", "reset_before_landing", "forbidden"]))
    def a_write_breaks_and_is_sent_again(self, then: str) -> None:
        self.save({"case"}, knows=True, value=None)
        self.sandbox.fault("reset_before_landing", self.made, times=1)
        self._work(genesys())
        self.sandbox.clear_faults()
        self.the_window_passes()
        self.sandbox.fault(then, self.made, times=1)
        self._work(genesys())
        self.sandbox.clear_faults()

    @rule(calls=st.integers(0, 1), after=st.booleans(), noticed=st.booleans())
    def die_at_work(self, calls: int, after: bool, noticed: bool) -> None:
        try:
            self._work(Mortal(calls, after=after))
        except Died:
            connection.close()
            if noticed:
                self.leases_run_out()

    @rule(value=VALUES, taken_over=st.booleans())
    def freeze_before_the_write(self, value: str | None, taken_over: bool) -> None:
        if self.frozen:
            return
        self.save({"tier"}, knows=True, value=value)
        client = Frozen()
        thread = threading.Thread(target=self._work_and_hang_up, args=(client,))
        thread.start()
        until(lambda: client.reached.is_set() or not thread.is_alive())
        if not thread.is_alive():
            return
        self.frozen.append((client, thread))
        if taken_over:
            self.save({"tier"}, knows=False, value=None)
            self._another_takes_over()

    def _another_takes_over(self) -> None:
        """It looks for the half-sent write until it is sure, then sends what is left, and looks."""
        self.leases_run_out()
        for _ in range(3):
            self._work(genesys())
            self.the_window_passes()
        self._work(genesys())

    @rule()
    def thaw(self) -> None:
        if not self.frozen:
            return
        client, thread = self.frozen.pop()
        newest = self._newest()
        self.wrote_late = True
        client.thawed.set()
        thread.join()
        truth = self.sandbox.attributes(self.made)
        for key, change in newest.items():
            proven = change.verdict == Verdict.CONFIRMED
            if proven and client.body.get(key) == truth.get(key) != change.value:
                assert self._edits().filter(repair=True, changes__key=key).exists()

    @rule()
    def leases_run_out(self) -> None:
        self._lanes().update(lease_until=0)

    # --- What time does ---

    @rule()
    def the_window_passes(self) -> None:
        seconds = django_settings.VERIFY_WINDOW_SECONDS
        self._edits().filter(looking_since__gt=0).update(looking_since=F("looking_since") - seconds)

    @rule()
    def deadlines_pass(self) -> None:
        self._edits().filter(state__in=OPEN).update(deadline_at=moment(now() - 1))

    # --- What Genesys does ---

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1), value=VALUES)
    def another_system_writes(self, keys: set[str], value: str | None) -> None:
        value = value or f"theirs {uuid.uuid4().hex}"
        self.sandbox.write(self.made, dict.fromkeys(keys, value))

    @rule()
    def an_event_is_made(self) -> None:
        self.snapshots.append(genesys().conversation(self.made.id).value)

    @rule(which=st.integers(0, 100))
    def an_event_arrives(self, which: int) -> None:
        """Perhaps late, perhaps again, perhaps before an older one."""
        if not self.snapshots:
            return
        [news] = mirror.record_events([(self.snapshots[which % len(self.snapshots)], now())])
        proof.prove_by_event(news)
        watch.consider(news)

    @rule()
    def somebody_reads(self) -> None:
        self._read()

    # --- Short ways ---

    def _edits(self) -> Any:
        return AttributeEdit.objects.filter(lane__conversation_id=self.made.id)

    def _lanes(self) -> Any:
        return EditLane.objects.filter(conversation_id=self.made.id)

    def _newest(self) -> dict[str, AttributeChange]:
        """The newest word on every key."""
        return {
            change.key: change
            for edit in self._edits().order_by("seq").prefetch_related("changes")
            for change in edit.changes.all()
            if change.verdict not in (Verdict.UNSENT, Verdict.REPLACED)
        }

    def _writes(self) -> list[dict[str, Any]]:
        return [each for each in self.sandbox.calls(self.made) if each["method"] == "PATCH"]

    def _held(self) -> Held:
        return Held(self.sandbox.history(self.made), self.made.customer)

    def _read(self) -> None:
        asked_at = now()
        news = mirror.record_read(genesys().conversation(self.made.id).value, asked_at)
        watch.consider(news)

    def _work(self, client: Client) -> None:
        """One turn at the lane, whatever its due time says."""
        for lane_id in self._lanes().exclude(due_at=None).values_list("pk", flat=True):
            EditLane.objects.filter(pk=lane_id).update(due_at=1.0)
            step.work(lane_id, client)

    def _work_and_hang_up(self, client: Client) -> None:
        try:
            self._work(client)
        finally:
            connection.close()
