"""Running totals of what happened, for metrics: counted from the timeline of the edits, never on an edit's own way.

Every process tells the same figures because all of them come from here. A move is counted some time after it was made,
when no transaction can bring an older one any more; until then whoever asks counts it fresh.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction

from conversations.models.clock import moment, now
from conversations.models.edit import OPEN, EditMove, State

#: Moves younger than this (seconds) may still have older ones uncommitted beside them.
SETTLING_SECONDS = 60.0
#: How many moves are counted in one transaction.
CHUNK = 5000
#: Upper bounds (seconds) of the histogram of the time from saving to proof.
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

_COUNTED_UP_TO = "counted up to"
RESCUED = "rescued"
ACCEPTED = "accepted"
SENT = "sent"
CONFIRMED_COUNT = "confirmed"
CONFIRMED_SECONDS = "confirmed seconds"


def settled(state: str) -> str:
    return f"settled {state}"


def within(bound: float) -> str:
    return f"confirmed within {bound:g}"


class Tally(models.Model):
    """One total that only grows."""

    name = models.CharField(max_length=40, primary_key=True)
    total = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.total:g}"


def totals() -> dict[str, float]:
    """Every total as of now: what was counted before, and the moves since."""
    known = dict(Tally.objects.values_list("name", "total"))
    fresh = _count(_moves_after(int(known.pop(_COUNTED_UP_TO, 0))))
    return {name: known.get(name, 0) + fresh.get(name, 0) for name in known | fresh}


def add(name: str, by: float = 1) -> None:
    """Raise a total that cannot be counted from the timeline."""
    if not Tally.objects.filter(pk=name).update(total=models.F("total") + by):
        Tally.objects.get_or_create(pk=name)
        Tally.objects.filter(pk=name).update(total=models.F("total") + by)


def catch_up() -> None:
    """Count the moves that have settled. Any number of processes may call this at any time; each move counts once."""
    while _count_chunk():
        pass


def _count_chunk() -> bool:
    """Whether there may be more."""
    mark, _ = Tally.objects.get_or_create(pk=_COUNTED_UP_TO)
    settled_before = moment(now() - SETTLING_SECONDS)
    chunk = []
    for row in _moves_after(int(mark.total))[:CHUNK]:
        if row[1] >= settled_before:  # ids and moments need not be in the same order
            break
        chunk.append(row)
    if not chunk:
        return False
    with transaction.atomic():
        ours = Tally.objects.filter(pk=mark.pk, total=mark.total).update(total=chunk[-1][0])
        if not ours:
            return False
        for name, count in sorted(_count(chunk).items()):
            add(name, count)
    return len(chunk) == CHUNK


_Row = tuple[int, datetime, str, str, datetime]


def _moves_after(move_id: int) -> "models.QuerySet[EditMove, _Row]":
    rows = EditMove.objects.filter(pk__gt=move_id).order_by("pk")
    return rows.values_list("pk", "at", "from_state", "to_state", "edit__created_at")


def _count(rows: Iterable[_Row]) -> dict[str, float]:
    """What moves add up to."""
    found: dict[str, float] = defaultdict(float)
    for _, at, origin, to, created_at in rows:
        if not origin:
            found[ACCEPTED] += 1
        if origin == to:
            continue
        if to == State.SENDING:
            found[SENT] += 1
        elif to not in OPEN:
            found[settled(to)] += 1
        if (origin, to) == (State.VERIFYING, State.CONFIRMED):
            _count_time(found, at - created_at)
    return found


def _count_time(found: dict[str, float], took: timedelta) -> None:
    seconds = max(0.0, took.total_seconds())
    found[CONFIRMED_COUNT] += 1
    found[CONFIRMED_SECONDS] += seconds
    for bound in BUCKETS:
        found[within(bound)] += seconds <= bound
