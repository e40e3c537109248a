"""Send a batch and settle what its answer means. The only place that writes to Genesys."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

import structlog
from django.db import DatabaseError, connection, transaction

from conversations import budget
from conversations.edits import accept, look, proof, reasons
from conversations.edits.plan import LookNow, Rest, Send, backoff, mark_unsent
from conversations.edits.proof import CONFLICT_STATUS
from conversations.edits.turn import Turn
from conversations.genesys import (
    Answer,
    Client,
    GenesysError,
    NotSent,
    OutcomeUnknown,
    Refused,
    SignInRefused,
)
from conversations.models import AttributeChange, AttributeEdit, Reason, State
from conversations.models import lane as lanes
from conversations.models.clock import moment
from conversations.models.lane import LaneLost

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: Where no look follows at once, an event of the live feed is waited for this long before one is spent.
EVENT_WAIT_SECONDS = 1.0
#: Refusals of a merged write that may be the fault of one of its edits.
_SPLITTING = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
#: Edits that wrote nothing, and those whose values are in force unless somebody wrote over them.
_NOT_SENT = (State.CANCELLED, State.CONFLICT, State.REJECTED, State.FAILED)
_IN_FORCE = frozenset({State.SENDING, State.VERIFYING, State.CONFIRMED})
#: Edits whose values were written and are not there, and nobody has said that this is well.
_LOST = frozenset({State.NOT_PERSISTED, State.REVERTED})
#: What becomes of the edits of a write that needs no look at once, by the kind of its answer.
Outcome = Callable[..., Rest]


def carry_out(turn: Turn, send: Send, genesys: Client) -> Rest:
    """Write, and settle what the answer means; returns when the lane is due again."""
    time.sleep(send.wait)
    if not turn.may_write(genesys.config):
        budget.give_back(2 if send.look_follows else 1)
        return _settle(turn, send, _again, None, reasons.SLOW_WORKER)
    try:
        answer = genesys.set_attributes(
            turn.claim.conversation_id, turn.claim.participant_id, send.body
        )
    except NotSent as error:
        return _settle_failure(turn, send, _not_sent, error)
    except Refused as error:
        return _settle_failure(turn, send, _refused, error)
    except OutcomeUnknown as error:
        with _repairing(turn, send):
            return _settle_failure(turn, send, _doubtful, error)
    with _repairing(turn, send):
        if send.look_follows:
            return _look_at_once(turn, send.batch, answer, genesys)
        return _settle(turn, send, _accepted, answer)


@contextmanager
def _repairing(turn: Turn, send: Send) -> Iterator[None]:
    """We wrote, or may have. If the lane turns out not to be ours any more, what we overwrote is put right."""
    try:
        yield
    except LaneLost:
        _repair(turn, send.body)
        raise
    except DatabaseError:  # who stood still for long may find the line to the database gone too
        connection.close()
        try:
            turn.renew()
        except LaneLost:
            _repair(turn, send.body)
        raise


def _settle(turn: Turn, send: Send, outcome: Outcome, *facts: object) -> Rest:
    with transaction.atomic():
        turn.renew()
        return outcome(turn, send.batch, *facts)


def _settle_failure(turn: Turn, send: Send, outcome: Outcome, error: GenesysError) -> Rest:
    """No look follows. What concerns the budget comes first: whoever holds the lane by now, and before any lock."""
    budget.heed(error)
    if send.look_follows:
        budget.give_back()
    return _settle(turn, send, outcome, error)


def _look_at_once(
    turn: Turn, batch: list[AttributeEdit], answer: Answer[None], genesys: Client
) -> Rest:
    """The first look, before the acceptance is written down: nobody waits for our disk between two calls.

    Should we die in between, the edit is found half-sent, which is what looks are for.
    """
    accepted = partial(_note_accepted, turn, batch, answer, turn.clock.now())
    awaited = [each for each in batch if each.awaited]
    return Rest(look.carry_out(turn, LookNow(awaited, [], 0.0, first=accepted), genesys))


def _note_accepted(turn: Turn, batch: list[AttributeEdit], answer: Answer[None], at: float) -> None:
    budget.learn(answer.rates)
    turn.attempt = 0
    replaced = [each for each in batch if not each.awaited]
    awaited = [each for each in batch if each.awaited]
    known = {
        "status": answer.status,
        "correlation_id": answer.correlation_id,
        "accepted_at": moment(at),
    }
    why = reasons.SUPERSEDED
    turn.move(replaced, State.SUPERSEDED, why, answer, at=at, reason=why, **known)
    turn.move(
        awaited,
        State.VERIFYING,
        reasons.ACCEPTED,
        answer,
        at=at,
        looks=0,
        looking_since=at,
        **known,
    )


def _accepted(turn: Turn, batch: list[AttributeEdit], answer: Answer[None]) -> Rest:
    """An event may prove it; a look is spent only if none comes."""
    now = turn.clock.now()
    _note_accepted(turn, batch, answer, now)
    if proof.heard(turn, [each for each in batch if each.awaited]):
        return Rest(turn.release())
    return Rest(turn.release(now + EVENT_WAIT_SECONDS))


def _not_sent(turn: Turn, batch: list[AttributeEdit], error: NotSent) -> Rest:
    if isinstance(error, SignInRefused):  # nothing goes out before somebody has put it right
        log.error("sign-in refused", status=error.status, correlation_id=error.correlation_id)
    return _again(turn, batch, error, reasons.waiting(error), backoff(turn, error.retry_after))


def _again(
    turn: Turn,
    batch: list[AttributeEdit],
    error: GenesysError | None,
    reason: Reason,
    wait: float = 0.0,
) -> Rest:
    """Back into the queue: this call surely changed nothing."""
    known = {"status": error.status, "correlation_id": error.correlation_id} if error else {}
    for edit in batch:
        proof.requeue(turn, [edit], reason, error, sends=edit.sends - 1, **known)
    return Rest(turn.release(turn.clock.now() + wait))


def _refused(turn: Turn, batch: list[AttributeEdit], error: Refused) -> Rest:
    if len(batch) > 1 and error.status in _SPLITTING:
        turn.solo_until = batch[-1].seq
        return _again(turn, batch, error, reasons.SPLIT)
    if error.status == CONFLICT_STATUS and any(each.status != CONFLICT_STATUS for each in batch):
        return _doubtful(turn, batch, error)
    if any(_may_land_yet(each) for each in batch):
        return _doubtful(turn, batch, error)
    mark_unsent(batch)
    reason = reasons.because(error)
    turn.move(
        batch,
        State.REJECTED,
        reason,
        error,
        reason=reason,
        status=error.status,
        correlation_id=error.correlation_id,
    )
    return Rest(turn.release())


def _may_land_yet(edit: AttributeEdit) -> bool:
    """A refusal says nothing of a sending before it whose outcome is unknown; that of one 409 is known well enough."""
    return edit.sends > (2 if edit.status == CONFLICT_STATUS else 1)


def _doubtful(turn: Turn, batch: list[AttributeEdit], error: GenesysError) -> Rest:
    turn.move(
        batch,
        State.VERIFYING,
        reasons.doubtful(error),
        error,
        reason=reasons.doubtful(error),
        status=error.status,
        correlation_id=error.correlation_id,
        looks=0,
        looking_since=turn.clock.now(),
    )
    return Rest(turn.release())


def _repair(turn: Turn, body: dict[str, str]) -> None:
    """We wrote although the lane was no longer ours, perhaps over something newer: restate what was accepted last.

    Filed as an edit like any other, so that it is sent, proven and told in the same way. The lane is locked meanwhile:
    what is saved beside us is newer than this, and has to stay so.
    """
    with transaction.atomic():
        lanes.lock(turn.claim.lane_id)
        stale = _written_over(turn.claim.lane_id, body)
        log.warning(
            "late write found",
            lane=turn.claim.lane_id,
            conversation=str(turn.claim.conversation_id),
            keys_to_restate=len(stale),
        )
        if stale:
            accept.save(turn.claim.conversation_id, turn.claim.participant_id, stale, repair=True)


def _written_over(lane_id: int, body: dict[str, str]) -> dict[str, accept.Wish]:
    """What was accepted last on these keys, where it is in force, or where it is gone and what stands there is ours.

    A value that others have replaced since is not ours to bring back, nor what a person has left as it is; and one
    still waiting to be sent needs no repair.
    """
    rows = AttributeChange.objects.filter(edit__lane_id=lane_id, key__in=body)
    told = rows.exclude(edit__state__in=_NOT_SENT).order_by("edit__seq").select_related("edit")
    newest = {each.key: each for each in told}

    def is_ours(change: AttributeChange) -> bool:
        lost = change.edit.state in _LOST and change.edit.unresolved
        return change.edit.state in _IN_FORCE or (lost and change.observed == body[change.key])

    return {
        key: accept.Wish(change.value)
        for key, change in newest.items()
        if change.value != body[key] and is_ours(change)
    }
