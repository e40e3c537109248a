"""The attributes of every participant of a conversation, merged and each by itself, as one person may see them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from conversations.catalogue import Sight, plain
from conversations.models import Participant


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a key, and all who hold it."""

    text: str
    holders: list[Participant]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One key over all participants that have it."""

    key: str
    label: str
    values: list[Value]
    #: Keys of this conversation that differ from this one only by case or blanks.
    near: list[str]

    @property
    def clashes(self) -> bool:
        """Participants hold different values: who reads it gets another answer from another leg."""
        return len(self.values) > 1


@dataclass(frozen=True, slots=True)
class Leg:
    """One participant with what it holds: key, label and value."""

    participant: Participant
    attributes: list[tuple[str, str, str]]


def legs(participants: Iterable[Participant], sight: Sight) -> list[Leg]:
    """Every participant, in the order of the conversation."""
    return [Leg(each, _of(each, sight)) for each in participants]


def merged(participants: Iterable[Participant], sight: Sight) -> list[Attribute]:
    """Every key that any participant has: those with a clash first, then those of the catalogue, then by name."""
    held: dict[str, dict[str, list[Participant]]] = defaultdict(lambda: defaultdict(list))
    for each in participants:
        for key, value in _readable(each, sight):
            held[key][value].append(each)
    alike: dict[str, list[str]] = defaultdict(list)
    for key in held:
        alike[plain(key)].append(key)
    ours, others = sight.known(held)
    found = [
        Attribute(
            key,
            sight.label(key),
            [Value(sight.show(key, value), holders) for value, holders in held[key].items()],
            [each for each in alike[plain(key)] if each != key],
        )
        for key in [*ours, *others]
        if key in held
    ]
    return sorted(found, key=lambda each: not each.clashes)


def _of(participant: Participant, sight: Sight) -> list[tuple[str, str, str]]:
    held = dict(_readable(participant, sight))
    ours, others = sight.known(held)
    keys = [key for key in [*ours, *others] if key in held]
    return [(key, sight.label(key), sight.show(key, held[key])) for key in keys]


def _readable(participant: Participant, sight: Sight) -> list[tuple[str, str]]:
    return [(key, value) for key, value in participant.attributes.items() if sight.may_read(key)]
