"""The participants of a conversation: their rows, and everything about them but the attributes."""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.models import (
    AttributeSighting,
    Conversation,
    GenesysUser,
    Participant,
    columns,
)

STAFF = frozenset({"agent", "user"})

Source = AttributeSighting.Source
#: A row, and the columns in which it is not as it was loaded.
Changed = tuple[Participant, set[str]]


class Rows:
    """The participants of one conversation; those that changed are saved, and no others."""

    def __init__(self, conversation: Conversation, held: Iterable[Participant]) -> None:
        self._conversation = conversation
        self._known = {each.participant_id: each for each in held}
        self._before = {each.pk: columns.held(each) for each in self._known.values()}

    def __iter__(self) -> Iterator[Participant]:
        return iter(sorted(self._known.values(), key=lambda each: each.position))

    def __len__(self) -> int:
        return len(self._known)

    def of(self, shown: ShownParticipant) -> Participant:
        if shown.id not in self._known:
            self._known[shown.id] = Participant(
                conversation=self._conversation, participant_id=shown.id
            )
        return self._known[shown.id]

    def changed(self) -> list[Changed]:
        """Those that are new, or not as they were loaded."""
        differing = [
            (each, columns.differing(each, self._before.get(each.pk, {})))
            for each in self._known.values()
        ]
        return [(row, names) for row, names in differing if names]

    @staticmethod
    def save(changed: Iterable[Changed]) -> None:
        """Write rows, those of many conversations together."""
        new: list[Participant] = []
        held: list[Changed] = []
        for row, names in changed:
            if row.pk is None:
                new.append(row)
            else:
                held.append((row, names))
        Participant.objects.bulk_create(new)
        columns.update(held)


def take_facts(row: Participant, shown: ShownParticipant, source: Source) -> None:
    """Everything but the attributes. What is left out stays; who has left stays away, unless a read or a listing shows
    them on."""
    over = row.pk is not None and not row.on and not row.wrapping_up
    row.purpose = shown.purpose or row.purpose
    row.name = shown.name or row.name
    row.address = shown.address or row.address
    row.user_id = shown.user_id or row.user_id
    row.queue_id = shown.queue_id or row.queue_id
    row.started_at = shown.started_at or row.started_at
    row.connected_at = shown.connected_at or row.connected_at
    row.ended_at = shown.ended_at or (row.ended_at if source is Source.EVENT else None)
    if over and source is Source.EVENT:
        return
    row.state = _state(shown)
    row.wrapping_up = _wraps_up(shown)


def name_staff(participants: Iterable[Participant], name_of: Callable[[UUID], str]) -> bool:
    """Give those whom an event showed without a name the one a read has brought; says whether all have one."""
    staff = [each for each in participants if each.user_id and each.purpose in STAFF]
    for each in staff:
        if not each.name and each.user_id:
            each.name = name_of(each.user_id)
    return all(each.name for each in staff)


def keep_names(participants: Iterable[Participant]) -> None:
    """Remember the names of staff that a read brought."""
    staff = [each for each in participants if each.user_id and each.purpose in STAFF]
    named = {each.user_id: each.name for each in staff if each.user_id and each.name}
    # In one order, so that two readers with the same new names do not lock each other out.
    rows = [GenesysUser(id=pk, name=named[pk]) for pk in sorted(named)]
    GenesysUser.objects.bulk_create(rows, ignore_conflicts=True)


def _state(shown: ShownParticipant) -> str:
    states = {leg.state for leg in shown.legs}
    if shown.ended_at:
        return Participant.State.GONE
    if any(leg.held for leg in shown.legs):
        return Participant.State.HELD
    if states & {"connected", "parked", "transmitting", "uploading", "converting"}:
        return Participant.State.CONNECTED
    if states & {"alerting", "contacting", "offering", "dialing", "scheduled"}:
        return Participant.State.ALERTING
    return Participant.State.UNKNOWN


def _wraps_up(shown: ShownParticipant) -> bool:
    if shown.after_call_work_ended_at:
        return False
    return bool(shown.after_call_work_started_at) or any(
        leg.after_call_work == "pending" for leg in shown.legs
    )
