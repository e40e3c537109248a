"""What a file would make of the catalogue: each entry checked with the form of the page, shown before it is done."""

import json
from collections.abc import Container, Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from conversations import catalogue_file
from conversations.catalogue import definitions, next_order, plain
from conversations.catalogue_file import Line, Values
from conversations.models import AttributeDefinition, User
from dashboard.catalogue_forms import CatalogueForm

#: So many letters of what cannot be taken are shown.
LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Difference:
    """One thing an entry says that the file says otherwise, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Problem:
    """Why an entry of the file cannot be taken."""

    number: int
    key: str
    words: str


@dataclass(frozen=True)
class Change:
    """An entry as the file has it, and what differs from the catalogue's; nothing differs for a new one."""

    entry: AttributeDefinition
    differences: list[Difference] = field(default_factory=list)


@dataclass
class Plan:
    """What would happen. Nothing is stored by making one."""

    #: The catalogue it was made for.
    seen: str
    problems: list[Problem] = field(default_factory=list)
    added: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    #: Entries of the catalogue that the file does not have: kept, unless somebody says otherwise.
    only_here: list[AttributeDefinition] = field(default_factory=list)
    #: Whether a problem is that a key nearly is another one, which a person may say is meant.
    near: bool = False

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed)

    def carry_out(self, removed: Iterable[str], *, by: User) -> int:
        """Do it, and of what is only here remove these (by their number). `catalogue.Stale` if the catalogue has
        changed since. Returns how many were removed."""
        wanted = set(removed)
        gone = [each for each in self.only_here if str(each.pk) in wanted]
        saved = [each.entry for each in (*self.changed, *self.added)]
        catalogue_file.take_over(saved, gone, seen=self.seen, by=by)
        return len(gone)


def plan(lines: list[Line], *, others_meant: bool) -> Plan:
    """Compare a file with the catalogue. `others_meant`: new keys may differ from others only by case or blanks."""
    return _Reading(lines, others_meant, list(definitions())).plan()


@dataclass(frozen=True)
class _Reading:
    lines: list[Line]
    others_meant: bool
    entries: list[AttributeDefinition]

    @cached_property
    def known(self) -> dict[str, AttributeDefinition]:
        return {each.key: each for each in self.entries}

    @cached_property
    def first(self) -> dict[str, Line]:
        """The entry each key of the file comes first in. Not its number: a program writes many into one line."""
        found: dict[str, Line] = {}
        for line in self.lines:
            found.setdefault(str(line.values["key"]), line)
        return found

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """All keys, of the catalogue and of the file, by their form without case and blanks."""
        families: dict[str, list[str]] = {}
        for key in dict.fromkeys([*self.known, *self.first]):
            families.setdefault(plain(key), []).append(key)
        return families

    def plan(self) -> Plan:
        plan = Plan(catalogue_file.fingerprint(self.entries))
        order = next_order()
        for line in self.lines:
            key = line.values["key"]
            if not isinstance(key, str):
                plan.problems.append(Problem(line.number, str(key), _("The key has to be a text.")))
            elif self.first[key] is not line:
                number = self.first[key].number
                words = _("The same key is in line %(line)d already.") % {"line": number}
                plan.problems.append(Problem(line.number, key, words))
            elif key in self.known:
                self._compare(plan, line, self.known[key])
            else:
                self._add(plan, line, order)
                order += 10
        plan.only_here = [each for each in self.entries if each.key not in self.first]
        return plan

    def _compare(self, plan: Plan, line: Line, entry: AttributeDefinition) -> None:
        before = catalogue_file.as_values(entry)
        wanted = {**before, **line.values}
        if wanted == before:  # nothing to check: it is what we have
            plan.unchanged += 1
            return
        changed = self._checked(plan, line, wanted, copy(entry))
        if changed is None:
            return
        differences = _differences(before, catalogue_file.as_values(changed))
        if differences:
            plan.changed.append(Change(changed, differences))
        else:
            plan.unchanged += 1

    def _add(self, plan: Plan, line: Line, order: int) -> None:
        key = line.values["key"]
        twin = next((each for each in self.families[plain(key)] if each != key), None)
        if twin and not self.others_meant:
            plan.near = True
            words = _("It differs from “%(other)s” only by case or blanks.") % {"other": twin}
            plan.problems.append(Problem(line.number, key, words))
            return
        blank = AttributeDefinition(order=order)
        wanted = {**catalogue_file.as_values(blank), **line.values}
        entry = self._checked(plan, line, wanted, blank)
        if entry is not None:
            plan.added.append(Change(entry))

    def _checked(
        self, plan: Plan, line: Line, wanted: Values, entry: AttributeDefinition
    ) -> AttributeDefinition | None:
        """The entry as the page's own form makes it of these values; what the form complains about is a problem."""
        form = CatalogueForm(_as_typed(wanted), instance=entry)
        wrong = dict(_wrong_types(wanted))
        # What the form makes of a wrong type would be the same mistake twice.
        problems = [*wrong.values(), *_complaints(form, but=wrong)]
        for words in problems:
            plan.problems.append(Problem(line.number, str(wanted["key"]), words))
        return None if problems else form.instance


def _as_typed(values: Values) -> dict[str, str]:
    """What a browser would send; what the file says of keys nearly the same was asked before."""
    sent = {"another": "on"}
    for name, value in values.items():
        if isinstance(value, bool):
            sent |= {name: "on"} if value else {}
        elif isinstance(value, list):
            sent[name] = "\n".join(str(each) for each in value)
        else:
            sent[name] = str(value)
    return sent


def _wrong_types(values: Values) -> Iterable[tuple[str, str]]:
    """By column. A form takes texts for everything, and any text for a tick."""
    model = catalogue_file.as_values(AttributeDefinition())
    for name, value in values.items():
        kind = next(each for each in (bool, int, list, str) if isinstance(model[name], each))
        if not _could_be(kind, value):
            facts = {"name": _name(name), "value": _given(value)}
            yield name, _("%(name)s cannot be %(value)s.") % facts


def _could_be(kind: type, value: object) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(each, str) for each in value)
    if kind is int:  # any text or fraction as well: the form says what is wrong with it
        return isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return isinstance(value, kind)


def _given(value: object) -> str:
    """What a file has where it does not belong: anything that JSON can say."""
    text = (
        _shown(value) if isinstance(value, (bool, str)) else json.dumps(value, ensure_ascii=False)
    )
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _complaints(form: CatalogueForm, *, but: Container[str]) -> Iterable[str]:
    for name, errors in form.errors.items():
        for error in errors if name not in but else ():
            yield f"{_name(name)}: {error}" if name in form.fields else str(error)


def _differences(before: Values, after: Values) -> list[Difference]:
    return [
        Difference(_name(name), _shown(before[name], name), _shown(after[name], name))
        for name in before
        if before[name] != after[name]
    ]


def _name(column: str) -> str:
    """What the page calls it."""
    known = CatalogueForm.base_fields.get(column)
    return str(known.label) if known and known.label else column


def _shown(value: Any, column: str = "") -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    choices = dict(catalogue_file.columns()[column].flatchoices) if column else {}
    return str(choices.get(value, value))
