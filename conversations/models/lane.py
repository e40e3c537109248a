"""A lane: the queue of one participant's edits, and the lease that lets one worker at a time work on it.

The statements here are raw SQL because the new values are needed at once (RETURNING); the same text runs on both
databases. Each is one row, one statement: what a concurrent acceptor changes is seen, never an old snapshot.
"""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from conversations.models.clock import sql_now

#: A worker may hold a lane this long (seconds) before another takes over.
LEASE_SECONDS = 30.0
#: A lane is nudged again at the earliest this long after the last time.
NUDGE_SPACING_SECONDS = 3.0


class EditLane(models.Model):
    """Every participant that was ever edited has one. No foreign keys: conversations are forgotten earlier than edits,
    and the listener writes participants all day and must not contend. Moments are epoch seconds, 0 for never."""

    conversation_id = models.UUIDField()
    participant_id = models.UUIDField()
    #: The number the next edit gets; raised in the accepting transaction.
    next_seq = models.PositiveBigIntegerField(default=1)
    #: Every edit with `seq <= done_seq` is settled.
    done_seq = models.PositiveBigIntegerField(default=0)
    #: When somebody should work on it; null: nothing to do.
    due_at = models.FloatField(null=True)
    #: How often somebody asked for a look; a holder that finds more than at its claim does not go to sleep.
    asked = models.PositiveBigIntegerField(default=0)
    nudged_at = models.FloatField(default=0)
    lease_until = models.FloatField(default=0)
    #: Raised by each claim: a holder that no longer finds its own has lost the lane.
    fence = models.PositiveBigIntegerField(default=0)
    #: Failures in a row, for the backoff.
    attempt = models.PositiveIntegerField(default=0)
    #: When a confirmed value is to be looked at once more, because no event would tell of its change; null: not at all.
    late_look_at = models.FloatField(null=True)
    #: Up to this number edits go out one at a time, because a merged write was refused.
    solo_until = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation_id", "participant_id"], name="one_lane_per_participant"
            ),
        )
        indexes = (
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="lane_due"
            ),
            models.Index(
                fields=["late_look_at"],
                condition=models.Q(late_look_at__isnull=False),
                name="lane_late_look",
            ),
        )

    def __str__(self) -> str:
        return f"lane {self.pk}"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a lane, given to an edit when it is accepted."""

    lane_id: int
    seq: int
    #: Seconds until the lane is due: not above 0, and a nudge makes sense.
    due_in: float
    now: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A lane held by this worker until its lease ends."""

    lane_id: int
    conversation_id: UUID
    participant_id: UUID
    #: This machine's monotonic clock when the lane was asked for: the lease ends no sooner than `LEASE_SECONDS` later.
    asked_at: float
    next_seq: int
    asked: int
    fence: int
    attempt: int
    solo_until: int
    #: Null only where the lane was taken because of news and nothing was due.
    due_at: float | None
    now: float


class LaneLost(Exception):
    """Our lease ran out and somebody else holds the lane now; what we were about to write must not be written."""


def take_place(conversation_id: UUID, participant_id: UUID) -> Place:
    """Give out the lane's next number. The row lock lasts until the accepting transaction ends, so numbers are given
    in commit order. Open work keeps its backoff; a late look does not hold up a new edit."""
    now = sql_now()
    [row] = _returning(
        f"""
        INSERT INTO conversations_editlane AS lane
               (conversation_id, participant_id, next_seq, done_seq, due_at, asked, nudged_at, lease_until, fence,
                attempt, solo_until)
        VALUES (%s, %s, 2, 0, {now}, 0, 0, 0, 0, 0, 0)
        ON CONFLICT (conversation_id, participant_id)
        DO UPDATE SET next_seq = lane.next_seq + 1,
               due_at = CASE WHEN lane.next_seq - 1 > lane.done_seq THEN COALESCE(lane.due_at, {now}) ELSE {now} END
        RETURNING id, next_seq - 1, due_at - {now}, {now}
        """,
        [_uuid(conversation_id), _uuid(participant_id)],
    )
    return Place(*row)


def claim(lane_id: int) -> Claim | None:
    """Take the lane if it is due and nobody holds it."""
    asked_at, now = time.monotonic(), sql_now()
    rows = _returning(
        f"""
        UPDATE conversations_editlane SET lease_until = {now} + %s, fence = fence + 1
         WHERE id = %s AND due_at <= {now} AND lease_until < {now}
        RETURNING id, conversation_id, participant_id, next_seq, asked, fence, attempt, solo_until, due_at, {now}
        """,
        [LEASE_SECONDS, lane_id],
    )
    return _claim(rows, asked_at)


def claim_quiet(conversation_id: UUID, participant_id: UUID) -> Claim | None:
    """Take a lane that has open edits and that nobody holds, due or not: news about it has arrived."""
    asked_at, now = time.monotonic(), sql_now()
    rows = _returning(
        f"""
        UPDATE conversations_editlane SET lease_until = {now} + %s, fence = fence + 1
         WHERE conversation_id = %s AND participant_id = %s
           AND next_seq - 1 > done_seq AND lease_until < {now}
        RETURNING id, conversation_id, participant_id, next_seq, asked, fence, attempt, solo_until, due_at, {now}
        """,
        [LEASE_SECONDS, _uuid(conversation_id), _uuid(participant_id)],
    )
    return _claim(rows, asked_at)


def lock(lane_id: int) -> None:
    """Let nobody take a place in the lane, or take the lane, before this transaction ends."""
    _returning(
        "UPDATE conversations_editlane SET fence = fence WHERE id = %s RETURNING id", [lane_id]
    )


def renew(held: Claim, late_look_at: float | None = None) -> None:
    """Hold the lane for a whole lease from now; `LaneLost` if it is not ours any more.

    `late_look_at`: have a late look made then, unless one is to be made anyway, or `release` says that none is needed.
    """
    rows = _returning(
        f"""
        UPDATE conversations_editlane
           SET lease_until = {sql_now()} + %s, late_look_at = COALESCE(late_look_at, %s)
         WHERE id = %s AND fence = %s RETURNING id
        """,
        [LEASE_SECONDS, late_look_at, held.lane_id, held.fence],
    )
    if not rows:
        raise LaneLost


def release(
    held: Claim,
    *,
    done_seq: int,
    attempt: int,
    solo_until: int,
    when: float,
    late_look_at: float | None = None,
    instead_of: float | None = None,
) -> float | None:
    """Give the lane back, due at `when` if work is left; `LaneLost` if it is not ours any more.

    `late_look_at` is taken over unless it is None; then the one that `renew` asked for (`instead_of`) is dropped.

    Returns the seconds until it is due, None for nothing to do. The test on `next_seq` is row-local on purpose: with a
    subquery on the edits PostgreSQL, after waiting for a concurrent accept, still answers from the old snapshot, sets
    `due_at` to null, and the new edit sleeps until somebody edits again.
    """
    now = sql_now()
    rows = _returning(
        f"""
        UPDATE conversations_editlane
           SET done_seq = %s, attempt = %s, solo_until = %s, lease_until = 0, nudged_at = 0,
               late_look_at = COALESCE(%s, NULLIF(late_look_at, %s)),
               due_at = CASE WHEN next_seq - 1 > %s AND (asked <= %s OR %s > 0) THEN %s
                             WHEN asked > %s THEN {now} END
         WHERE id = %s AND fence = %s
        RETURNING due_at - {now}
        """,
        [
            *(done_seq, attempt, solo_until, late_look_at, instead_of),
            *(done_seq, held.asked, attempt, when, held.asked),
            *(held.lane_id, held.fence),
        ],
    )
    if not rows:
        raise LaneLost
    [(due_in,)] = rows
    return None if due_in is None else float(due_in)


def ask(conversation_id: UUID, participant_id: UUID) -> int | None:
    """Make the lane due now, even while somebody holds it, but for open work that has to wait before it is tried again.

    Returns its id, None where there is no such lane.
    """
    rows = _returning(
        f"""
        UPDATE conversations_editlane SET asked = asked + 1,
               due_at = CASE WHEN next_seq - 1 > done_seq AND attempt > 0 THEN due_at ELSE {sql_now()} END
         WHERE conversation_id = %s AND participant_id = %s RETURNING id
        """,
        [_uuid(conversation_id), _uuid(participant_id)],
    )
    return int(rows[0][0]) if rows else None


def rouse(lane_id: int, when: float) -> None:
    """Make the lane due at `when`, or leave it due earlier, though none of its edits is open."""
    _returning(
        """
        UPDATE conversations_editlane SET asked = asked + 1,
               due_at = CASE WHEN due_at IS NULL OR due_at > %s THEN %s ELSE due_at END
         WHERE id = %s RETURNING id
        """,
        [when, when, lane_id],
    )


def count_waiting() -> int:
    """How many lanes want to be worked on, now or soon."""
    return EditLane.objects.filter(due_at__isnull=False).count()


def take_late_looks(limit: int) -> list[int]:
    """Lanes whose late look has come, now due for it."""
    now = sql_now()
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    rows = _returning(
        f"""
        UPDATE conversations_editlane
           SET late_look_at = NULL, asked = asked + 1, due_at = COALESCE(due_at, {now})
         WHERE id IN (SELECT id FROM conversations_editlane
                       WHERE late_look_at <= {now} ORDER BY late_look_at LIMIT %s {skip})
        RETURNING id
        """,
        [limit],
    )
    return [int(lane_id) for (lane_id,) in rows]


def take_overdue(limit: int) -> list[tuple[int, float]]:
    """Lanes that are due, held by nobody and not nudged lately: the net under the nudges. Marks them nudged.

    Each with the seconds for which it has been due.
    """
    now = sql_now()
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    rows = _returning(
        f"""
        UPDATE conversations_editlane SET nudged_at = {now}
         WHERE id IN (SELECT id FROM conversations_editlane
                       WHERE due_at <= {now} AND lease_until < {now} AND nudged_at < {now} - %s
                       ORDER BY due_at LIMIT %s {skip})
        RETURNING id, {now} - due_at
        """,
        [NUDGE_SPACING_SECONDS, limit],
    )
    return [(int(lane_id), float(late)) for (lane_id, late) in rows]


def _claim(rows: list[tuple[Any, ...]], asked_at: float) -> Claim | None:
    if not rows:
        return None
    [(lane_id, conversation_id, participant_id, *rest)] = rows
    conversation, participant = _from_db(conversation_id), _from_db(participant_id)
    return Claim(lane_id, conversation, participant, asked_at, *rest)


def _returning(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Run and read to the end: an unread RETURNING keeps SQLite's write lock."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _uuid(value: UUID) -> Any:
    return EditLane._meta.get_field("conversation_id").get_db_prep_value(value, connection)


def _from_db(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
