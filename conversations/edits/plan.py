"""Decide what is due for a lane, and write the intention down before anything is called.

Runs in the transaction of the claim: an edit found `sending` by anybody but its holder is then known to be half-sent.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conversations import budget, mirror
from conversations.budget import HeldBack, Use
from conversations.edits import conflicts, proof, reasons, watch
from conversations.edits.turn import Turn
from conversations.models import AttributeChange, AttributeEdit, Reason, State, Verdict
from conversations.models import lane as lanes
from conversations.models.clock import moment

MAX_BACKOFF_SECONDS = 30.0
MAX_DOUBLINGS = 10
MAX_BATCH_BYTES = 256 * 1024
MAX_BATCH_KEYS = 200


@dataclass(slots=True)
class Send:
    """A write that has been written down: one PATCH for all the edits of the batch."""

    batch: list[AttributeEdit]
    body: dict[str, str]
    wait: float
    #: A look follows at once, and its call is taken too. Not where an event of the live feed is expected to prove it,
    #: nor while calls are short: the first look is the likeliest to be made in vain.
    look_follows: bool


@dataclass(slots=True)
class LookNow:
    """A look that is due at edits sent together, and at settled ones somebody asked about."""

    edits: list[AttributeEdit]
    late: list[AttributeEdit]
    wait: float
    #: What else is to be written down with its outcome, before it.
    first: Callable[[], None] | None = None


@dataclass(slots=True)
class Rest:
    """Nothing to call for now; the lane is given back."""

    due_in: float | None


Plan = Send | LookNow | Rest


def plan(turn: Turn) -> Plan:
    """What is due: a write, a look, or nothing. Settles on the way what needs no call."""
    _adopt_orphans(turn)
    _settle_overdue(turn)
    held = conflicts.Held.of(
        turn.claim.conversation_id, turn.claim.participant_id, turn.participant
    )
    if not turn.in_state(State.VERIFYING):
        _settle_conflicts(turn, held)
    if not turn.in_state(State.VERIFYING):
        batch = _next_batch(turn)
        if body := _body(batch, held):
            return _plan_send(turn, batch, body)
        _look_only(turn, batch)
    looking = turn.in_state(State.VERIFYING)
    if proof.heard(turn, looking):
        return Rest(turn.release())
    late = watch.wanted(turn)
    if not looking and not late:
        return Rest(turn.release())
    return plan_look(turn, looking, late)


def _adopt_orphans(turn: Turn) -> None:
    """Edits found half-sent: their holder died. Nobody knows whether the write arrived, so look first."""
    orphans = turn.in_state(State.SENDING)
    _begin_looking(turn, orphans, reasons.WORKER_DIED)


def _settle_overdue(turn: Turn) -> None:
    now = turn.clock.now()
    overdue = [each for each in turn.in_state(State.QUEUED) if now >= each.deadline_at.timestamp()]
    for edit in overdue:
        if not edit.sends:
            reason = reasons.failed(edit.reason)
            mark_unsent([edit])
            turn.move([edit], State.FAILED, reason, reason=reason)
    _begin_looking(turn, [each for each in overdue if each.sends], reasons.LAST_LOOK)


def _settle_conflicts(turn: Turn, held: conflicts.Held) -> None:
    for edit in turn.in_state(State.QUEUED):
        found = conflicts.find_conflicts(edit.changes.all(), held, before_seq=edit.seq)
        if not found:
            continue
        if edit.sends:  # it may have arrived before; only a look can tell
            _begin_looking(turn, [edit], reasons.LAST_LOOK)
            continue
        for change in edit.changes.all():
            change.observed = held.value(change.key)
        mark_unsent([edit])
        reason = reasons.conflict(found)
        turn.move([edit], State.CONFLICT, reason, reason=reason)


def _next_batch(turn: Turn) -> list[AttributeEdit]:
    """What goes out together: all that is queued, or the first alone while a refused merge is being taken apart."""
    batch: list[AttributeEdit] = []
    keys: set[str] = set()
    size = 0
    for edit in turn.in_state(State.QUEUED):
        changes = list(edit.changes.all())
        size += sum(len(each.key.encode()) + len(each.value.encode()) + 16 for each in changes)
        keys |= {each.key for each in changes}
        if batch and (size > MAX_BATCH_BYTES or len(keys) > MAX_BATCH_KEYS):
            break
        batch.append(edit)
        if edit.seq <= turn.solo_until:
            break
    return batch


def _body(batch: list[AttributeEdit], held: conflicts.Held) -> dict[str, str]:
    """The keys to write, the later value winning; those that hold their value already are left out.

    Not where what we hold may be out of date before long: an earlier edit may have been sent with another value, a
    repair makes good a late write that may show only after this, and what a look has not found is not there.
    """
    changes = [(edit, change) for edit in batch for change in edit.changes.all()]
    wanted = {change.key: change.value for _, change in changes}
    in_danger = {
        change.key
        for edit, change in changes
        if edit.repair
        or (edit.sends and (change.value != wanted[change.key] or not change.carried))
        or (edit.looks and not edit.sends)
    }
    known = held.attributes or {}
    return {
        key: value for key, value in wanted.items() if key in in_danger or known.get(key) != value
    }


def _plan_send(turn: Turn, batch: list[AttributeEdit], body: dict[str, str]) -> Plan:
    look_follows = turn.followed_for() < mirror.ECHO_SECONDS
    try:
        wait = budget.take(Use.WRITE, calls=2 if look_follows else 1)
    except HeldBack as held:
        return _held_back(turn, batch, held)
    if look_follows and wait > 0:
        budget.give_back()
        look_follows = False
    _mark_replaced(turn, batch)
    _mark_carried(batch, body)
    alike: dict[tuple[int, int], list[AttributeEdit]] = {}
    for edit in batch:
        alike.setdefault((edit.attempts, edit.sends), []).append(edit)
    for (attempts, sends), edits in alike.items():
        turn.move(
            edits,
            State.SENDING,
            Reason(),
            attempts=attempts + 1,
            sends=sends + 1,
            sent_at=moment(turn.clock.now() + wait),
            accepted_at=None,
            reason=Reason(),
        )
    return Send(batch, body, wait, look_follows)


def _held_back(turn: Turn, batch: list[AttributeEdit], held: HeldBack) -> Rest:
    reason = reasons.held_back(held.by_genesys)
    AttributeEdit.objects.filter(pk__in=[each.pk for each in batch]).exclude(reason=reason).update(
        reason=reason
    )
    return Rest(turn.release(turn.clock.now() + _turn_comes_in(held)))


def _turn_comes_in(held: HeldBack) -> float:
    """Seconds until it makes sense to ask for a call again.

    Were all that wait to ask as soon as the next call is to be had, hundreds would come for one, again and again, and a
    small database would do nothing else. So they spread over half the time in which all of them are served.
    """
    return held.seconds + random.uniform(
        0, min(MAX_BACKOFF_SECONDS, lanes.count_waiting() * held.spacing)
    )


def plan_look(
    turn: Turn, looking: list[AttributeEdit], late: list[AttributeEdit]
) -> LookNow | Rest:
    try:
        return LookNow(looking, late, budget.take(Use.LOOK))
    except HeldBack as held:
        now = turn.clock.now()
        overdue = [each for each in looking if now >= each.deadline_at.timestamp()]
        proof.give_up_looking(turn, overdue, None)
        return Rest(turn.release(now + _turn_comes_in(held)))


def _begin_looking(turn: Turn, edits: list[AttributeEdit], note: Reason, **columns: Any) -> None:
    """From now on looks decide; nobody knows whether the write arrived (unless there was none to make)."""
    turn.move(
        edits,
        State.VERIFYING,
        note,
        reason=note,
        accepted_at=None,
        looks=0,
        looking_since=turn.clock.now(),
        **columns,
    )


def _look_only(turn: Turn, batch: list[AttributeEdit]) -> None:
    """Nothing to send: every key holds its value already, perhaps through an earlier sending of the same edit."""
    _mark_replaced(turn, batch)
    for edit in batch:
        _begin_looking(turn, [edit], reasons.HELD_ALREADY, look_only=not edit.sends)


def _mark_replaced(turn: Turn, batch: list[AttributeEdit]) -> None:
    """Keys that a later edit of the batch writes again: their verdict is never green."""
    taken: set[str] = set()
    replaced: list[AttributeChange] = []
    for edit in reversed(batch):
        for change in edit.changes.all():
            if change.key in taken:
                change.verdict = Verdict.REPLACED
                replaced.append(change)
        taken |= {each.key for each in edit.changes.all()}
    if replaced:
        turn.save_verdicts(replaced)


def _mark_carried(batch: list[AttributeEdit], body: dict[str, str]) -> None:
    """Which keys of the edits have gone with a call."""
    changed = [
        change
        for edit in batch
        for change in edit.awaited
        if (change.key in body) != change.carried and (change.key in body or not edit.sends)
    ]
    for change in changed:
        change.carried = change.key in body
    if changed:
        AttributeChange.objects.bulk_update(changed, ["carried"])


def mark_unsent(edits: list[AttributeEdit]) -> None:
    changes = [change for edit in edits for change in edit.changes.all()]
    for change in changes:
        change.verdict = Verdict.UNSENT
    AttributeChange.objects.bulk_update(changes, ["verdict", "observed"])


def backoff(turn: Turn, retry_after: float | None) -> float:
    """Seconds to wait, longer each time. What Genesys asks for gets up to 10 % on top: lanes do not return together."""
    turn.attempt += 1
    wait = random.uniform(
        0, min(MAX_BACKOFF_SECONDS, 0.5 * 2.0 ** min(turn.attempt, MAX_DOUBLINGS))
    )
    asked = (retry_after or 0.0) * random.uniform(1.0, 1.1)
    return max(wait, asked, 0.1)
