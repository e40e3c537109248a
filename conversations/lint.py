"""What is odd between the catalogue and the keys that live conversations hold.

A key outside the catalogue is told of once, in the most telling way: it nearly is another key (but for case or blanks,
or for a slip of the finger), or it is merely not declared. Entries of the catalogue nobody uses, and keys that agent
scripts cannot name, are told of beside that.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db import models
from django.utils.translation import gettext_lazy as _
from rapidfuzz import process
from rapidfuzz.distance import OSA

from conversations import census
from conversations.catalogue import definitions, plain
from conversations.models import AttributeDefinition, Census, Remedy, SeenKey
from conversations.service_keys import of_the_service

#: A key of at least so many characters may be hit with two slips, a shorter one with one.
LONG = 8
#: Shorter keys are all one slip from each other.
SHORTEST = 3


class Kind(models.TextChoices):
    TWIN = "twin", _("Case or blanks")
    SLIP = "slip", _("Typing slip")
    UNDECLARED = "undeclared", _("Not in the catalogue")
    UNSEEN = "unseen", _("Never seen")
    DOT = "dot", _("With a dot")


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `other` is the key it may have been meant to be."""

    kind: Kind
    key: str
    other: str = ""
    #: What live conversations hold of the key; none if no conversation does.
    seen: SeenKey | None = None
    #: The key's own entry, and that of the other key.
    entry: AttributeDefinition | None = None
    entry_meant: AttributeDefinition | None = None

    @property
    def name(self) -> str:
        """What a form sends for it; no blank of a key is lost on the way."""
        return json.dumps([self.kind, self.key, self.other])

    @property
    def id(self) -> str:
        """For an element of a page."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:16]

    @property
    def may_declare(self) -> bool:
        """A key of blanks alone could not be told from no key."""
        return self.entry is None and bool(self.key.strip())

    @property
    def may_correct(self) -> bool:
        """The entry of the other key can be given this one."""
        return self.entry is None and self.entry_meant is not None

    @property
    def may_remove(self) -> bool:
        return self.entry is not None

    @property
    def of_the_service(self) -> bool:
        """Genesys's own: no wonder that nobody declared it."""
        return of_the_service(self.key)

    @property
    def hides_values(self) -> bool:
        """Out of the catalogue, everybody would read what this entry hides."""
        return self.entry is not None and (self.entry.masked or self.entry.seen_by != "everyone")


@dataclass(frozen=True)
class Report:
    """All findings, the most pressing first, and how fresh the counts behind them are."""

    findings: list[Finding]
    census: Census

    def named(self, names: Iterable[str]) -> list[Finding]:
        """Findings somebody saw a moment ago, as far as they still are findings."""
        wanted = set(names)
        return [each for each in self.findings if each.name in wanted]


def report() -> Report:
    """From the catalogue and the counted keys alone: the cost is that of these two small tables."""
    at = census.state()
    marks = Remedy.objects.filter(what=Remedy.What.LEFT, undone_at=None)
    left = set(marks.values_list("kind", "key", "other"))
    look = _Look(list(definitions()), list(SeenKey.objects.all()), left, at.finished_at > 0)
    return Report(look.findings(), at)


@dataclass(frozen=True)
class _Look:
    entries: list[AttributeDefinition]
    keys: list[SeenKey]
    left: set[tuple[str, str, str]]
    #: A whole round is over: what has not been seen by now really is not there.
    complete: bool

    def findings(self) -> list[Finding]:
        found = [*self._strangers(), *self._unseen(), *self._dotted()]
        rank = {kind: place for place, kind in enumerate(Kind)}
        return sorted(found, key=lambda each: (rank[each.kind], -_live(each), each.key))

    @cached_property
    def declared(self) -> dict[str, AttributeDefinition]:
        return {each.key: each for each in self.entries}

    @cached_property
    def seen(self) -> dict[str, SeenKey]:
        return {each.key: each for each in self.keys}

    @cached_property
    def _forms(self) -> dict[str, str]:
        """Every declared key by its plain form, to which slips are counted."""
        return {plain(each): each for each in self.declared}

    @cached_property
    def _families(self) -> dict[str, list[str]]:
        """All keys by their plain form; those of the catalogue first, then the commonest."""
        families: dict[str, list[str]] = {}
        strangers = sorted(self.seen.keys() - self.declared.keys(), key=self._commonness)
        for key in [*self.declared, *strangers]:
            families.setdefault(plain(key), []).append(key)
        return families

    def _commonness(self, key: str) -> tuple[int, float, str]:
        return (-self.seen[key].live, self.seen[key].first_at, key)

    def _strangers(self) -> Iterable[Finding]:
        """Keys that are seen and not declared: each once, unless somebody said to leave it."""
        settled = {key for kind, key, _other in self.left if kind in (Kind.TWIN, Kind.SLIP)}
        for key in self.seen.keys() - self.declared.keys():
            near = next((each for each in self._near(key) if each not in self.left), None)
            if near:
                yield self._finding(*near)
            elif key not in settled and (Kind.UNDECLARED, key, "") not in self.left:
                yield self._finding(Kind.UNDECLARED, key)

    def _near(self, key: str) -> Iterable[tuple[Kind, str, str]]:
        """What the key may have been meant to be, the likeliest first."""
        family = self._families[plain(key)]
        if family[0] != key:
            yield (Kind.TWIN, key, family[0])
            return
        for other in self._slips(key):
            yield (Kind.SLIP, key, other)

    def _slips(self, key: str) -> Iterable[str]:
        form = plain(key)
        near = process.extract(
            form, self._forms.keys(), scorer=OSA.distance, score_cutoff=2, limit=5
        )
        for other, slips, _index in near:
            allowed = 2 if len(other) >= LONG else 1
            short = min(len(form), len(other)) < SHORTEST
            if slips <= allowed and not short and _words_differ(form, other):
                yield self._forms[other]

    def _unseen(self) -> Iterable[Finding]:
        if not self.complete:
            return
        for key in self.declared.keys() - self.seen.keys():
            if (Kind.UNSEEN, key, "") not in self.left:
                yield self._finding(Kind.UNSEEN, key)

    def _dotted(self) -> Iterable[Finding]:
        """Agent scripts know the part after the dot only (API.md 4.3)."""
        for key in self.declared.keys() | self.seen.keys():
            if "." in key and (Kind.DOT, key, "") not in self.left:
                yield self._finding(Kind.DOT, key)

    def _finding(self, kind: Kind, key: str, other: str = "") -> Finding:
        return Finding(
            kind,
            key,
            other,
            self.seen.get(key),
            self.declared.get(key),
            self.declared.get(other),
        )


def _live(finding: Finding) -> int:
    return finding.seen.live if finding.seen else 0


def _words_differ(one: str, other: str) -> bool:
    """`line1` and `line2` are a row of attributes, not a slip."""
    return re.sub(r"\d", "", one) != re.sub(r"\d", "", other)
