"""Test the connection from a page: an admin asks, a worker tries (the web never calls Genesys), the page shows it."""

from dataclasses import asdict

from django.utils import translation

from conversations import checkup
from conversations.models import ConnectionTest, User
from conversations.models.clock import now

#: A worker that has not begun by then (seconds) is nudged again.
NUDGE_SECONDS = 3.0
#: Asked again before that, a test that is under way goes on.
PATIENCE_SECONDS = 60.0


def newest() -> ConnectionTest | None:
    """The newest test, finished or not."""
    return ConnectionTest.objects.filter(asked_at__gt=0).first()


def ask(user: User) -> bool:
    """Have the connection tested; whether a worker should be nudged."""
    at, row = now(), newest()
    if row is not None and row.pending and at - row.asked_at < PATIENCE_SECONDS:
        return False
    ConnectionTest.objects.update_or_create(
        defaults={
            "by": user,
            "asked_at": at,
            "nudged_at": at,
            "language": translation.get_language() or "",
            "findings": [],
        }
    )
    return True


def forgotten() -> bool:
    """Whether the test that was asked for should be asked for once more: the message was lost, or nobody was there."""
    at = now()
    waiting = ConnectionTest.objects.filter(nudged_at__lt=at - NUDGE_SECONDS)
    row = waiting.first()
    if row is None or not row.pending or row.begun_at > row.asked_at:
        return False
    return bool(waiting.update(nudged_at=at))


def carry_out() -> None:
    """In a worker: try everything, and write down what was found, in the language of whoever asked."""
    row = newest()
    if row is None or not row.pending:
        return
    asked = ConnectionTest.objects.filter(asked_at=row.asked_at)
    if not asked.filter(begun_at__lt=row.asked_at).update(begun_at=now()):
        return  # somebody else is at it
    with translation.override(row.language or None):
        findings = [asdict(each) for each in checkup.findings()]
    asked.update(findings=findings, finished_at=now())
