"""A conversation as the mirror would hold it, written straight into the database: where no sandbox is needed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from conversations.edits import accept
from conversations.edits.accept import Wish
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    Conversation,
    EditLane,
    EditMove,
    Participant,
    Queue,
    State,
    User,
    Verdict,
)
from conversations.models.clock import moment, now
from conversations.models.edit import NEEDS_ATTENTION, OPEN


def a_conversation(
    customer: str = "Ada", attributes: dict[str, str] | None = None, queue: Queue | None = None
) -> Participant:
    """Live and known; its customer."""
    at = now()
    row = Conversation.objects.create(
        id=uuid.uuid4(),
        media="voice",
        phase=Conversation.Phase.TALKING,
        started_at=moment(at - 60),
        customer=customer,
        queue_id=queue.pk if queue else None,
        queue_name=queue.name if queue else "",
        known_since=at,
        asked_at=at,
        heard_at=at,
    )
    return Participant.objects.create(
        conversation=row,
        participant_id=uuid.uuid4(),
        purpose="customer",
        name=customer,
        attributes=attributes or {},
        attributes_known=True,
    )


@contextmanager
def conversations_forgotten() -> Iterator[None]:
    """What a test made of conversations and their edits goes again: a worker of the run would try to send them."""
    known = set(Conversation.objects.values_list("pk", flat=True))
    lanes = set(EditLane.objects.values_list("pk", flat=True))
    yield
    fresh = EditLane.objects.exclude(pk__in=lanes)
    AttributeEdit.objects.filter(lane__in=fresh).delete()
    fresh.delete()
    Conversation.objects.exclude(pk__in=known).delete()


def saved(
    customer: Participant,
    wanted: dict[str, str],
    *,
    by: User | None = None,
    baseline: str | None = None,
) -> AttributeEdit:
    """An edit that nobody was nudged to send."""
    wishes = {key: Wish(value, baseline) for key, value in wanted.items()}
    return accept.save(customer.conversation_id, customer.participant_id, wishes, by=by).edit


def an_edit_of_old(
    customer: Participant,
    wanted: dict[str, str],
    state: State = State.CONFIRMED,
    *,
    by: User | None = None,
    baseline: str | None = None,
    seconds_ago: float = 60.0,
) -> AttributeEdit:
    """One that was saved so long ago and has come to a state since; no lane waits for it."""
    edit = saved(customer, wanted, by=by)
    at = moment(now() - seconds_ago)
    settled = None if state in OPEN else at + timedelta(seconds=1)
    AttributeEdit.objects.filter(pk=edit.pk).update(
        state=state,
        sends=1,
        attempts=1,
        created_at=at,
        deadline_at=at + timedelta(seconds=120),
        accepted_at=at,
        settled_at=settled,
        unresolved=state in NEEDS_ATTENTION,
    )
    EditMove.objects.filter(edit=edit).update(at=at)
    verdict = Verdict.CONFIRMED if state == State.CONFIRMED else Verdict.PENDING
    AttributeChange.objects.filter(edit=edit).update(verdict=verdict, baseline=baseline)
    EditLane.objects.filter(pk=edit.lane_id).update(due_at=None)
    edit.refresh_from_db()
    return edit
