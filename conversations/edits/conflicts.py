"""Did somebody change a key since the form was opened? Judged against what we hold, never with a call of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from conversations.models import AttributeChange, AttributeEdit, Participant, State


@dataclass(frozen=True, slots=True)
class Held:
    """The newest attributes we know of one participant; None where we know none."""

    conversation_id: UUID
    participant_id: UUID
    attributes: dict[str, str] | None

    @classmethod
    def of(cls, conversation_id: UUID, participant_id: UUID, row: Participant | None) -> Self:
        known = row is not None and row.attributes_known
        return cls(conversation_id, participant_id, row.attributes if row and known else None)

    def value(self, key: str) -> str | None:
        """What the key holds, the empty string for absent (a cleared key and none are the same); None: unknown."""
        return None if self.attributes is None else self.attributes.get(key, "")


@dataclass(frozen=True, slots=True)
class Clash:
    """An edit in conflict, taken apart."""

    #: What somebody changed.
    keys: frozenset[str]
    #: What was only kept back together with that, and no newer edit of ours has written since.
    kept_back: tuple[AttributeChange, ...] = ()


def take_apart(edit: AttributeEdit, seen: Mapping[str, str]) -> Clash | None:
    """Which keys of an edit in conflict somebody changed, before it was to be sent or since; None: it is in none.

    `seen`: what keys are shown to hold now, as far as that is known.
    """
    if edit.state != State.CONFLICT:
        return None
    changes = list(edit.changes.all())
    then = {each.key: each.observed for each in changes if each.observed is not None}
    keys = _clashing(edit, then) | _clashing(edit, seen) or edit.keys
    others = [each for each in edit.missing if each.key not in keys] if edit.unresolved else []
    newer = _written_since(edit) if others else set()
    return Clash(frozenset(keys), tuple(each for each in others if each.key not in newer))


def find_conflicts(
    changes: Iterable[AttributeChange], held: Held, before_seq: int | None
) -> set[str]:
    """The keys that now hold neither what the form showed nor what is wanted.

    What the form showed may be a value of ours that was still on its way and never arrived; then what *that* edit was
    based on is no news either. Nor is it where that edit was withdrawn; but where it was there and is gone again,
    somebody else was at work. `before_seq`: only edits before it in the lane count; None: all.
    """
    suspects = {
        each.key: each
        for each in changes
        if each.baseline is not None
        and held.value(each.key) is not None
        and held.value(each.key) not in (each.baseline, each.value)
    }
    if not suspects:
        return set()
    earlier = AttributeChange.objects.filter(
        edit__lane__conversation_id=held.conversation_id,
        edit__lane__participant_id=held.participant_id,
        key__in=suspects,
    ).exclude(edit__state__in=(State.CONFIRMED, State.REVERTED, State.CONFLICT))
    if before_seq is not None:
        earlier = earlier.filter(edit__seq__lt=before_seq)
    chain = list(earlier.order_by("-edit__seq").values_list("key", "value", "baseline"))
    return {
        key
        for key, change in suspects.items()
        if held.value(key)
        not in _explained(change.baseline, [row[1:] for row in chain if row[0] == key])
    }


def _clashing(edit: AttributeEdit, shown: Mapping[str, str]) -> set[str]:
    lane = edit.lane
    held = Held(lane.conversation_id, lane.participant_id, dict(shown))
    known = [each for each in edit.changes.all() if each.key in shown]
    return find_conflicts(known, held, before_seq=edit.seq)


def _written_since(edit: AttributeEdit) -> set[str]:
    newer = AttributeChange.objects.filter(edit__lane_id=edit.lane_id, edit__seq__gt=edit.seq)
    return set(newer.exclude(edit__state=State.CANCELLED).values_list("key", flat=True))


def _explained(baseline: str | None, chain: list[tuple[str, str | None]]) -> set[str | None]:
    """All values the person may have seen underneath: the baselines of our own unproven edits, newest first."""
    seen: set[str | None] = {baseline}
    for value, before in chain:
        if value in seen:
            seen.add(before)
    return seen
