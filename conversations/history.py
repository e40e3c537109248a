"""Every value an attribute was seen to hold in a conversation, since when, and where it came from.

Genesys does not say who wrote an attribute, and events carry no author (API.md 7.3). So a source is concluded: a value
that one of our edits wrote is ours; one that changed as a flow ended is the flow's (API.md 4.5); one that changed while
no flow was on it came from something else in Genesys. Whatever cannot be told apart is said to be unknown.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from conversations.mirror.summary import FLOWS
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    AttributeSighting,
    Conversation,
    Participant,
    Verdict,
)

#: The clocks of Genesys and ours may differ by this much (seconds).
SLACK_SECONDS = 2.0
#: What was seen earlier than this before an edit was sent is not its doing.
SENT_SLACK_SECONDS = 0.1
#: What changes later than this (seconds) after a flow ended is not put down to it.
FLOW_LAG_SECONDS = 90.0


class Source(StrEnum):
    """Where a value came from."""

    OURS = "ours"
    #: An edit of ours, written otherwise on the way: `true` became `True`.
    ALTERED = "altered"
    FLOW = "flow"
    #: No edit of ours and no flow explains it: a script, an integration, a person in Genesys.
    OTHER = "other"
    #: A flow was running: it, or something else.
    FLOW_OR_OTHER = "flow_or_other"
    #: It was there when we first saw the conversation.
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Sighted:
    """A value, from the moment it was first seen. Not masked: whoever shows it asks `Sight`."""

    participant: Participant
    key: str
    #: None: there was no such key.
    value: str | None
    #: Epoch seconds.
    at: float
    source: Source
    #: The edit that wrote it, where it is ours.
    edit: AttributeEdit | None = None
    #: The flow that ended then, where it is put down to one.
    flow: Participant | None = None
    #: An event told us at that moment; otherwise a read found it, and it may have changed earlier.
    by_event: bool = False


def of(conversation: Conversation, participants: Sequence[Participant]) -> list[Sighted]:
    """Every value seen on these participants of a conversation, in order of time."""
    changes = _written(conversation.pk)
    flows = [each for each in participants if each.purpose in FLOWS]
    found: list[Sighted] = []
    for participant in participants:
        rows: dict[str, list[AttributeSighting]] = {}
        for row in participant.sightings.order_by("at", "id"):
            rows.setdefault(row.key, []).append(row)
        ours = changes.get(participant.participant_id, [])
        for key in {*rows, *participant.attributes}:
            own = [each for each in ours if each.key == key]
            found += _of_key(conversation, participant, key, rows.get(key, []), own, flows)
    return sorted(found, key=lambda each: each.at)


def held_before(sighted: Iterable[Sighted], key: str, at: float) -> Sighted | None:
    """What a key held just before a moment, as far as it was seen. `sighted`: of one participant, in order."""
    earlier = [each for each in sighted if each.key == key and each.at < at]
    return earlier[-1] if earlier else None


def epoch(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _written(conversation_id: UUID) -> dict[UUID, list[AttributeChange]]:
    """Per participant what our edits wrote, or may have written, the oldest first.

    A key that a later edit of the same write took over was not, unless that edit was sent before on its own.
    """
    rows = (
        AttributeChange.objects.filter(
            edit__lane__conversation_id=conversation_id, edit__sent_at__isnull=False
        )
        .exclude(verdict=Verdict.UNSENT)
        .exclude(verdict=Verdict.REPLACED, edit__sends__lte=1)
        .select_related("edit__lane", "edit__by")
        .order_by("edit__sent_at", "edit__seq")
    )
    found: dict[UUID, list[AttributeChange]] = {}
    for each in rows:
        found.setdefault(each.edit.lane.participant_id, []).append(each)
    return found


def _of_key(
    conversation: Conversation,
    participant: Participant,
    key: str,
    rows: list[AttributeSighting],
    ours: list[AttributeChange],
    flows: list[Participant],
) -> list[Sighted]:
    if not rows:  # it never changed, so nobody wrote a row: it is as it was first shown
        at = epoch(participant.started_at) or 0.0
        since = max(conversation.known_since, at)
        value = participant.attributes[key]
        return [Sighted(participant, key, value, since, Source.BEFORE)]
    # The mirror begins with what the key held when we first saw it.
    found = [Sighted(participant, key, rows[0].value, rows[0].at, Source.BEFORE)]
    told: set[int] = set()
    for row in rows[1:]:
        found.append(_explained(row, participant, found[-1].at, ours, flows, told))
        if found[-1].flow is not None:  # it wrote its values once, as it ended
            flows = [each for each in flows if each != found[-1].flow]
    return found


def _explained(
    row: AttributeSighting,
    participant: Participant,
    since: float,
    ours: list[AttributeChange],
    flows: list[Participant],
    told: set[int],
) -> Sighted:
    """One value with its source. `told`: changes of ours that explain an earlier one; each brings its value once."""
    by_event = row.source == AttributeSighting.Source.EVENT
    value = row.value or ""
    for source, fits in ((Source.OURS, str.__eq__), (Source.ALTERED, alike)):
        for change in reversed(ours):
            sent = epoch(change.edit.sent_at) or 0.0
            early = sent > row.at + SENT_SLACK_SECONDS
            if change.pk not in told and not early and fits(value, change.value):
                told.add(change.pk)
                edit = change.edit
                return Sighted(
                    participant, row.key, row.value, row.at, source, edit, None, by_event
                )
    flow = _flow_that_ended(flows, since, row.at)
    running = any(_on_at(each, row.at) for each in flows)
    source = Source.FLOW if flow else Source.FLOW_OR_OTHER if running else Source.OTHER
    return Sighted(participant, row.key, row.value, row.at, source, None, flow, by_event)


def _flow_that_ended(flows: list[Participant], since: float, at: float) -> Participant | None:
    """The flow that ended last between two moments, if one did, and not long before the second."""
    earliest = max(since, at - FLOW_LAG_SECONDS) - SLACK_SECONDS
    ended = [
        each for each in flows if earliest <= (epoch(each.ended_at) or 0.0) <= at + SLACK_SECONDS
    ]
    return max(ended, key=lambda each: epoch(each.ended_at) or 0.0) if ended else None


def _on_at(flow: Participant, at: float) -> bool:
    began = epoch(flow.started_at or flow.connected_at) or 0.0
    ended = epoch(flow.ended_at)
    return began <= at + SLACK_SECONDS and (ended is None or ended > at)


def alike(one: str, other: str) -> bool:
    """Whether two texts are the same but for case, blanks around them, or how a number or a yes/no is written."""
    if one.strip().casefold() == other.strip().casefold():
        return True
    return _literal(one) is not None and _literal(one) == _literal(other)


def _literal(text: str) -> float | str | None:
    """What a text stands for in JSON, where that is one plain thing."""
    try:
        value = json.loads(text.strip().lower())
    except ValueError:
        return None
    if isinstance(value, bool):
        return str(value)
    return float(value) if isinstance(value, int | float) else None
