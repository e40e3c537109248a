"""Read a conversation back and settle everything the answer decides, on every participant of it."""

import time
from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from conversations import budget, mirror
from conversations.edits import proof, reasons, watch
from conversations.edits.plan import LookNow, backoff
from conversations.edits.proof import Look
from conversations.edits.turn import Turn
from conversations.genesys import Answer, Client, Conversation, GenesysError, Refused
from conversations.mirror import News
from conversations.models import AttributeEdit, State
from conversations.models import lane as lanes
from conversations.models.edit import MovedMeanwhile
from conversations.models.lane import LaneLost

#: The first look is made while the edit still shows as being sent; it must not show so for long.
FIRST_LOOK_SECONDS = 3.0


def carry_out(turn: Turn, plan: LookNow, genesys: Client) -> float | None:
    """Look, and settle what it decides; returns in how many seconds the lane is due again."""
    time.sleep(plan.wait)
    asked_at = turn.clock.now()
    try:
        answer = genesys.conversation(turn.claim.conversation_id, timeout=_patience(plan, asked_at))
        look = Look.at(turn, answer, asked_at)
    except GenesysError as error:
        budget.heed(error)  # whoever holds the lane by now, and before any lock
        with transaction.atomic():
            turn.renew()
            _first(plan)
            return _no_look(turn, plan, error)
    with transaction.atomic():
        turn.renew(late_look_at=turn.clock.now() + proof.LATE_LOOK_SECONDS)
        _first(plan)
        proof.judge(turn, plan.edits, look)
    # The mirror comes after the verdict, which somebody is waiting for, and before the release: whoever takes the lane
    # next judges conflicts by it. What it does not hold can change back without any news; hence the late look, should
    # we die in between.
    budget.learn(answer.rates)  # before any lock
    with transaction.atomic():
        news = mirror.record_read(answer.value, asked_at)
        due_in = _settle_look(turn, plan, look, news)
    _share(turn, answer, asked_at, but=news.newer)
    return due_in


def _first(plan: LookNow) -> None:
    if plan.first is not None:
        plan.first()


def _settle_look(turn: Turn, plan: LookNow, look: Look, news: News) -> float | None:
    turn.attempt = 0
    again = None
    if plan.late:
        turn.renew()  # locks the lane before its edits, as everybody does
        again = watch.judge(turn, plan.late, look)
    # Heard while we looked, when nobody could act on it.
    if turn.claim.participant_id in news.newer:
        watch.look_once_more(turn, [*plan.edits, *plan.late])
    watch.consider(news, but={each.pk for each in plan.edits})
    still = [each for each in plan.edits if each.state == State.VERIFYING]
    when = proof.next_look(still, turn.clock.now()) if still else again
    return turn.release(when)


def _patience(plan: LookNow, now: float) -> float | None:
    """A look may not last beyond the deadline of what it is for (but at least a second)."""
    if not plan.edits:
        return None
    if plan.first is not None:
        return FIRST_LOOK_SECONDS
    return max(1.0, min(each.deadline_at.timestamp() for each in plan.edits) - now)


def _no_look(turn: Turn, plan: LookNow, error: GenesysError) -> float | None:
    """The conversation could not be read: try again until the deadline, or until the window where it is refused."""
    if proof.heard(turn, plan.edits):  # told by an event while we looked
        return turn.release()
    now = turn.clock.now()
    refused = isinstance(error, Refused)
    over = [
        each
        for each in plan.edits
        if now >= each.deadline_at.timestamp() or (refused and proof.window_over(each, now, now))
    ]
    proof.give_up_looking(turn, over, error)
    left = [each for each in plan.edits if each.state == State.VERIFYING]
    turn.move(left, State.VERIFYING, reasons.not_read(error), error)
    if refused:
        watch.cannot_look(plan.late)
    if refused and left:
        return turn.release(proof.next_look(left, now))
    return turn.release(now + backoff(turn, error.retry_after))


def _share(
    turn: Turn, answer: Answer[Conversation], asked_at: float, but: Collection[UUID]
) -> None:
    """One read settles what is being verified on every participant of the conversation, `but` those of whom we know
    something newer."""
    others = (
        AttributeEdit.objects.filter(
            state=State.VERIFYING, lane__conversation_id=turn.claim.conversation_id
        )
        .exclude(lane_id=turn.claim.lane_id)
        .values_list("lane__participant_id", flat=True)
    )
    for participant_id in set(others).difference(but):
        try:
            with transaction.atomic():
                claim = lanes.claim_quiet(turn.claim.conversation_id, participant_id)
                if claim is not None:
                    _judge_other(Turn.begin(claim), answer, asked_at)
        except (MovedMeanwhile, LaneLost):
            continue


def _judge_other(turn: Turn, answer: Answer[Conversation], asked_at: float) -> None:
    looking = [each for each in turn.in_state(State.VERIFYING) if each.looking_since <= asked_at]
    try:
        look = Look.at(turn, answer, asked_at)
    except GenesysError:  # it tells nothing of this participant
        looking = []
    if not looking:
        turn.release(turn.claim.due_at)
        return
    proof.judge(turn, looking, look)
    still = turn.in_state(State.VERIFYING)
    turn.release(proof.next_look(still, turn.clock.now()) if still else None)
