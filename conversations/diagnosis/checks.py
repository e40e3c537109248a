"""The checks, by the state an edit settled in: what Genesys answered, what else went on, and then key by key."""

from http import HTTPStatus

from conversations.diagnosis import values
from conversations.diagnosis.facts import Facts
from conversations.diagnosis.findings import Cause, Finding, Parameter, together
from conversations.models import AttributeChange, EditMove, Says, State, Verdict


def diagnose(facts: Facts) -> list[Finding]:
    """The causes, the most telling first; empty only where nothing went wrong."""
    match State(facts.edit.state):
        case State.REJECTED:
            return [_refused(facts)]
        case State.FAILED:
            return [_never_sent(facts)]
        case State.UNVERIFIABLE:
            return [_cannot_be_read(facts)]
        case State.CANCELLED:
            return [Finding(Cause.WITHDRAWN, (), {"at": facts.settled_at})]
        case State.SUPERSEDED:
            return [_replaced(facts)]
        case State.NOT_PERSISTED:
            return _not_there(facts)
        case State.CONFLICT:
            return _by_key(facts, _clashing(facts))
        case State.REVERTED | State.CONFIRMED:
            return _by_key(facts, facts.changes)
        case _:
            return []


def _by_key(facts: Facts, changes: list[AttributeChange]) -> list[Finding]:
    keys = {each.key for each in changes}
    found = [each for each in values.look_into(facts) if set(each.keys) <= keys]
    return together(found, [each.key for each in facts.changes])


def _clashing(facts: Facts) -> list[AttributeChange]:
    """The keys somebody changed while the form was open; the others were only kept back with them."""
    return [
        each
        for each in facts.changes
        if (each.observed or "") not in ((each.baseline or ""), each.value)
    ] or facts.changes


def _not_there(facts: Facts) -> list[Finding]:
    """Accepted and not there: where is it? Never accepted: what was in the way?"""
    found = values.look_into(facts)
    if facts.edit.accepted_at is None:
        cause = _trouble(facts, facts.answers_to_writes)
        found = [
            Finding(cause.cause, each.keys, cause.parameters)
            if each.cause == Cause.UNKNOWN
            else each
            for each in found
        ]
    return together(found, [each.key for each in facts.changes])


# --- What Genesys answered ---


def _refused(facts: Facts) -> Finding:
    status = facts.edit.status
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) and (over := values.ended(facts)):
        return over
    causes: dict[int | None, Cause] = {
        HTTPStatus.FORBIDDEN: Cause.NO_RIGHT_TO_WRITE,
        HTTPStatus.NOT_FOUND: Cause.NOT_KNOWN_THERE,
    }
    cause = causes.get(status, Cause.REFUSED)
    return Finding(cause, (), {"status": status, "correlation_id": facts.edit.correlation_id})


def _never_sent(facts: Facts) -> Finding:
    if facts.answers_to_writes:
        return _trouble(facts, facts.answers_to_writes)
    if facts.said(Says.SLOW_DOWN, Says.MANY_CHANGES):
        return Finding(Cause.THROTTLED, (), {"times": 0, "correlation_id": ""})
    if facts.said(Says.NOBODY_THERE) or not facts.worker_was_there:
        return Finding(Cause.NO_WORKER)
    return Finding(Cause.UNKNOWN, (), {"state": facts.edit.state, "correlation_id": ""})


def _cannot_be_read(facts: Facts) -> Finding:
    """Perhaps written; what kept us from seeing it?"""
    looks = facts.answers_to_looks
    # The last entry is the move into this state; one without an answer repeats what the look before it met.
    told = [each for each in looks if each.status] or looks
    last = told[-1] if told else None
    if last is None or (len(looks) == 1 and last.status is None):
        if facts.held_back:
            return Finding(Cause.THROTTLED, (), {"times": 0, "correlation_id": ""})
        return _trouble(facts, looks)
    evidence = _answer(last)
    if last.status == HTTPStatus.FORBIDDEN:
        return Finding(Cause.NO_RIGHT_TO_READ, (), evidence)
    if last.status == HTTPStatus.NOT_FOUND:
        return values.ended(facts) or Finding(Cause.NOT_KNOWN_THERE, (), evidence)
    return _trouble(facts, looks)


def _trouble(facts: Facts, answers: list[EditMove]) -> Finding:
    """No answer that settles anything: asked to slow down, not let in, everybody's trouble, or ours alone."""
    last = next((each for each in reversed(answers) if each.status), None)
    evidence = _answer(last)
    if last is not None and last.status == HTTPStatus.TOO_MANY_REQUESTS:
        times = facts.count(HTTPStatus.TOO_MANY_REQUESTS)
        return Finding(Cause.THROTTLED, (), {"times": times, "correlation_id": last.correlation_id})
    if last is not None and last.status == HTTPStatus.UNAUTHORIZED:
        return Finding(Cause.SIGN_IN_REFUSED, (), evidence)
    if facts.around.everybody:
        return Finding(Cause.GENESYS_TROUBLE, (), {**evidence, "others": facts.around.troubled})
    return Finding(Cause.NO_ANSWER, (), {**evidence, "times": len(answers)})


def _answer(move: EditMove | None) -> dict[str, Parameter]:
    if move is None:
        return {"status": None, "correlation_id": ""}
    return {"status": move.status, "correlation_id": move.correlation_id}


# --- What we did ourselves ---


def _replaced(facts: Facts) -> Finding:
    keys = [each.key for each in facts.changes]
    newer = (
        AttributeChange.objects.filter(
            edit__lane_id=facts.edit.lane_id, edit__seq__gt=facts.edit.seq, key__in=keys
        )
        .exclude(verdict__in=(Verdict.UNSENT, Verdict.REPLACED))
        .select_related("edit__by")
        .order_by("edit__seq")
        .first()
    )
    if newer is None:
        return Finding(Cause.REPLACED, (), {"edit": "", "by": ""})
    by = str(newer.edit.by) if newer.edit.by else ""
    return Finding(Cause.REPLACED, (), {"edit": str(newer.edit_id), "by": by})
