"""Look for the cause, and write it down: at once from what we hold, then with one more read where that may tell more.

The read waits a moment, so that what is only late can still arrive, and takes its call from what the budget has to
spare: nobody's edit waits for a diagnosis.
"""

import time
from http import HTTPStatus
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from conversations import budget, mirror, scopes
from conversations.budget import HeldBack, Use
from conversations.diagnosis.checks import diagnose
from conversations.diagnosis.facts import Facts
from conversations.diagnosis.findings import Finding
from conversations.edits import watch
from conversations.genesys import Client, GenesysError
from conversations.models import AttributeEdit, Diagnosis, State
from conversations.models.clock import now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: A diagnosis for which no call was to be had tries again this much later (seconds), beside what the budget says.
PATIENCE_SECONDS = 1.0


def carry_out(edit_id: UUID, genesys: Client) -> list[int]:
    """Work on one due diagnosis; returns the lanes for which what was read makes a look due."""
    row = Diagnosis.objects.filter(pk=edit_id).first()
    if row is None or row.due_at is None:
        return []
    lanes: list[int] = []
    read_at = row.read_at
    if row.found_at and not read_at:
        try:
            lanes = _read(_edit(edit_id), genesys)
        except HeldBack as held:
            Diagnosis.objects.filter(pk=edit_id).update(
                due_at=now() + held.seconds + PATIENCE_SECONDS, claimed_until=0
            )
            return []
        read_at = now()
    facts = Facts.of(_edit(edit_id))
    findings = diagnose(facts)
    due_at = now() + settings.VERIFY_WINDOW_SECONDS / 2 if _needs_read(facts, read_at) else None
    _write_down(row, findings, due_at, read_at)
    return lanes


def findings(edit: AttributeEdit, genesys: Client) -> list[Finding]:
    """What is known of the cause; found out now where no worker has come to it."""
    row = Diagnosis.objects.filter(pk=edit.pk).first()
    if row is None:
        return []
    if not row.found_at:
        carry_out(edit.pk, genesys)
        row.refresh_from_db()
    return [Finding.from_json(each) for each in row.findings]


def _edit(edit_id: UUID) -> AttributeEdit:
    rows = AttributeEdit.objects.select_related("lane", "by").prefetch_related("changes", "moves")
    return rows.get(pk=edit_id)


def _needs_read(facts: Facts, read_at: float) -> bool:
    """Whether one more look at the conversation may tell more than we know."""
    if read_at or (facts.conversation and facts.conversation.asked_at > facts.settled_at):
        return False
    if facts.edit.state == State.REJECTED:
        return facts.edit.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    return facts.edit.state in (State.NOT_PERSISTED, State.UNVERIFIABLE)


def _read(edit: AttributeEdit, genesys: Client) -> list[int]:
    """Read the conversation once more. Raises `HeldBack` while calls are short; what cannot be read stays unread."""
    time.sleep(budget.take(Use.DIAGNOSIS))
    asked_at = now()
    try:
        answer = genesys.conversation(edit.lane.conversation_id)
    except GenesysError as error:
        budget.heed(error)
        return []
    budget.learn(answer.rates)
    with transaction.atomic():  # news that was taken in is considered, whatever dies in between
        return watch.consider(mirror.record_read(answer.value, asked_at))


def _write_down(
    row: Diagnosis, findings: list[Finding], due_at: float | None, read_at: float
) -> None:
    """Unless it was asked for anew meanwhile: then it stays due, and is found with the newer facts."""
    with transaction.atomic():
        written = Diagnosis.objects.filter(pk=row.pk, due_at=row.due_at).update(
            findings=[each.as_json() for each in findings],
            found_at=now(),
            due_at=due_at,
            read_at=read_at,
            claimed_until=0,
        )
        if not written:
            Diagnosis.objects.filter(pk=row.pk).update(claimed_until=0, read_at=read_at)
        scopes.changed(row.edit.lane.conversation_id)
    causes = [each.cause.value for each in findings]
    log.info("cause found", edit=str(row.pk), causes=causes, final=due_at is None)
