"""Checks of one attribute: where did the value go, and who brought what is there instead?"""

from collections.abc import Callable

from django.conf import settings

from conversations import history
from conversations.catalogue import plain
from conversations.diagnosis.facts import Facts
from conversations.diagnosis.findings import Cause, Finding, Parameter
from conversations.edits.proof import shows
from conversations.history import Sighted, Source, epoch
from conversations.models import AttributeChange, State, Verdict

Check = Callable[[Facts, AttributeChange], Finding | None]


def look_into(facts: Facts) -> list[Finding]:
    """Per attribute that is not proven the first cause that fits."""
    missing = [e for e in facts.changes if e.verdict not in (Verdict.CONFIRMED, Verdict.REPLACED)]
    found = []
    for change in missing:
        causes = (check(facts, change) for check in CHECKS)
        unknown = Finding(Cause.UNKNOWN, (change.key,), _looked(facts))
        found.append(next(filter(None, causes), unknown))
    late = [e for e in facts.changes if e.verdict == Verdict.CONFIRMED]
    return found + [each for each in (arrived_late(facts, e) for e in late) if each]


def _looked(facts: Facts) -> dict[str, Parameter]:
    return {
        "state": facts.edit.state,
        "looks": facts.edit.looks,
        "window": settings.VERIFY_WINDOW_SECONDS,
        "correlation_id": facts.edit.correlation_id,
    }


def arrived_late(facts: Facts, change: AttributeChange) -> Finding | None:
    """It was given up and is there after all."""
    given_up = facts.given_up
    if given_up is None:
        return None
    seen = [e for e in facts.since_sent(change.key, facts.participant) if e.value == change.value]
    if given_up.to_state == State.UNVERIFIABLE:
        return Finding(Cause.READ_LATE, (change.key,), {"at": _first(seen, facts.settled_at)})
    late = [each for each in seen if each.at > given_up.at.timestamp() - 0.5]
    if not late:
        return None
    began = epoch(facts.edit.accepted_at) or facts.sent_at
    seconds = round(late[0].at - began, 1)
    window = settings.VERIFY_WINDOW_SECONDS
    return Finding(Cause.ARRIVED_LATE, (change.key,), {"seconds": seconds, "window": window})


def on_another_participant(facts: Facts, change: AttributeChange) -> Finding | None:
    """Another participant began to hold the value after it was sent, and no edit of ours wrote it there."""
    if not change.value:
        return None
    for other in facts.participants:
        if other == facts.participant or other.attributes.get(change.key) != change.value:
            continue
        seen = [e for e in facts.since_sent(change.key, other) if e.value == change.value]
        if seen and seen[-1].source != Source.OURS:
            return Finding(
                Cause.OTHER_PARTICIPANT,
                (change.key,),
                {
                    "participant": str(other.participant_id),
                    "purpose": other.purpose,
                    "at": round(seen[-1].at, 3),
                },
            )
    return None


def under_another_name(facts: Facts, change: AttributeChange) -> Finding | None:
    """A key that differs only by case or blanks began to hold the value after it was sent."""
    if facts.participant is None or not change.value:
        return None
    for name, value in sorted(facts.participant.attributes.items()):
        if name == change.key or plain(name) != plain(change.key) or value != change.value:
            continue
        seen = [e for e in facts.since_sent(name, facts.participant) if e.value == value]
        if seen and seen[-1].source != Source.OURS:
            return Finding(
                Cause.OTHER_CASE, (change.key,), {"twin": name, "at": round(seen[-1].at, 3)}
            )
    return None


def coerced(facts: Facts, change: AttributeChange) -> Finding | None:
    """What is there since is the same value, written otherwise."""
    instead = _instead(facts, change)
    if instead is None or facts.edit.state == State.REVERTED:
        return None
    if not instead.value or not history.alike(instead.value, change.value):
        return None
    return Finding(Cause.COERCED, (change.key,), {"at": round(instead.at, 3)})


def overwritten(facts: Facts, change: AttributeChange) -> Finding | None:
    """Something else is there since, and came from a flow that ended, an edit of ours, or another writer."""
    instead = _instead(facts, change)
    if instead is None:
        return None
    key, at = (change.key,), round(instead.at, 3)
    if instead.source == Source.FLOW and instead.flow is not None:
        ended = epoch(instead.flow.ended_at)
        return Finding(
            Cause.FLOW_ENDED, key, {"flow": instead.flow.name, "ended_at": ended, "at": at}
        )
    if instead.source == Source.OURS and instead.edit and instead.edit != facts.edit:
        by = str(instead.edit.by) if instead.edit.by else ""
        return Finding(Cause.CHANGED_HERE, key, {"edit": str(instead.edit.pk), "by": by, "at": at})
    running = instead.source == Source.FLOW_OR_OTHER
    return Finding(
        Cause.OTHER_WRITER,
        key,
        {"at": at, "by_event": instead.by_event, "flow_running": running},
    )


def conversation_ended(facts: Facts, change: AttributeChange) -> Finding | None:
    """The conversation ended before the value was seen."""
    return ended(facts, (change.key,))


def ended(facts: Facts, keys: tuple[str, ...] = ()) -> Finding | None:
    if facts.ended_at is None:
        return None
    before = facts.ended_at <= facts.sent_at
    parameters: dict[str, Parameter] = {"at": round(facts.ended_at, 3), "before_sending": before}
    return Finding(Cause.CONVERSATION_ENDED, keys, parameters)


#: In the order of how surely each explains what is seen.
CHECKS: tuple[Check, ...] = (
    on_another_participant,
    under_another_name,
    coerced,
    overwritten,
    conversation_ended,
)


def _instead(facts: Facts, change: AttributeChange) -> Sighted | None:
    """What began to be there instead, after the edit was sent (for a conflict: whenever); None if nothing new did."""
    if shows(change.observed, change.value):
        return None
    seen = [
        each
        for each in facts.sighted
        if each.key == change.key
        and each.participant == facts.participant
        and each.source != Source.BEFORE
        and (each.value or "") == (change.observed or "")
        and (facts.edit.state == State.CONFLICT or each.at >= facts.sent_at)
    ]
    return seen[-1] if seen else None


def _first(seen: list[Sighted], otherwise: float) -> float:
    return round(seen[0].at if seen else otherwise, 3)
