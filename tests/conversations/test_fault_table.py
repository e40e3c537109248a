"""Every fault of the sandbox, through the real worker, and what must become of an edit that meets it.

All cases run at the same time, each on a conversation of its own, while a sampler notes every state ever shown. Then
each is held against the sandbox's timed truth: never confirmed before the truth held the value, nothing unsettled after
its deadline.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from conversations.models import AttributeEdit, State, Verdict
from tests.builders import a_value, save, story, verdicts
from tests.genesys import Made, Sandbox, held_at
from tests.processes import Process
from tests.profile import EDIT_DEADLINE_SECONDS

pytestmark = pytest.mark.pipeline

#: A look under way at the deadline may take a second more, and the sweep another.
GRACE_SECONDS = 4.0


@dataclass(frozen=True)
class Case:
    fault: str
    state: State
    verdicts: tuple[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)
    #: The states the edit goes through before, where that is worth stating.
    through: tuple[State, ...] = ()

    @property
    def id(self) -> str:
        more = "-".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.fault}-{more}" if more else self.fault


CONFIRMED = (Verdict.CONFIRMED, Verdict.CONFIRMED)
ABSENT = (Verdict.ABSENT, Verdict.ABSENT)
DIFFERENT = (Verdict.DIFFERENT, Verdict.DIFFERENT)
UNSENT = (Verdict.UNSENT, Verdict.UNSENT)
UNKNOWN = (Verdict.UNKNOWN, Verdict.UNKNOWN)
REVERTED = (Verdict.REVERTED, Verdict.REVERTED)
RESENT = (State.SENDING, State.VERIFYING, State.QUEUED, State.SENDING, State.VERIFYING)
SENT_AGAIN = (State.SENDING, State.QUEUED, State.SENDING, State.VERIFYING)

CASES = [
    # What is accepted and then goes wrong.
    Case("never_stored", State.NOT_PERSISTED, ABSENT),
    Case("stored_late", State.CONFIRMED, CONFIRMED, {"seconds": 1}),
    Case("key_lost", State.NOT_PERSISTED, (Verdict.ABSENT, Verdict.CONFIRMED), {"key": "first"}),
    Case("flow_overwrites", State.REVERTED, REVERTED, {"seconds": 4}, (State.CONFIRMED,)),
    Case("another_writer", State.REVERTED, REVERTED, {"seconds": 4}, (State.CONFIRMED,)),
    Case("stored_other_case", State.NOT_PERSISTED, ABSENT),
    Case("stored_coerced", State.NOT_PERSISTED, DIFFERENT),
    Case("stored_elsewhere", State.NOT_PERSISTED, ABSENT),
    Case("conversation_ends", State.NOT_PERSISTED, ABSENT),
    # Refusals.
    Case("bad_request", State.REJECTED, UNSENT),
    Case("forbidden", State.REJECTED, UNSENT),
    Case("not_found", State.REJECTED, UNSENT),
    Case("too_large", State.REJECTED, UNSENT),
    Case("unsupported_media", State.REJECTED, UNSENT),
    Case("general_conflict", State.CONFIRMED, CONFIRMED, {"times": 1}, RESENT),
    Case("general_conflict", State.REJECTED, UNSENT, {"times": 2}),
    # Surely not sent: again, a little later.
    Case("unauthorized", State.CONFIRMED, CONFIRMED, {"times": 1}),
    Case("unauthorized", State.CONFIRMED, CONFIRMED, {"times": 2}, SENT_AGAIN),
    Case("client_timeout", State.CONFIRMED, CONFIRMED, {"times": 1}, SENT_AGAIN),
    Case("rate_limited", State.CONFIRMED, CONFIRMED, {"times": 1, "retry_after": 1}, SENT_AGAIN),
    Case("unavailable", State.CONFIRMED, CONFIRMED, {"times": 1, "retry_after": 1}, SENT_AGAIN),
    Case("client_timeout", State.FAILED, UNSENT),
    # Perhaps sent: go and look.
    Case("server_error", State.CONFIRMED, CONFIRMED, {"times": 1}, RESENT),
    Case("server_error", State.CONFIRMED, CONFIRMED, {"times": 1, "lands": True}),
    Case("bad_gateway", State.CONFIRMED, CONFIRMED, {"times": 1}, RESENT),
    Case("unavailable", State.CONFIRMED, CONFIRMED, {"times": 1}, RESENT),
    Case("gateway_timeout", State.CONFIRMED, CONFIRMED, {"times": 1}),
    Case("gateway_timeout", State.NOT_PERSISTED, ABSENT, {"lands": False}),
    Case("reset_before_landing", State.CONFIRMED, CONFIRMED, {"times": 1}, RESENT),
    Case("reset_after_landing", State.CONFIRMED, CONFIRMED, {"times": 1}),
    Case("hang", State.CONFIRMED, CONFIRMED, {"times": 1, "seconds": 2}, RESENT),
    Case("hang", State.CONFIRMED, CONFIRMED, {"times": 1, "seconds": 2, "lands": True}),
    Case("drip", State.CONFIRMED, CONFIRMED, {"times": 1, "seconds": 2}),
    # Reading back goes wrong.
    Case("truncated_json", State.CONFIRMED, CONFIRMED, {"times": 2, "call": "read"}),
    Case("drip", State.CONFIRMED, CONFIRMED, {"times": 1, "seconds": 2, "call": "read"}),
    Case("drip", State.UNVERIFIABLE, UNKNOWN, {"seconds": 60, "call": "read"}),
    Case("hang", State.UNVERIFIABLE, UNKNOWN, {"seconds": 60, "call": "read"}),
    Case("stale_read", State.CONFIRMED, CONFIRMED, {"seconds": 1}),
    Case("forbidden", State.UNVERIFIABLE, UNKNOWN, {"call": "read"}),
    Case("not_found", State.UNVERIFIABLE, UNKNOWN, {"call": "read"}),
    Case("server_error", State.UNVERIFIABLE, UNKNOWN, {"call": "read"}),
    Case("reset_before_landing", State.CONFIRMED, CONFIRMED, {"times": 2, "call": "read"}),
    Case(
        "rate_limited", State.CONFIRMED, CONFIRMED, {"times": 1, "call": "read", "retry_after": 1}
    ),
    # The feed goes wrong; a look still finds the value.
    Case("event_lost", State.CONFIRMED, CONFIRMED),
    Case("event_doubled", State.CONFIRMED, CONFIRMED),
    Case("event_late", State.CONFIRMED, CONFIRMED, {"seconds": 1}),
    Case("events_shuffled", State.CONFIRMED, CONFIRMED),
    Case("socket_dropped", State.CONFIRMED, CONFIRMED, {"times": 1}),
]


@dataclass
class Run:
    """One case, run: the edit as it ended, what was shown of it and when, and the truth beside it."""

    made: Made
    edit_id: UUID
    wanted: dict[str, str]
    shown: list[tuple[float, str]] = field(default_factory=list)

    @property
    def edit(self) -> AttributeEdit:
        return AttributeEdit.objects.get(pk=self.edit_id)


class Sampler(threading.Thread):
    """Notes every state the database ever shows of the edits, with the time."""

    def __init__(self, runs: dict[str, Run]) -> None:
        super().__init__(daemon=True)
        self._runs = {run.edit_id: run for run in runs.values()}
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(0.01):
            rows = AttributeEdit.objects.filter(pk__in=self._runs).values_list("pk", "state")
            for edit_id, state in list(rows):
                shown = self._runs[edit_id].shown
                if not shown or shown[-1][1] != state:
                    shown.append((time.time(), state))
        connection.close()

    def end(self) -> None:
        self._ending.set()
        self.join()


@pytest.fixture(scope="module")
def runs(sandbox_process: Process, worker: Process, listener: Process) -> Iterator[dict[str, Run]]:
    from django.conf import settings

    sandbox = Sandbox(settings.GENESYS.api_url)
    started: dict[str, Run] = {}
    for case in CASES:
        made = sandbox.conversation(attributes={"case": case.id})
        sandbox.fault(case.fault, made, **case.parameters)
        wanted = {
            "first": a_value(),
            "second": "true" if case.fault == "stored_coerced" else a_value(),
        }
        started[case.id] = Run(made, save(made, wanted).pk, wanted)
    sampler = Sampler(started)
    sampler.start()
    deadline = time.time() + EDIT_DEADLINE_SECONDS + GRACE_SECONDS
    while time.time() < deadline and not all(_is_over(case, started[case.id]) for case in CASES):
        time.sleep(0.1)
    sampler.end()
    yield started
    sandbox.clear_faults()


def _is_over(case: Case, run: Run) -> bool:
    state = run.edit.state
    return state == case.state or (
        state not in ("queued", "sending", "verifying") and (case.state != State.REVERTED)
    )


class TestEveryFault:
    def test_has_an_expectation(self, sandbox: Sandbox) -> None:
        assert {each["name"] for each in sandbox.faults()} == {case.fault for case in CASES}

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_ends_as_it_must(self, case: Case, runs: dict[str, Run], sandbox: Sandbox) -> None:
        edit = runs[case.id].edit
        moves = [
            str(move.to_state) for move in edit.moves.all() if move.from_state != move.to_state
        ]
        assert edit.state == case.state, story(edit, runs[case.id].made, sandbox)
        found = verdicts(edit)
        assert (found["first"], found["second"]) == case.verdicts
        assert _is_within(case.through, moves)
        assert edit.reason or edit.state == State.CONFIRMED

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_is_never_green_before_the_truth(
        self, case: Case, runs: dict[str, Run], sandbox: Sandbox
    ) -> None:
        run = runs[case.id]
        history = sandbox.history(run.made)
        greens = [at for at, state in run.shown if state == State.CONFIRMED]
        greens += [
            move.at.timestamp() for move in run.edit.moves.all() if move.to_state == State.CONFIRMED
        ]
        for at in greens:
            for key, value in run.wanted.items():
                assert value in held_at(history, run.made.customer, key, at)

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_is_settled_at_the_deadline(self, case: Case, runs: dict[str, Run]) -> None:
        edit = runs[case.id].edit
        assert edit.settled_at is not None
        late = (edit.settled_at - edit.deadline_at).total_seconds()
        assert late <= GRACE_SECONDS


def _is_within(wanted: tuple[State, ...], moves: list[str]) -> bool:
    """Whether the wanted states come in this order among the moves."""
    rest = iter(moves)
    return all(any(state == move for move in rest) for state in wanted)
