"""The headings of the board, each with the address of its order."""

from dataclasses import dataclass

from django.http import QueryDict

from conversations.catalogue import Sight
from dashboard import addresses
from dashboard.columns import ATTRIBUTE, BUILT_IN, UNSORTED, Columns

#: Shown as the opposite of what they are sorted by: who began first is here the longest.
TURNED = frozenset({"started"})


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column."""

    name: str
    label: str
    #: "ascending", "descending" or empty.
    sorted: str = ""
    #: Of the address in its order; empty: it does not sort.
    query: str = ""


def headings(query: QueryDict, columns: Columns, sight: Sight) -> list[Heading]:
    """In the order of the table: attributes stand before the key attributes and the edit."""
    built_in = [_built_in(query, name) for name in columns.names]
    attributes = [_attribute(query, key, sight) for key in columns.keys]
    ends = [each for each in built_in if each.name in UNSORTED]
    return [*(each for each in built_in if each.name not in UNSORTED), *attributes, *ends]


def _built_in(query: QueryDict, name: str) -> Heading:
    label = str(BUILT_IN[name])
    return Heading(name, label) if name in UNSORTED else _sorting(query, name, label)


def _attribute(query: QueryDict, key: str, sight: Sight) -> Heading:
    name, label = ATTRIBUTE + key, sight.label(key)
    return _sorting(query, name, label) if sight.may_find_by(key) else Heading(name, label)


def _sorting(query: QueryDict, name: str, label: str) -> Heading:
    current = query.get("sort") or "started"
    up, down = ("descending", "ascending") if name in TURNED else ("ascending", "descending")
    state = {name: up, f"-{name}": down}.get(current, "")
    wanted = f"-{name}" if current == name else name
    return Heading(name, label, state, addresses.changed(query, sort=wanted))
