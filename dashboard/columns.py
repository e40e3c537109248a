"""The columns of the board: those everybody may choose from, and attributes a person may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from conversations.catalogue import Sight

#: Before the key of an attribute, in the name of its column and of its order.
ATTRIBUTE = "attr."
#: A table of more is no table.
MOST = 20

#: In the order of the table. The customer is always there: the link to the conversation.
BUILT_IN: dict[str, Promise] = {
    "media": _("Channel"),
    "customer": _("Customer"),
    "queue": _("Queue"),
    "agent": _("Agent"),
    "state": _("State"),
    "started": _("Duration"),
    "keys": _("Key attributes"),
    "edit": _("Edit"),
}
ALWAYS = "customer"
UNSORTED = frozenset({"keys", "edit"})


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one person's board."""

    #: Of those everybody may choose from, in their order.
    names: tuple[str, ...]
    #: Keys of attributes, in the order of the catalogue.
    keys: tuple[str, ...]

    @classmethod
    def of(cls, sight: Sight) -> Self:
        """Chosen, and still theirs to see."""
        chosen = sight.user.columns
        if not isinstance(chosen, list):
            return cls(tuple(BUILT_IN), ())
        return cls.among(map(str, chosen), sight)

    @classmethod
    def among(cls, chosen: Iterable[str], sight: Sight) -> Self:
        """What this person may have of these; what is no column is left out."""
        wanted = list(dict.fromkeys(chosen))
        keys = {each.removeprefix(ATTRIBUTE) for each in wanted if each.startswith(ATTRIBUTE)}
        known = [each.key for each in sight.readable if each.key in keys]
        strange = sorted(key for key in keys - sight.definitions.keys() if key.isprintable())
        names = (each for each in BUILT_IN if each in wanted or each == ALWAYS)
        return cls(tuple(names), tuple([*known, *strange][:MOST]))

    def stored(self) -> list[str]:
        return [*self.names, *(ATTRIBUTE + key for key in self.keys)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the dialog in which columns are chosen."""

    name: str
    label: str
    chosen: bool


def choices(columns: Columns, sight: Sight) -> tuple[list[Choice], list[Choice]]:
    """What can be chosen: built in, and attributes."""
    built_in = [
        Choice(name, str(label), name in columns.names)
        for name, label in BUILT_IN.items()
        if name != ALWAYS
    ]
    keys = dict.fromkeys([*(each.key for each in sight.readable), *columns.keys])
    attributes = [Choice(ATTRIBUTE + key, sight.label(key), key in columns.keys) for key in keys]
    return built_in, attributes
