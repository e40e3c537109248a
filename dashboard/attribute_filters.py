"""Filters by attributes, as they stand in an address: `is.<key>=<value>`, `with=<key>`, `without=<key>`.

They are about the participant an edit is for by default, the first customer: flows, scripts and reports read that
one. A key whose values a person does not read whole is refused, in any of them and as an order: what may not be seen
must not be found out by trying.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from django.http import QueryDict
from django.utils.translation import gettext as _

from conversations import catalogue, finding, indexing
from conversations.catalogue import Sight
from conversations.models.conversation import ConversationQuerySet
from dashboard.columns import ATTRIBUTE

IS, WITH, WITHOUT = "is.", "with", "without"
#: More cost more than they tell.
MOST = 8


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter by an attribute."""

    name: str
    value: str
    key: str
    words: str

    def narrow(self, rows: ConversationQuerySet) -> ConversationQuerySet:
        if self.name == WITH:
            return finding.having(rows, self.key)
        if self.name == WITHOUT:
            return finding.lacking(rows, self.key)
        return finding.holding(rows, self.key, self.value)


@dataclass(frozen=True, slots=True)
class AttributeFilters:
    """All of an address."""

    conditions: list[Condition] = field(default_factory=list)
    #: Why the address is refused, in whole sentences.
    refusals: list[str] = field(default_factory=list)
    #: The attribute that orders, with a minus for descending; empty: none.
    order: str = ""

    @classmethod
    def read(cls, query: QueryDict, sight: Sight) -> Self:
        found = cls(order=_order(query))
        for name, value in _written(query):
            key = name.removeprefix(IS) if name.startswith(IS) else value
            if refusal := why_not(key, sight):
                found.refusals.append(refusal)
            elif len(found.conditions) == MOST:
                found.refusals.append(
                    _("At most %(most)d filters by attributes at once.") % {"most": MOST}
                )
                break
            else:
                words = _words(name, sight.label(key), value)
                found.conditions.append(Condition(name, value, key, words))
        if found.order and (refusal := why_not(found.order.lstrip("-"), sight)):
            found.refusals.append(refusal)
        return found

    def narrow(self, rows: ConversationQuerySet) -> ConversationQuerySet:
        for each in self.conditions:
            rows = each.narrow(rows)
        if self.order:
            key = self.order.removeprefix("-")
            return finding.by_attribute(rows, key, descending=self.order.startswith("-"))
        return rows


def is_filter(name: str) -> bool:
    return name.startswith(IS) or name in (WITH, WITHOUT)


def why_not(key: str, sight: Sight) -> str:
    """Why nothing is found by this attribute; empty if it can be. The same words whether it is hidden or masked."""
    names = {"name": key[:80]}
    if not indexing.findable(key) or not key:
        return _("“%(name)s” is no name of an attribute.") % names
    if not sight.may_find_by(key):
        return (
            _("You may not filter or sort by “%(name)s”: its values are not shown to you.") % names
        )
    twin = catalogue.twin(key, sight.definitions)
    if twin and sight.may_find_by(twin):
        return _("There is no attribute “%(name)s”. Is it “%(twin)s”?") % {**names, "twin": twin}
    return ""


def _written(query: QueryDict) -> Iterator[tuple[str, str]]:
    for name, values in query.lists():
        if is_filter(name):
            yield from ((name, value) for value in values if value or name.startswith(IS))


def _order(query: QueryDict) -> str:
    sort = query.get("sort", "")
    minus, name = ("-", sort[1:]) if sort.startswith("-") else ("", sort)
    return minus + name.removeprefix(ATTRIBUTE) if name.startswith(ATTRIBUTE) else ""


def _words(name: str, label: str, value: str) -> str:
    if name == WITH:
        return _("%(attribute)s is set") % {"attribute": label}
    if name == WITHOUT or not value:
        return _("%(attribute)s is missing") % {"attribute": label}
    return _("%(attribute)s is “%(value)s”") % {"attribute": label, "value": value}
