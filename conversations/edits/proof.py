"""Look, compare, verdict per key: when a value counts as seen, and what an edit's state then is.

Green needs a sighting. A look at a key that held the wanted value a moment ago may be stale, so there two looks in a
row must agree; an event may be an echo, so it proves only a value the key has not held lately.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from conversations import mirror
from conversations.edits import reasons
from conversations.edits.turn import Turn
from conversations.genesys import Answer, Conversation, GenesysError, OutcomeUnknown, Trouble
from conversations.mirror import ECHO_SECONDS, News
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    AttributeSighting,
    Participant,
    Reason,
    State,
    Verdict,
)
from conversations.models import lane as lanes
from conversations.models.clock import moment
from conversations.models.edit import MovedMeanwhile
from conversations.models.lane import LaneLost

#: Seconds after the answer at which to look; cut or stretched to the verify window.
LOOKS = (0.0, 0.25, 0.6, 1.2, 2.5, 5.0, 10.0)
#: A look that has to be confirmed by another is followed by it after this long.
SECOND_LOOK_SECONDS = 0.25
#: A conversation first seen this shortly before the write: what a key held before is unknown, and one look may show it.
NEW_SECONDS = 5.0
#: How often a doubtful write that did not arrive is sent again.
RESENDS = 3
#: A confirmed value is watched this long.
WATCH_SECONDS = 600.0
#: Where no event of the feed would tell that a confirmed value changed, it is looked at once more after this long.
LATE_LOOK_SECONDS = 60.0
#: The answer to a write that was refused because of the state the conversation was in just then.
CONFLICT_STATUS = 409


@dataclass(frozen=True, slots=True)
class Look:
    """One read of the conversation, as far as it concerns one participant."""

    attributes: dict[str, str]
    #: Epoch seconds when it was asked for.
    asked_at: float
    answer: Answer[Any]

    @classmethod
    def at(cls, turn: Turn, answer: Answer[Conversation], asked_at: float) -> "Look":
        """`OutcomeUnknown` where the answer does not show the participant: that says nothing of its attributes."""
        for each in answer.value.participants:
            if each.id == turn.claim.participant_id and each.attributes_shown:
                return cls(each.attributes, asked_at, answer)
        raise OutcomeUnknown(
            Trouble.UNREADABLE,
            status=answer.status,
            correlation_id=answer.correlation_id,
            rates=answer.rates,
        )


def look_times() -> tuple[float, ...]:
    """Seconds after the answer at which to look, the last one at the end of the window."""
    window = settings.VERIFY_WINDOW_SECONDS
    times = [each for each in LOOKS if each < window]
    while times[-1] * 2 < window:
        times.append(times[-1] * 2)
    return (*times, window)


def next_look(edits: Iterable[AttributeEdit], now: float) -> float:
    """The moment of the next look at edits sent together."""
    moments = []
    for edit in edits:
        if any(each.agreeing for each in edit.awaited if each.verdict == Verdict.PENDING):
            moments.append(now + SECOND_LOOK_SECONDS)
        else:
            later = [t for t in look_times() if edit.looking_since + t > now]
            moments.append(edit.looking_since + later[0] if later else now)
    return min(moments)


def window_over(edit: AttributeEdit, asked_at: float, now: float) -> bool:
    """A look asked for then is the last: it was asked for after the window, or the deadline has come since."""
    window = edit.looking_since + settings.VERIFY_WINDOW_SECONDS
    return asked_at >= window or now >= edit.deadline_at.timestamp()


def shows(observed: str | None, value: str) -> bool:
    """Whether what was seen is what was wanted. A cleared key is proven by the empty string or by absence."""
    return (observed or "") == value


# --- One look ---


def judge(turn: Turn, edits: list[AttributeEdit], look: Look) -> None:
    """Compare edits sent together with a look, and move those that are decided. Runs in the settling transaction."""
    now = turn.clock.now()
    lately = _held_before_sending(turn, edits)
    new_to_us = _is_new_to_us(turn, edits)
    for edit in edits:
        for change in edit.awaited:
            twice = new_to_us or _needs_two(edit, change, lately)
            _compare(change, look, twice=twice)
    untouched = _nothing_landed(edits) and not _was_there(turn, edits, lately)
    fates = {each.pk: _fate(each, look.asked_at, now, untouched) for each in edits if each.awaited}
    for edit in edits:
        if edit.pk not in fates:
            fates[edit.pk] = _fate_of_replaced(edit, _takers(edit, edits), fates, look)
    _keep_together(edits, fates)
    turn.save_verdicts([change for edit in edits for change in edit.changes.all()])
    for fate in dict.fromkeys(fates.values()):
        _send_to(turn, [each for each in edits if fates[each.pk] == fate], fate, look)


def _compare(change: AttributeChange, look: Look, *, twice: bool) -> None:
    change.observed = look.attributes.get(change.key)
    if shows(change.observed, change.value):
        change.agreeing += 1
        enough = change.agreeing >= (2 if twice else 1)
        change.verdict = Verdict.CONFIRMED if enough else Verdict.PENDING
    else:
        change.agreeing = 0
        change.verdict = Verdict.ABSENT if change.observed is None else Verdict.DIFFERENT


def _needs_two(edit: AttributeEdit, change: AttributeChange, lately: dict[str, set[str]]) -> bool:
    """Whether one look could show what the key held before, and not what it holds."""
    if edit.look_only:
        return bool(lately[change.key] - {change.value})
    return edit.sends > 1 or change.value in lately[change.key]


def _is_new_to_us(turn: Turn, edits: Collection[AttributeEdit]) -> bool:
    """Whether we had hardly seen the conversation when these were sent: then we do not know what was held before."""
    if turn.participant is None:
        return False
    sent_at = _sent_at(edits)
    return sent_at - NEW_SECONDS < turn.participant.conversation.known_since <= sent_at


def _fate(edit: AttributeEdit, asked_at: float, now: float, untouched: bool) -> State:
    verdicts = {each.verdict for each in edit.awaited}
    if verdicts == {Verdict.CONFIRMED}:
        return State.CONFIRMED
    if Verdict.PENDING in verdicts:  # seen once, to be seen again
        return State.VERIFYING
    overdue = now >= edit.deadline_at.timestamp()
    if not overdue and (edit.look_only or _was_left_out_in_vain(edit)):
        return State.QUEUED
    if edit.doubtful and not overdue and untouched:
        may_be_sent = edit.sends <= RESENDS
        if edit.status == CONFLICT_STATUS:  # it surely did not arrive
            return State.QUEUED if may_be_sent else State.NOT_PERSISTED
        half = edit.looking_since + settings.VERIFY_WINDOW_SECONDS / 2
        if may_be_sent and asked_at >= half:
            return State.QUEUED
    return State.NOT_PERSISTED if window_over(edit, asked_at, now) else State.VERIFYING


def _was_left_out_in_vain(edit: AttributeEdit) -> bool:
    """All that was sent of an accepted edit is there, and what was believed to hold its value already does not.

    One of which a newer edit took a key over is not sent again, whatever else of it is missing: should that sending
    come to nothing, nobody would know any more whose the key is.
    """
    changes = edit.changes.all()
    if not edit.accepted_at or any(each.verdict == Verdict.REPLACED for each in changes):
        return False
    missing = [each for each in changes if each.verdict != Verdict.CONFIRMED]
    return not any(each.carried for each in missing)


def _nothing_landed(edits: list[AttributeEdit]) -> bool:
    """Nothing of edits sent together is there, and nobody else's value either: sending again harms nothing.

    What is there is what one of them was based on: a later one may have been based on an earlier one. A key that was
    left out of the write tells nothing of it, but for somebody else's value where the form showed another.
    """
    based_on: dict[str, set[str]] = {}
    for edit in edits:
        for change in edit.changes.all():
            based_on.setdefault(change.key, set()).add(change.baseline or "")
    awaited = [change for edit in edits for change in edit.awaited]
    telling = [each for each in awaited if each.carried or each.baseline is not None]
    return all((each.observed or "") in based_on[each.key] for each in telling)


def _was_there(
    turn: Turn, edits: list[AttributeEdit], lately: Mapping[str, Collection[str]]
) -> bool:
    """Whether something of these was seen since they were sent: it did arrive, and somebody has changed it back."""
    wanted = {
        (change.key, change.value)
        for edit in edits
        if edit.doubtful
        for change in edit.awaited
        if change.value not in lately[change.key]
    }
    if not wanted or turn.participant is None:
        return False
    seen = turn.participant.sightings.filter(at__gt=_sent_at(edits))
    return any((key, value or "") in wanted for key, value in seen.values_list("key", "value"))


def _takers(edit: AttributeEdit, edits: list[AttributeEdit]) -> list[AttributeEdit]:
    """Those of edits sent together that took keys of this one over."""
    taken = {each.key for each in edit.changes.all() if each.verdict == Verdict.REPLACED}
    return [
        each
        for each in edits
        if each.seq > edit.seq and any(change.key in taken for change in each.awaited)
    ]


def _fate_of_replaced(
    edit: AttributeEdit, takers: list[AttributeEdit], fates: Mapping[UUID, State], look: Look
) -> State:
    """One whose every key was taken over goes where those go that took it over.

    But nothing took a key over where the write was never accepted and the newer value is not there.
    """
    others = {fates[each.pk] for each in takers}
    for open_state in (State.QUEUED, State.VERIFYING):
        if open_state in others:
            return open_state
    there = {
        change.key
        for each in takers
        for change in each.awaited
        if change.verdict == Verdict.CONFIRMED
    }
    left = [each for each in edit.changes.all() if each.key not in there]
    if edit.accepted_at or State.NOT_PERSISTED not in others or not left:
        return State.SUPERSEDED
    for change in left:
        _compare(change, look, twice=False)
    return State.CONFIRMED if not edit.missing else State.NOT_PERSISTED


def _keep_together(edits: list[AttributeEdit], fates: dict[UUID, State]) -> None:
    """Edits that may be sent again stay together where one took a key of another.

    Were the newer one settled first, the key would be nobody's any more, and the older one would write it when it is
    sent again. One that was given up is not.
    """
    unsure = [each for each in edits if each.doubtful or each.look_only]
    taken = any(each.verdict == Verdict.REPLACED for edit in unsure for each in edit.changes.all())
    left = {fates[each.pk] for each in unsure} & {State.QUEUED, State.VERIFYING}
    if not taken or not left:
        return
    common = State.QUEUED if State.QUEUED in left else State.VERIFYING
    for edit in unsure:
        if fates[edit.pk] != State.NOT_PERSISTED:
            fates[edit.pk] = common


def _send_to(turn: Turn, edits: list[AttributeEdit], fate: State, look: Look) -> None:
    if fate == State.CONFIRMED:
        confirm(turn, edits, look.answer, reasons.seen_at(edits[0].looks + 1))
    elif fate == State.VERIFYING:
        looks = edits[0].looks + 1
        turn.move(edits, fate, reasons.not_there_yet(looks), look.answer, looks=looks)
    elif fate == State.QUEUED:
        requeue(turn, edits, _why_again(edits[0]), look.answer)
    elif fate == State.SUPERSEDED:
        turn.move(edits, fate, reasons.SUPERSEDED, reason=reasons.SUPERSEDED)
    else:
        for edit in edits:
            reason = reasons.not_persisted(edit)
            turn.move([edit], fate, reason, look.answer, reason=reason, looks=edit.looks + 1)


def _why_again(edit: AttributeEdit) -> Reason:
    believed = edit.look_only or edit.accepted_at
    return reasons.NOT_THERE_AFTER_ALL if believed else reasons.RESENDING


def confirm(
    turn: Turn, edits: list[AttributeEdit], source: Answer[Any] | None, note: Reason
) -> None:
    """Green: every awaited key was seen."""
    now = turn.clock.now()
    watched_until = moment(now + WATCH_SECONDS)
    if edits and not turn.followed_for():
        turn.late_look_at = now + LATE_LOOK_SECONDS
    for edit in edits:
        turn.move(
            [edit],
            State.CONFIRMED,
            note,
            source,
            reason=reasons.partly_confirmed(list(edit.changes.all())),
            looks=edit.looks + (source is not None),
            watched_until=watched_until,
            look_wanted=False,
        )


def requeue(
    turn: Turn,
    edits: list[AttributeEdit],
    reason: Reason,
    source: Answer[Any] | GenesysError | None,
    **columns: Any,
) -> None:
    """Back into the queue, every key as it was before the sending."""
    changes = [change for edit in edits for change in edit.changes.all()]
    for change in changes:
        change.verdict, change.agreeing = Verdict.PENDING, 0
    turn.save_verdicts(changes)
    turn.move(edits, State.QUEUED, reason, source, reason=reason, look_only=False, **columns)


def give_up_looking(turn: Turn, edits: list[AttributeEdit], error: GenesysError | None) -> None:
    """The time is over and no look could be had: nobody knows."""
    for edit in edits:
        for change in edit.awaited or edit.changes.all():  # nor whether a newer one took all over
            if change.verdict != Verdict.CONFIRMED:
                change.verdict = Verdict.UNKNOWN
        turn.save_verdicts(list(edit.changes.all()))
        reason = reasons.unverifiable(edit, error)
        turn.move([edit], State.UNVERIFIABLE, reason, error, reason=reason)


# --- What a key held before we wrote ---


def _held_before_sending(turn: Turn, edits: Collection[AttributeEdit]) -> dict[str, set[str]]:
    """Per key the values it held, or that we sent, shortly before these edits were sent, or first looked for."""
    keys = {change.key for edit in edits for change in edit.awaited}
    before = _sent_at(edits)
    held: dict[str, set[str]] = {key: set() for key in keys}
    if turn.participant is not None:
        held = mirror.held_lately(turn.participant, keys, before)
    if any(each.seq > 1 for each in edits):
        ours = AttributeChange.objects.filter(
            edit__lane_id=turn.claim.lane_id,
            edit__sent_at__gt=moment(before - ECHO_SECONDS),
            edit__sent_at__lt=moment(before),
            key__in=keys,
        )
        for key, value in ours.values_list("key", "value"):
            held[key].add(value)
    return held


def _sent_at(edits: Collection[AttributeEdit]) -> float:
    """When the first of edits sent together was sent, or first looked for."""
    begun = [each.sent_at.timestamp() if each.sent_at else each.looking_since for each in edits]
    return min(begun, default=0.0)


# --- Events ---


def heard(turn: Turn, edits: list[AttributeEdit]) -> bool:
    """Whether events alone prove every awaited key of edits sent together; if so, they are confirmed.

    An event proves a key if it arrived after the write was sent, shows the wanted value, and that value is one the key
    has not held lately, which we know only if we have followed the conversation without a gap (ENGINE 5.5).
    """
    if not edits or any(each.look_only or each.sends != 1 or not each.sent_at for each in edits):
        return False
    sent_at = min(each.sent_at.timestamp() for each in edits if each.sent_at)
    participant = (
        Participant.objects.select_related("conversation")
        .filter(
            conversation_id=turn.claim.conversation_id,
            participant_id=turn.claim.participant_id,
            conversation__heard_at__gt=sent_at,
        )
        .first()
    )
    if participant is None or mirror.followed_for(participant.conversation, sent_at) < ECHO_SECONDS:
        return False
    shown = set(
        participant.sightings.filter(
            at__gt=sent_at, source=AttributeSighting.Source.EVENT
        ).values_list("key", "value")
    )
    lately = _held_before_sending(turn, edits)
    awaited = [change for edit in edits for change in edit.awaited]
    if not all(
        (each.key, each.value) in shown
        and each.value not in lately[each.key]
        and participant.attributes.get(each.key) == each.value
        for each in awaited
    ):
        return False
    for change in awaited:
        change.observed, change.verdict = change.value, Verdict.CONFIRMED
    turn.save_verdicts(awaited)
    confirm(turn, [each for each in edits if each.awaited], None, reasons.SEEN_IN_EVENT)
    replaced = [each for each in edits if not each.awaited]
    turn.move(replaced, State.SUPERSEDED, reasons.SUPERSEDED, reason=reasons.SUPERSEDED)
    return True


def prove_by_event(news: News) -> list[int]:
    """Let an event just recorded confirm what is being verified; returns lanes that now have something else to do."""
    waiting = AttributeEdit.objects.filter(
        state=State.VERIFYING,
        lane__conversation_id=news.conversation_id,
        lane__participant_id__in=news.changed,
    )
    due = []
    for participant_id in set(waiting.values_list("lane__participant_id", flat=True)):
        try:
            with transaction.atomic():
                claim = lanes.claim_quiet(news.conversation_id, participant_id)
                if claim is None:
                    continue
                turn = Turn.begin(claim)
                proven = heard(turn, turn.in_state(State.VERIFYING))
                due_in = turn.release(None if proven else claim.due_at)
        except (MovedMeanwhile, LaneLost):
            continue
        if proven and due_in is not None:
            due.append(claim.lane_id)
    return due
