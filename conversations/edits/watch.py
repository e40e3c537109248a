"""After an edit has settled: was a confirmed value changed back, did a missing one arrive late?

News about a participant (an event, a read made for something else, the end of a flow) never moves a settled edit by
itself: it makes a look due, and the look decides. Where the value shown is one the key held a moment ago, a read may be
stale, and two looks in a row must show it.

Rows are locked in one order everywhere: conversation and participants, then the lane, then its edits.
"""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db import models, transaction

from conversations import budget, mirror, scopes
from conversations.edits import proof, reasons
from conversations.edits.proof import Look, shows
from conversations.edits.turn import Turn
from conversations.mirror import News
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    EditLane,
    Participant,
    Reason,
    State,
    Verdict,
)
from conversations.models import lane as lanes
from conversations.models.clock import carried_now, moment
from conversations.models.clock import now as database_now
from conversations.models.diagnosis import make_due
from conversations.models.edit import OPEN

#: The second of two looks that must agree comes this much later.
SECOND_LOOK_SECONDS = 1.0
#: News may still prove an edit that is not proven, for this long after it was settled.
LATE_SECONDS = 600.0
#: Late looks are made while less than this part of the budget's burst is used up.
SPARE_BUDGET = 0.5
#: Settled, and not proven or not any more: the proof may still come, or come again.
_UNPROVEN = (State.NOT_PERSISTED, State.UNVERIFIABLE, State.REVERTED)
#: Of a key that no call has carried: it was not sent at all, or a later edit of the same write had it.
_NEVER_WRITTEN = (Verdict.UNSENT, Verdict.REPLACED)


def check_again(edit: AttributeEdit) -> int | None:
    """A person wants to know: have a look made at a settled edit. Returns the lane to nudge."""
    scopes.changed(edit.lane.conversation_id)
    with transaction.atomic():  # a look that is wanted and not due would never be made
        lane_id = lanes.ask(edit.lane.conversation_id, edit.lane.participant_id)
        AttributeEdit.objects.filter(pk=edit.pk).update(look_wanted=True)
    return lane_id


def look_once_more(turn: Turn, edits: Collection[AttributeEdit]) -> None:
    """Have another look made at those of edits just judged that it may teach something: something newer is known."""
    watched = [each.pk for each in edits if each.state in (State.CONFIRMED, *_UNPROVEN)]
    if watched:
        lanes.ask(turn.claim.conversation_id, turn.claim.participant_id)
        AttributeEdit.objects.filter(pk__in=watched).update(look_wanted=True)


def look_late(limit: int) -> list[int]:
    """Have the confirmed values looked at whose late look has come; returns the lanes to work on.

    Not while calls are short: nobody waits for these.
    """
    standing = budget.standing()
    if standing is None or standing.used > SPARE_BUDGET or standing.held_back:
        return []
    with transaction.atomic():
        due = lanes.take_late_looks(limit)
        now = moment(database_now())
        AttributeEdit.objects.filter(
            lane_id__in=due, state=State.CONFIRMED, watched_until__gt=now
        ).update(look_wanted=True)
    return due


def consider(news: News, but: Collection[UUID] = ()) -> list[int]:
    """Make a look due for every settled edit that the news puts in doubt or may prove; returns the lanes to nudge.

    `but`: edits that were judged by the very same news. Call in the transaction that records the news: recorded and not
    considered, it would never be news again.
    """
    touched = news.changed | news.doubtful
    if not touched and not news.ended:
        return []
    watched = _watched(news).exclude(pk__in=but)
    if not news.ended:
        watched = watched.filter(lane__participant_id__in=touched)
    due = []
    for lane, edits in _by_lane(watched).items():
        wanted = _in_doubt(lane, edits, news)
        if wanted:
            lanes.ask(lane.conversation_id, lane.participant_id)
            AttributeEdit.objects.filter(pk__in=wanted).update(look_wanted=True)
            due.append(lane.pk)
    return due


def _watched(news: News) -> models.QuerySet[AttributeEdit]:
    """Confirmed edits, for a while or until the conversation has ended, whichever is later; and for a while those that
    were given up or have changed back."""
    now = carried_now()
    confirmed = models.Q(state=State.CONFIRMED)
    if not news.ended and not news.live:
        confirmed &= models.Q(watched_until__gt=moment(now))
    unproven = models.Q(
        state__in=_UNPROVEN,
        settled_at__gt=moment(now - LATE_SECONDS),
    )
    return AttributeEdit.objects.filter(
        confirmed | unproven, lane__conversation_id=news.conversation_id, look_wanted=False
    )


def _by_lane(edits: models.QuerySet[AttributeEdit]) -> dict[EditLane, list[AttributeEdit]]:
    found: dict[EditLane, list[AttributeEdit]] = {}
    for edit in edits.select_related("lane").prefetch_related("changes"):
        found.setdefault(edit.lane, []).append(edit)
    return found


def _in_doubt(lane: EditLane, edits: list[AttributeEdit], news: News) -> list[UUID]:
    participant = Participant.objects.filter(
        conversation_id=lane.conversation_id, participant_id=lane.participant_id
    ).first()
    held = participant.attributes if participant else {}
    sure = lane.participant_id not in news.doubtful and not news.ended
    written = _writes_of_each_key(lane.pk)
    wanted = []
    for edit in edits:
        own = _own(edit, written, held)
        there = {each.key for each in own if shows(held.get(each.key), each.value)}
        if edit.state == State.CONFIRMED:
            worth_a_look = not sure or len(there) < len(own)
        else:
            worth_a_look = there != {e.key for e in own if e.verdict == Verdict.CONFIRMED}
        if own and worth_a_look:
            wanted.append(edit.pk)
    return wanted


def _writes_of_each_key(lane_id: int) -> dict[str, list[AttributeChange]]:
    """What edits of the lane wrote, or may have written, to each key."""
    rows = (
        AttributeChange.objects.filter(edit__lane_id=lane_id)
        .exclude(verdict__in=_NEVER_WRITTEN)
        .exclude(edit__state=State.QUEUED, edit__sends=0)
    )
    written: dict[str, list[AttributeChange]] = {}
    for each in rows.select_related("edit"):
        written.setdefault(each.key, []).append(each)
    return written


def _own(
    edit: AttributeEdit, written: Mapping[str, list[AttributeChange]], shown: Mapping[str, str]
) -> list[AttributeChange]:
    """The keys for which an edit is still answerable: it wrote them, and no newer one has taken them over.

    One that was sent and did not stick has taken over nothing, unless its value is there after all; nor has one that is
    still on its way.
    """

    def has_taken_over(newer: AttributeChange) -> bool:
        lost = newer.edit.state == State.NOT_PERSISTED and newer.verdict != Verdict.CONFIRMED
        sure = not lost and not newer.edit.is_open
        return sure or shows(shown.get(newer.key), newer.value)

    return [
        each
        for each in edit.changes.all()
        if each.verdict not in _NEVER_WRITTEN
        and not any(
            newer.edit.seq > edit.seq and has_taken_over(newer)
            for newer in written.get(each.key, ())
        )
    ]


def _is_contested(
    edit: AttributeEdit,
    own: Iterable[AttributeChange],
    written: Mapping[str, list[AttributeChange]],
) -> bool:
    """A newer edit that is on its way may yet take one of these keys over."""
    return any(
        newer.edit.is_open and newer.edit.seq > edit.seq
        for each in own
        for newer in written.get(each.key, ())
    )


# --- The looks themselves ---


def wanted(turn: Turn) -> list[AttributeEdit]:
    """Settled edits of the lane for which a look is due."""
    if not turn.claim.asked:
        return []
    rows = AttributeEdit.objects.filter(lane_id=turn.claim.lane_id, look_wanted=True)
    return list(rows.exclude(state__in=OPEN).prefetch_related("changes"))


def cannot_look(edits: Iterable[AttributeEdit]) -> None:
    """Genesys refuses to show the conversation: asking on would be in vain."""
    for edit in edits:
        _done(edit)


def judge(turn: Turn, edits: Collection[AttributeEdit], look: Look) -> float | None:
    """Compare settled edits with a look; says when the next one is due, if one is."""
    written = _writes_of_each_key(turn.claim.lane_id)
    again = False
    for edit in edits:
        own = _own(edit, written, look.attributes)
        if _is_contested(edit, own, written):
            continue  # the wish stays: what this look means is known when the newer one is decided
        if edit.state == State.CONFIRMED:
            again |= _judge_confirmed(turn, edit, own, look)
        elif edit.state in _UNPROVEN:
            again |= _judge_unproven(turn, edit, own, look)
        else:
            _done(edit)
    return turn.clock.now() + SECOND_LOOK_SECONDS if again else None


def _judge_confirmed(
    turn: Turn, edit: AttributeEdit, own: list[AttributeChange], look: Look
) -> bool:
    gone = [each for each in own if not shows(look.attributes.get(each.key), each.value)]
    stale = [each for each in own if each.agreeing < 0 and each not in gone]
    for change in stale:  # it was a stale read that did not show it
        change.observed, change.agreeing = look.attributes.get(change.key), 0
    turn.save_verdicts(stale)
    if not gone:
        _done(edit)
        return False
    lately = _held_lately(turn, {each.key for each in gone}, look.asked_at)
    certain = True
    for change in gone:
        observed = look.attributes.get(change.key)
        seen_before = change.agreeing < 0 and change.observed == observed
        if (observed or "") in lately[change.key] and not seen_before:
            change.agreeing, certain = -1, False  # seen gone once
        change.observed = observed
    if not certain:
        turn.save_verdicts(gone)
        return True
    for change in gone:
        change.verdict, change.agreeing = Verdict.REVERTED, 0
    turn.save_verdicts(gone)
    reason = _why_reverted(edit)
    turn.move([edit], State.REVERTED, reason, look.answer, reason=reason, look_wanted=False)
    return False


def _why_reverted(edit: AttributeEdit) -> Reason:
    gone = [each for each in edit.changes.all() if each.verdict == Verdict.REVERTED]
    back = all((each.observed or "") == (each.baseline or "") for each in gone)
    return reasons.reverted(edit, back)


def _judge_unproven(
    turn: Turn, edit: AttributeEdit, own: list[AttributeChange], look: Look
) -> bool:
    """What is there after all is told key by key; all of it is a confirmation, unless a newer edit took a key since.

    A value that was there before may be shown by a stale read, and is believed at the second look.
    """
    lately = _held_lately(turn, {each.key for each in own}, edit.created_at.timestamp())
    was_there = edit.state == State.REVERTED
    again = False
    for change in own:
        change.observed = look.attributes.get(change.key)
        if shows(change.observed, change.value):
            change.agreeing = max(change.agreeing, 0) + 1
            old = was_there or change.value in lately[change.key]
            certain = change.agreeing > 1 or change.verdict == Verdict.CONFIRMED or not old
            known = Verdict.CONFIRMED
        else:
            change.agreeing = min(change.agreeing, 0) - 1
            certain = change.agreeing < -1 or change.verdict != Verdict.CONFIRMED
            known = Verdict.ABSENT if change.observed is None else Verdict.DIFFERENT
            known = Verdict.REVERTED if was_there else known
        if certain and (edit.state != State.UNVERIFIABLE or known == Verdict.CONFIRMED):
            change.verdict = known
        again |= not certain
    turn.save_verdicts(own)
    if again:
        return True
    if len(own) == len(edit.awaited) and all(e.verdict == Verdict.CONFIRMED for e in own):
        note = reasons.CAME_BACK if was_there else reasons.ARRIVED_LATE
        proof.confirm(turn, [edit], look.answer, note)
        return False
    if edit.state != State.UNVERIFIABLE and any(e.verdict != Verdict.CONFIRMED for e in own):
        reason = _why_reverted(edit) if was_there else reasons.not_persisted(edit)
        AttributeEdit.objects.filter(pk=edit.pk).update(reason=reason)
        make_due([edit.pk], turn.clock.now())
    _done(edit)
    return False


def _held_lately(turn: Turn, keys: set[str], before: float) -> dict[str, set[str]]:
    if turn.participant is None:
        return {key: set() for key in keys}
    return mirror.held_lately(turn.participant, keys, before)


def _done(edit: AttributeEdit) -> None:
    AttributeEdit.objects.filter(pk=edit.pk).update(look_wanted=False)
