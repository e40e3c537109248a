"""Which keys live conversations hold: counted in turn, a few conversations at a time, from what is stored here.

A round goes over everything that is live, in the order of the board, so that its index serves every step; the next
round starts when it is over, not sooner than `ROUND_SECONDS` after the last. One worker at a time takes a step. Pages
read the totals of the last complete round and say when that was; none of them ever goes over conversations itself.
"""

import threading
import time
from collections import Counter
from uuid import UUID

import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q

from conversations.models import AttributeDefinition, Census, Conversation, Participant, SeenKey
from conversations.models.census import LONGEST_KEY
from conversations.models.clock import now
from conversations.outage import Outage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: Conversations in one step, and the time between two steps: ten thousand are gone over in under two minutes.
STEP = 200
STEP_SECONDS = 2.0
ROUND_SECONDS = 15.0
#: Somebody who makes up a new key for every call must not fill the table.
MOST_KEYS = 5000
#: A key outside the catalogue that has not been seen for so long is forgotten.
FORGET_SECONDS = 30 * 86_400.0


class CensusTaker(threading.Thread):
    """In every worker; the row of the census says whose turn it is."""

    def __init__(self) -> None:
        super().__init__(name="census", daemon=True)

    def run(self) -> None:
        """Until the process ends. The outermost loop: whatever happens is logged and tried again."""
        outage = Outage("census", log)
        while True:
            try:
                close_old_connections()
                step()
            except Exception as error:  # noqa: BLE001
                outage.met(error)
            else:
                outage.over()
            time.sleep(STEP_SECONDS)


def state() -> Census:
    """How far the census is; a new one where none was ever taken."""
    return Census.objects.first() or Census()


def step() -> bool:
    """Look at the next few conversations, if it is time; says whether this call did it."""
    at = now()
    census = _take_turn(at)
    if census is None:
        return False
    batch = _next_conversations(census)
    counted = _count([pk for _, pk in batch])
    with transaction.atomic():
        whole = len(batch) < STEP
        last_start, last_id = batch[-1] if batch else (census.after_start, census.after_id)
        ours = Census.objects.filter(pk=census.pk, turn=census.turn).update(
            after_start=last_start,
            after_id=last_id,
            counting=F("counting") + len(batch),
            started_at=census.started_at or at,
        )
        if not ours:
            return False
        _add(counted, at)
        if whole:
            _finish(census.started_at or at, at)
    return True


def _take_turn(at: float) -> Census | None:
    """The census, if a step is due and nobody else takes it."""
    Census.objects.get_or_create(defaults={"began_at": at})
    mine = Census.objects.filter(next_at__lte=at).update(
        next_at=at + STEP_SECONDS, turn=F("turn") + 1
    )
    return Census.objects.first() if mine else None


def _next_conversations(census: Census) -> list[tuple[object, UUID]]:
    """By start and id, as the board's index has them. One whose start nobody knows yet comes in a later round."""
    rows = Conversation.objects.live().filter(started_at__isnull=False)
    if census.after_start is not None:
        rows = rows.filter(started_at__gte=census.after_start).filter(
            Q(started_at__gt=census.after_start) | Q(id__gt=census.after_id)
        )
    return list(rows.order_by("started_at", "id").values_list("started_at", "id")[:STEP])


def _count(conversations: list[UUID]) -> Counter[str]:
    """How many of these conversations hold each key, on whichever participant."""
    held: dict[UUID, set[str]] = {}
    rows = Participant.objects.filter(conversation_id__in=conversations, attributes_known=True)
    for conversation_id, attributes in rows.values_list("conversation_id", "attributes"):
        held.setdefault(conversation_id, set()).update(attributes)
    return Counter(key for keys in held.values() for key in keys if len(key) <= LONGEST_KEY)


def _add(counted: Counter[str], at: float) -> None:
    known = set(SeenKey.objects.filter(pk__in=counted).values_list("pk", flat=True))
    room = max(0, MOST_KEYS - SeenKey.objects.count())
    taken = known | set(sorted(counted.keys() - known)[:room])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO conversations_seenkey (key, first_at, last_at, live, counting) VALUES (%s, %s, %s, 0, %s)"
            " ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at,"
            " counting = conversations_seenkey.counting + excluded.counting",
            [(key, at, at, counted[key]) for key in sorted(taken)],
        )


def _finish(started_at: float, at: float) -> None:
    """The totals of the round take the place of the last one's."""
    SeenKey.objects.exclude(live=0, counting=0).update(live=F("counting"), counting=0)
    declared = AttributeDefinition.objects.values("key")
    SeenKey.objects.filter(last_at__lt=at - FORGET_SECONDS).exclude(key__in=declared).delete()
    Census.objects.update(
        finished_at=at,
        conversations=F("counting"),
        counting=0,
        started_at=0,
        after_start=None,
        after_id=None,
        next_at=max(at + STEP_SECONDS, started_at + ROUND_SECONDS),
    )
