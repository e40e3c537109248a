"""What happened in a conversation, as one person may read it: by attribute, and all of it in one line of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from conversations import history, parties
from conversations.access import default_participant
from conversations.catalogue import Sight
from conversations.edits import story, telling
from conversations.edits.telling import isolated, short
from conversations.history import Sighted, Source
from conversations.models import AttributeEdit, Conversation, Participant, State
from conversations.models.clock import moment
from conversations.models.edit import OPEN


@dataclass(frozen=True, slots=True)
class Value:
    """One value an attribute held, since when, and where it came from."""

    at: datetime
    #: As the person may see it; empty: no value.
    shown: str
    #: There was such a key.
    present: bool
    source: str
    words: str
    edit: AttributeEdit | None
    by_event: bool


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of one participant with all its values, the newest first."""

    key: str
    label: str
    participant: str
    #: Of the participant edits are for unless somebody chooses another.
    usual: bool
    values: list[Value] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    at: datetime
    kind: str
    words: str
    detail: str = ""
    edit: AttributeEdit | None = None
    #: The state an edit came to, and the words of its badge.
    state: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Chronicle:
    attributes: Sequence[Attribute]
    events: Sequence[Event]


def of(
    conversation: Conversation, edits: Iterable[AttributeEdit], sight: Sight, key: str = ""
) -> Chronicle:
    """Of a conversation this person may see. `edits`: with changes and moves; `key`: only of this attribute, and as if
    there were none where they may not read it."""
    people = list(conversation.participants.all())
    sighted = [
        each
        for each in history.of(conversation, people)
        if sight.may_read(each.key) and key in ("", each.key)
    ]
    events = [_seen(each, sight) for each in sighted if each.source != Source.BEFORE]
    for edit in edits:
        if not key or (key in edit.keys and sight.may_read(key)):
            events += _of_edit(edit, sight)
    if not key:
        events += _of_parties(people)
        if conversation.ended_at:
            events.append(Event(conversation.ended_at, "end", _("The interaction ended")))
    attributes = _by_attribute(sighted, sight, default_participant(people))
    return Chronicle(attributes, sorted(events, key=lambda each: each.at, reverse=True))


def _by_attribute(
    sighted: list[Sighted], sight: Sight, usual: Participant | None
) -> list[Attribute]:
    found: dict[tuple[int, str], Attribute] = {}
    for each in reversed(sighted):
        who = each.participant
        one = found.setdefault(
            (who.pk, each.key),
            Attribute(each.key, sight.label(each.key), _party(who), who == usual),
        )
        one.values.append(_value(each, sight))
    return sorted(found.values(), key=lambda e: (not e.usual, e.participant, e.label.casefold()))


def _value(each: Sighted, sight: Sight) -> Value:
    return Value(
        at=moment(each.at),
        shown=sight.show(each.key, each.value or ""),
        present=each.value is not None,
        source=each.source.value,
        words=_source(each),
        edit=each.edit,
        by_event=each.by_event,
    )


def _source(each: Sighted) -> str:
    match each.source:
        case Source.OURS:
            by = each.edit.by if each.edit else None
            person = str(by) if by else _("the system")
            if each.edit and each.edit.undoes_id:
                return _("undone here by %(person)s") % {"person": person}
            return _("edited here by %(person)s") % {"person": person}
        case Source.ALTERED:
            by = each.edit.by if each.edit else None
            person = str(by) if by else _("the system")
            return _("edited here by %(person)s, and written otherwise on the way") % {
                "person": person
            }
        case Source.FLOW:
            flow = each.flow.name if each.flow else "?"
            return _("the flow “%(flow)s”, as it ended") % {"flow": flow}
        case Source.FLOW_OR_OTHER:
            return _("unknown: a flow that was running, or another system")
        case Source.BEFORE:
            return _("unknown: it was there when Midcall first saw the interaction")
        case _:
            return _("another system")


def _seen(each: Sighted, sight: Sight) -> Event:
    names = {
        "name": sight.label(each.key),
        "value": isolated(short(sight.show(each.key, each.value or ""))),
    }
    words = _("%(name)s shows “%(value)s”") if each.value else _("%(name)s shows no value")
    return Event(moment(each.at), "value", words % names, _source(each), each.edit)


def _of_edit(edit: AttributeEdit, sight: Sight) -> list[Event]:
    line = story.line(edit, sight)
    names = ", ".join(each.label for each in line.changes) or _("hidden attribute")
    person = str(edit.by) if edit.by else _("the system")
    saved = _("%(person)s saved %(names)s") % {"person": person, "names": names}
    events = [Event(edit.created_at, "edit", saved, "", edit)]
    for move in edit.moves.all():
        if move.to_state in OPEN or move.to_state == move.from_state:
            continue
        label = telling.label(edit) if move.to_state == edit.state else ""
        state = State(move.to_state)
        events.append(
            Event(move.at, "state", names, "", edit, state.value, label or str(state.label))
        )
    return events


def _of_parties(people: Iterable[Participant]) -> list[Event]:
    events = []
    for each in people:
        facts = {"party": _party(each)}
        came = each.connected_at or each.started_at
        if came:
            events.append(Event(came, "party", _("%(party)s joined") % facts))
        if each.ended_at:
            events.append(Event(each.ended_at, "party", _("%(party)s left") % facts))
    return events


def _party(each: Participant) -> str:
    what = parties.purpose(each.purpose)
    name = each.name or each.address
    return f"{what} {name}" if name else what
