"""Why an edit stands as it does: what happened, to what, and what to do next. Its words are in `models/words.py`."""

from collections.abc import Iterable

from conversations.genesys import GenesysError
from conversations.models import AttributeChange, AttributeEdit, Reason, Says, Verdict

SENT_AGAIN = Reason.of(Says.SENT_AGAIN)
LOOKING = Reason.of(Says.LOOKING)
SLOW_WORKER = Reason.of(Says.SLOW_WORKER) + SENT_AGAIN
WORKER_DIED = Reason.of(Says.WORKER_DIED) + LOOKING
RESENDING = Reason.of(Says.DID_NOT_ARRIVE) + SENT_AGAIN
NOT_THERE_AFTER_ALL = Reason.of(Says.NOT_THERE_AFTER_ALL)
SPLIT = Reason.of(Says.SPLIT)
HELD_ALREADY = Reason.of(Says.HELD_ALREADY)
LAST_LOOK = Reason.of(Says.LAST_LOOK)
SUPERSEDED = Reason.of(Says.SUPERSEDED)
CANCELLED = Reason.of(Says.CANCELLED)
ACCEPTED = Reason.of(Says.ACCEPTED)
SEEN_IN_EVENT = Reason.of(Says.SEEN_IN_EVENT)
ARRIVED_LATE = Reason.of(Says.ARRIVED_LATE)
CAME_BACK = Reason.of(Says.CAME_BACK)

_PROMISES = (Says.SENT_AGAIN, Says.SENT_THEN, Says.SENT_WHEN_ALLOWED)


def because(error: GenesysError) -> Reason:
    """What went wrong between us and Genesys."""
    return Reason.of(error.trouble, **error.facts)


def waiting(error: GenesysError) -> Reason:
    """Queued again, because the call surely changed nothing."""
    return because(error) + SENT_AGAIN


def held_back(by_genesys: bool) -> Reason:
    if by_genesys:
        return Reason.of(Says.SLOW_DOWN) + Reason.of(Says.SENT_THEN)
    return Reason.of(Says.MANY_CHANGES) + Reason.of(Says.SENT_WHEN_ALLOWED)


def doubtful(error: GenesysError) -> Reason:
    return because(error) + LOOKING


def not_read(error: GenesysError) -> Reason:
    return Reason.of(Says.NOT_READ) + because(error)


def failed(last: Reason) -> Reason:
    """Given up unsent; `last` is why it was still waiting, and what it promised holds no more."""
    why = last.without(_PROMISES) or Reason.of(Says.NOBODY_THERE)
    return Reason.of(Says.TIME_RAN_OUT) + why + Reason.of(Says.TRY_AGAIN)


def not_persisted(edit: AttributeEdit) -> Reason:
    """Which keys are missing and what is there instead; the values stand in the changes, not here."""
    reason = Reason.of(Says.WAS_ACCEPTED if edit.accepted_at else Says.PERHAPS_NEVER_RECEIVED)
    for says, verdict in ((Says.ABSENT, Verdict.ABSENT), (Says.DIFFERENT, Verdict.DIFFERENT)):
        if keys := _keys(edit, verdict):
            reason += Reason.of(says, keys=keys)
    return reason + Reason.of(Says.LOOK_FIRST)


def unverifiable(edit: AttributeEdit, error: GenesysError | None) -> Reason:
    why = because(error) if error else Reason()
    return Reason.of(Says.UNVERIFIABLE) + why + Reason.of(Says.CHECK_LATER)


def conflict(keys: Iterable[str]) -> Reason:
    return Reason.of(Says.CONFLICT, keys=sorted(keys))


def partly_confirmed(changes: list[AttributeChange]) -> Reason:
    replaced = sum(each.verdict == Verdict.REPLACED for each in changes)
    if not replaced:
        return Reason()
    confirmed = len(changes) - replaced
    return Reason.of(
        Says.PARTLY_CONFIRMED, confirmed=confirmed, all=len(changes), replaced=replaced
    )


def reverted(edit: AttributeEdit, back: bool) -> Reason:
    says = Says.CHANGED_BACK if back else Says.CHANGED_SINCE
    return Reason.of(says, keys=_keys(edit, Verdict.REVERTED))


def not_there_yet(look: int) -> Reason:
    return Reason.of(Says.NOT_THERE_YET, look=look)


def seen_at(look: int) -> Reason:
    return Reason.of(Says.SEEN_AT_LOOK, look=look)


def left(name: str) -> Reason:
    return Reason.of(Says.LEFT, name=name)


def _keys(edit: AttributeEdit, verdict: Verdict) -> list[str]:
    return sorted(each.key for each in edit.changes.all() if each.verdict == verdict)
