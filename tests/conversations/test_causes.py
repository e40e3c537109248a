"""Why did it not stick? Every cause, produced by a fault of the sandbox, found by the real worker, and no other named.

All cases run at the same time, each on a conversation of its own; trouble for everybody comes after them, alone.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from conversations.connection import genesys
from conversations.diagnosis.findings import Cause
from conversations.diagnosis.run import carry_out
from conversations.edits import accept, watch
from conversations.models import (
    AttributeEdit,
    Conversation,
    Diagnosis,
    Heartbeat,
    Participant,
    State,
)
from conversations.models.clock import now
from conversations.tasks import nudge
from tests.builders import Hands, a_user, a_value, reached, save, settled, story
from tests.genesys import Made, Sandbox
from tests.processes import Process, manage, until

pytestmark = [pytest.mark.pipeline, pytest.mark.brokerless]

#: Settled, the cause found, and the one read that may follow made.
PATIENCE_SECONDS = 40.0
#: Nobody has to wait for a long deadline to learn how it ends.
DEADLINE_SECONDS = 6.0


@dataclass(frozen=True)
class Case:
    cause: Cause
    fault: str
    state: State
    parameters: dict[str, Any] = field(default_factory=dict)
    #: What the conversation is made with, beside one attribute.
    facts: dict[str, Any] = field(default_factory=dict)
    #: What to save; by default a value no key ever held.
    value: str | None = None
    #: Moves of the sandbox: before it is saved, and once it is confirmed.
    before: str = ""
    after: str = ""
    #: What the finding must say beside its cause.
    evidence: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.cause.value}-by-{self.fault}"


ANSWER = ("status", "correlation_id")
CASES = [
    Case(Cause.OTHER_PARTICIPANT, "stored_elsewhere", State.NOT_PERSISTED, evidence=("participant", "purpose", "at")),
    Case(Cause.OTHER_CASE, "stored_other_case", State.NOT_PERSISTED, evidence=("twin", "at")),
    Case(Cause.COERCED, "stored_coerced", State.NOT_PERSISTED, value="true", evidence=("at",)),
    Case(
        Cause.FLOW_ENDED,
        "flow_overwrites",
        State.REVERTED,
        facts={"flow_running": True},
        after="flow_end",
        evidence=("flow", "ended_at", "at"),
    ),
    Case(Cause.OTHER_WRITER, "another_writer", State.REVERTED, {"seconds": 3}, evidence=("at",)),
    Case(Cause.CONVERSATION_ENDED, "conversation_ends", State.NOT_PERSISTED, evidence=("at",)),
    Case(Cause.CONVERSATION_ENDED, "not_found", State.REJECTED, before="end", evidence=("at",)),
    Case(Cause.NO_RIGHT_TO_READ, "forbidden", State.UNVERIFIABLE, {"call": "read"}, evidence=ANSWER),
    Case(Cause.NO_RIGHT_TO_WRITE, "forbidden", State.REJECTED, evidence=ANSWER),
    Case(Cause.NOT_KNOWN_THERE, "not_found", State.REJECTED, evidence=ANSWER),
    Case(Cause.REFUSED, "too_large", State.REJECTED, evidence=ANSWER),
    Case(Cause.ARRIVED_LATE, "stored_late", State.CONFIRMED, {"seconds": 4}, evidence=("seconds", "window")),
    Case(Cause.SIGN_IN_REFUSED, "unauthorized", State.FAILED, evidence=("status",)),
    Case(Cause.NO_ANSWER, "server_error", State.UNVERIFIABLE, {"call": "read"}, evidence=ANSWER),
    Case(Cause.NO_ANSWER, "gateway_timeout", State.NOT_PERSISTED, {"lands": False}, evidence=("status",)),
    Case(Cause.UNKNOWN, "never_stored", State.NOT_PERSISTED, evidence=("looks", "correlation_id")),
    Case(Cause.UNKNOWN, "key_lost", State.NOT_PERSISTED, {"key": "first"}),
]  # fmt: skip


@dataclass
class Run:
    made: Made
    edit_id: UUID

    @property
    def edit(self) -> AttributeEdit:
        return AttributeEdit.objects.get(pk=self.edit_id)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found, once there is no more to find out; empty before."""
        row = Diagnosis.objects.filter(pk=self.edit_id, due_at=None).exclude(found_at=0).first()
        return list(row.findings) if row else []


@pytest.fixture(scope="module")
def sandbox_of_all(sandbox_process: Process, worker: Process, listener: Process) -> Sandbox:
    from django.conf import settings

    return Sandbox(settings.GENESYS.api_url)


@pytest.fixture(scope="module")
def runs(sandbox_of_all: Sandbox) -> Iterator[dict[str, Run]]:
    sandbox = sandbox_of_all
    made = {
        case.id: sandbox.conversation(attributes={"first": "before"}, **case.facts)
        for case in CASES
    }
    for each in made.values():
        until(_held(each), 20, what="the listener has recorded it")
    for case in [each for each in CASES if each.before]:
        sandbox.act(made[case.id], case.before)
        until(_over(made[case.id]), 20, what="the listener has heard of the end")
    started = {case.id: _begin(case, made[case.id], sandbox) for case in CASES}
    pending = [each for each in CASES if each.after]
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        for case in [e for e in pending if started[e.id].edit.state == State.CONFIRMED]:
            sandbox.act(started[case.id].made, case.after)
            pending.remove(case)
        if all(_is_over(case, started[case.id]) for case in CASES):
            break
        time.sleep(0.1)
    yield started
    sandbox.clear_faults()


def _begin(case: Case, made: Made, sandbox: Sandbox) -> Run:
    sandbox.fault(case.fault, made, **case.parameters)
    wanted = {"first": case.value or a_value(), "second": case.value or a_value()}
    return Run(made, hurry(save(made, wanted), DEADLINE_SECONDS).pk)


def _held(made: Made) -> Callable[[], bool]:
    return Conversation.objects.filter(pk=made.id, known_since__gt=0).exists


def _over(made: Made) -> Callable[[], bool]:
    return Conversation.objects.filter(pk=made.id, phase=Conversation.Phase.ENDED).exists


def _is_over(case: Case, run: Run) -> bool:
    return run.edit.state == case.state and bool(run.findings)


class TestEveryCause:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_is_named_and_no_other(
        self, case: Case, runs: dict[str, Run], sandbox_of_all: Sandbox
    ) -> None:
        run = runs[case.id]
        assert run.edit.state == case.state, story(run.edit, run.made, sandbox_of_all)
        named = {each["code"] for each in run.findings}
        assert named == {case.cause.value}, story(run.edit, run.made, sandbox_of_all)
        for finding in run.findings:
            assert all(finding["parameters"].get(each) for each in case.evidence), finding

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
    def test_is_stored_without_a_value(self, case: Case, runs: dict[str, Run]) -> None:
        run = runs[case.id]
        values = set(run.edit.changes.values_list("value", flat=True)) - {"true"}
        assert not [each for each in values if each in str(run.findings)]

    def test_of_one_key_names_that_key(self, runs: dict[str, Run]) -> None:
        [finding] = runs["unknown-by-key_lost"].findings
        assert finding["keys"] == ["first"]

    def test_names_the_participant_that_holds_it(self, runs: dict[str, Run]) -> None:
        run = runs["other_participant-by-stored_elsewhere"]
        holder = Participant.objects.get(
            conversation_id=run.made.id,
            participant_id=run.findings[0]["parameters"]["participant"],
        )
        assert holder.attributes["first"] == run.edit.changes.get(key="first").value

    def test_is_told_by_the_doctor_too(self, runs: dict[str, Run]) -> None:
        run = runs["coerced-by-stored_coerced"]
        done = manage("doctor", str(run.made.id), "--json")
        assert done.returncode == 1, done.stderr
        told = json.loads(done.stdout)
        [edit] = told["edits"]
        assert (told["ok"], edit["id"], edit["state"]) == (False, str(run.edit_id), "not_persisted")
        assert {each["code"] for each in edit["causes"]} == {Cause.COERCED}
        assert all(each["to_do"] and each["evidence"] for each in edit["causes"])
        plain = manage("doctor", str(run.made.id))
        assert plain.returncode == 1
        assert all(each["cause"] in plain.stdout for each in edit["causes"])

    def test_of_a_conversation_nobody_holds_is_wrong_usage(self, sandbox_of_all: Sandbox) -> None:
        done = manage("doctor", str(uuid4()))
        assert (done.returncode, done.stdout) == (2, "")
        assert "does not hold" in done.stderr


def found(edit: AttributeEdit) -> list[dict[str, Any]]:
    """The findings about an edit, once a worker has them."""
    rows = Diagnosis.objects.filter(pk=edit.pk).exclude(found_at=0)
    until(rows.exists, PATIENCE_SECONDS, what=f"the cause of {edit.pk} is found")
    return list(rows.get().findings)


def causes(edit: AttributeEdit) -> list[str]:
    return [each["code"] for each in found(edit)]


def hurry(edit: AttributeEdit, seconds: float) -> AttributeEdit:
    """Give up sooner than usual."""
    AttributeEdit.objects.filter(pk=edit.pk).update(
        deadline_at=timezone.now() + timedelta(seconds=seconds)
    )
    return edit


@pytest.mark.usefixtures("runs")
class TestWhatCannotBeReadAtFirst:
    def test_and_is_there_when_somebody_looks_again(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("forbidden", made, call="read")
        edit = settled(save(made, {"tier": a_value()}))
        assert edit.state == State.UNVERIFIABLE
        assert causes(edit) == [Cause.NO_RIGHT_TO_READ]
        sandbox.clear_faults()
        watch.check_again(edit)
        nudge(edit.lane_id)
        reached(edit, State.CONFIRMED)
        until(lambda: causes(edit) == [Cause.READ_LATE], what="the cause is found anew")
        assert found(edit)[0]["parameters"]["at"]


@pytest.mark.usefixtures("runs")
class TestTroubleForEverybody:
    def test_is_told_from_trouble_with_one_interaction(self, sandbox: Sandbox) -> None:
        made = sandbox.conversations(3)
        sandbox.fault("server_error", call="read")
        edits = [hurry(save(each, {"tier": a_value()}), 4) for each in made]
        for edit in edits:
            assert settled(edit).state == State.UNVERIFIABLE
        sandbox.clear_faults()
        for edit in edits:
            [finding] = found(edit)
            assert finding["code"] == Cause.GENESYS_TROUBLE, finding
            assert finding["parameters"]["others"] >= 2
            assert finding["parameters"]["correlation_id"]

    def test_by_too_many_requests_is_called_throttling(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("rate_limited", made, retry_after=1)
        edit = settled(hurry(save(made, {"tier": a_value()}), 3))
        assert edit.state == State.FAILED
        [finding] = found(edit)
        assert finding["code"] == Cause.THROTTLED
        assert finding["parameters"]["times"] >= 1


@pytest.mark.usefixtures("runs")
class TestAConflict:
    def test_with_another_writer_says_so(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        until(_held(made))
        sandbox.fault("unavailable", made, times=1, retry_after=2)
        edit = save(made, {"tier": "gold"}, baseline="silver")
        sandbox.write(made, {"tier": "bronze"})
        assert settled(edit).state == State.CONFLICT
        assert causes(edit) == [Cause.OTHER_WRITER]

    def test_with_a_colleague_names_them(self, sandbox: Sandbox) -> None:
        made, colleague = sandbox.conversation(attributes={"tier": "silver"}), a_user()
        until(_held(made))
        sandbox.fault("stored_late", made, times=1, seconds=1.5)
        theirs = save(made, {"tier": "bronze"}, baseline="silver", by=colleague)
        reached(theirs, State.VERIFYING)
        edit = save(made, {"tier": "gold"}, baseline="silver")
        assert settled(edit).state == State.CONFLICT
        [finding] = found(edit)
        assert finding["code"] == Cause.CHANGED_HERE
        assert finding["parameters"]["edit"] == str(theirs.pk)
        assert finding["parameters"]["by"] == str(colleague)


@pytest.mark.usefixtures("runs")
class TestWhatWeDidOurselves:
    def test_taken_back(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("unavailable", made, times=1, retry_after=4)
        edit = save(made, {"tier": a_value()})
        until(lambda: sandbox.methods(made), what="it was tried once")
        until(lambda: accept.withdraw(_again(edit)), what="it is taken back")
        assert causes(edit) == [Cause.WITHDRAWN]

    def test_replaced_by_a_newer_edit(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.fault("unavailable", made, times=1, retry_after=1)
        first = save(made, {"tier": a_value()})
        newer = save(made, {"tier": a_value()})
        assert settled(first).state == State.SUPERSEDED
        [finding] = found(first)
        assert finding["code"] == Cause.REPLACED
        assert finding["parameters"]["edit"] == str(newer.pk)
        assert not Diagnosis.objects.filter(pk=settled(newer).pk).exists()

    def test_no_worker(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = save(sandbox.conversation(), {"tier": a_value()})
        Heartbeat.objects.filter(kind="worker").delete()
        hands.deadline_passes(edit)
        assert hands.turn(edit).state == State.FAILED
        carry_out(edit.pk, genesys())
        assert causes(edit) == [Cause.NO_WORKER]

    def test_a_worker_that_stood_still_was_no_worker(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = save(sandbox.conversation(), {"tier": a_value()})
        at = now()
        name = f"worker {edit.pk}"
        Heartbeat.objects.create(name=name, kind="worker", started_at=at - 900, at=at)
        hands.deadline_passes(edit)
        assert hands.turn(edit).state == State.FAILED
        carry_out(edit.pk, genesys())
        assert causes(edit) == [Cause.NO_WORKER]
        Heartbeat.objects.filter(pk=name).delete()


def _again(edit: AttributeEdit) -> AttributeEdit:
    edit.refresh_from_db()
    return edit
