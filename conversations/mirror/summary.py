"""What the board shows of a conversation in one line, from all its participants."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.mirror.parties import STAFF
from conversations.models import AttributeSighting, Conversation, Participant
from conversations.models.clock import moment

#: Participants that are a flow at work rather than a person (API.md 5.1).
FLOWS = frozenset({"ivr", "botflow", "workflow", "voicesurveyflow"})
#: What fits of the names of all agents.
AGENTS_LENGTH = 255

Source = AttributeSighting.Source
Phase = Conversation.Phase


def sum_up(
    row: Conversation,
    shown: Shown,
    participants: list[Participant],
    at: float,
    source: Source,
    name_of_queue: Callable[[UUID], str],
) -> None:
    """What the board shows of a conversation in one line, from all its participants."""
    row.started_at = shown.started_at or row.started_at or _first_connected(participants)
    if shown.ended_at or (source is Source.READ and shown.participants):
        row.ended_at = (
            shown.ended_at
        )  # absent: it goes on (API.md 5.1), whatever we believed; events never have it
    if shown.division_ids:
        row.division_ids = [str(each) for each in shown.division_ids]
    legs = [leg for each in _customers_first(shown.participants) for leg in each.legs]
    row.media = next((leg.media for leg in legs), "") or row.media
    row.direction = next((leg.direction for leg in legs if leg.direction), "") or row.direction
    customers = [each for each in participants if each.purpose in {"customer", "external"}]
    row.customer = next((each.name or each.address for each in customers), row.customer)
    staff = [each for each in participants if each.purpose in STAFF]
    here = [each.name for each in staff if each.name and (each.on or each.wrapping_up)]
    row.agent = ", ".join(dict.fromkeys(here))[:AGENTS_LENGTH]
    row.flow_running = any(each.on and each.purpose in FLOWS for each in participants)
    _move_queue(row, participants, shown, at, name_of_queue)
    if shown.participants or shown.ended_at:
        _move_phase(row, participants, at, source)
    row.phase_since = row.phase_since or moment(at)


def _first_connected(participants: list[Participant]) -> datetime | None:
    """About when it began, until a read or the listing says so: events do not (API.md 7.3)."""
    return min((each.connected_at for each in participants if each.connected_at), default=None)


def _customers_first(participants: Iterable[ShownParticipant]) -> list[ShownParticipant]:
    return sorted(participants, key=lambda each: each.purpose != "customer")


def _move_queue(
    row: Conversation,
    participants: list[Participant],
    shown: Shown,
    at: float,
    name_of_queue: Callable[[UUID], str],
) -> None:
    routed = [each for each in participants if each.purpose != "customer"]
    here = [each.queue_id for each in routed if each.queue_id and each.on]
    past = [each.queue_id for each in routed if each.queue_id]
    if not past:
        return
    queue_id = (here or past)[-1]
    if queue_id != row.queue_id:
        row.queue_id, row.queue_since, row.queue_name = queue_id, at, ""
    names = {each.queue_id: each.queue_name for each in shown.participants if each.queue_name}
    row.queue_name = names.get(queue_id) or row.queue_name or name_of_queue(queue_id)


def _move_phase(
    row: Conversation, participants: list[Participant], at: float, source: Source
) -> None:
    """The phase, since when. An event does not bring back what has ended.

    That nobody is on any more is why we believe that it is over: a read without `endTime` and with somebody on tells
    better. `ended_at` is Genesys's word alone.
    """
    if row.phase == Phase.ENDED and source is Source.EVENT:
        return
    phase, since = _phase(row, participants)
    if phase != row.phase or row.phase_since is None:
        row.phase, row.phase_since = phase, since or moment(at)


def _phase(
    row: Conversation, participants: list[Participant]
) -> tuple[Conversation.Phase, datetime | None]:
    staff = [each for each in participants if each.purpose in STAFF]
    on = [each for each in staff if each.on and not each.wrapping_up and not row.ended_at]
    for state, phase in _PHASES:
        for each in on:
            if each.state == state:
                return phase, each.connected_at or each.started_at
    if any(each.wrapping_up for each in staff):
        return Phase.WRAPUP, None
    if row.ended_at or all(not each.on for each in participants):
        return Phase.ENDED, row.ended_at
    queued = [each for each in participants if each.on and each.purpose == "acd"]
    if queued:
        return Phase.QUEUED, queued[-1].connected_at or queued[-1].started_at
    return (Phase.FLOW if row.flow_running else Phase.QUEUED), None


#: An agent who talks outweighs one who is held, and both one who is still being rung.
_PHASES = (
    (Participant.State.CONNECTED, Phase.TALKING),
    (Participant.State.HELD, Phase.HELD),
    (Participant.State.ALERTING, Phase.ALERTING),
)
