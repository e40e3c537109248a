"""Why an edit did not stick: due from the moment it settled, found by a worker when it has time for it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from conversations.models.clock import sql_now

#: Whoever took a diagnosis and has not finished by then (seconds) is believed dead.
CLAIM_SECONDS = 60.0


class Diagnosis(models.Model):
    """One per edit that settled otherwise than confirmed, or was confirmed only after it had been given up.

    The row is made in the transaction that settles the edit, so there is no message to lose. Moments are epoch seconds.
    """

    edit = models.OneToOneField(
        "conversations.AttributeEdit",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="diagnosis",
    )
    #: When somebody should work on it; null: there is no more to find out.
    due_at = models.FloatField(null=True)
    claimed_until = models.FloatField(default=0)
    #: The most telling first: code, keys, parameters. Never a sentence (it is made when shown) and never a value.
    findings = models.JSONField(default=list)
    #: When these were found; 0: not yet.
    found_at = models.FloatField(default=0)
    #: When the conversation was read once more for it; 0: not read. One read at most.
    read_at = models.FloatField(default=0)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="diagnosis_due"
            ),
        )

    def __str__(self) -> str:
        return f"diagnosis of {self.pk}"


def make_due(edits: Iterable[UUID], at: float) -> None:
    """Have the cause looked for (again). Call in the transaction of whatever makes it necessary."""
    Diagnosis.objects.bulk_create(
        [Diagnosis(edit_id=each, due_at=at) for each in edits],
        update_conflicts=True,
        unique_fields=["edit"],
        update_fields=["due_at", "found_at"],
    )


def take_due(limit: int) -> list[UUID]:
    """Edits whose diagnosis is due and that nobody has; they are the caller's for `CLAIM_SECONDS`."""
    now = sql_now()
    due = f"due_at <= {now} AND claimed_until < {now}"
    if not Diagnosis.objects.filter(due_at__isnull=False).exists():
        return []  # nearly always; a statement that writes would take SQLite's only lock
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE conversations_diagnosis SET claimed_until = {now} + %s
             WHERE edit_id IN (SELECT edit_id FROM conversations_diagnosis
                                WHERE {due} ORDER BY due_at LIMIT %s {skip})
            RETURNING edit_id
            """,
            [CLAIM_SECONDS, limit],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [each if isinstance(each, UUID) else UUID(str(each)) for (each,) in rows]
