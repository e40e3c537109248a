"""What one person sees of the catalogue: which attributes have a name here, which they may read and change."""

import re
import unicodedata
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from conversations import scopes
from conversations.models import AttributeDefinition, Role, User
from conversations.service_keys import of_the_service

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Audience = AttributeDefinition.Audience

#: A masked value keeps this many characters at its end, if it is longer than twice that.
MASK_KEEPS = 2
_RANK = {Role.AGENT: 0, Role.SUPERVISOR: 1, Role.ADMIN: 2}
_NEEDED = {Audience.EVERYONE: 0, Audience.SUPERVISORS: 1, Audience.ADMINS: 2, Audience.NOBODY: 3}


@dataclass(frozen=True)
class Sight:
    """The catalogue through the eyes of one person."""

    user: User

    @cached_property
    def definitions(self) -> dict[str, AttributeDefinition]:
        """All of them by key, in their order."""
        return {each.key: each for each in AttributeDefinition.objects.all()}

    @cached_property
    def readable(self) -> list[AttributeDefinition]:
        """Those this person may read, in their order."""
        return [each for each in self.definitions.values() if self.may_read(each.key)]

    @property
    def may_name_keys(self) -> bool:
        """May change attributes that are not in the catalogue."""
        return self.user.may_edit and self.user.role != Role.AGENT

    def may_read(self, key: str) -> bool:
        """Attributes the catalogue does not know are readable."""
        definition = self.definitions.get(key)
        return definition is None or self._among(definition.seen_by)

    def may_find_by(self, key: str) -> bool:
        """May filter, search and sort by it: reads its values whole. Else a value could be guessed, try by try."""
        definition = self.definitions.get(key)
        if definition is None:
            return True
        return self.may_read(key) and (not definition.masked or self.may_edit(key))

    @property
    def not_to_find_by(self) -> list[str]:
        """The attributes of the catalogue this person finds nothing by."""
        return [key for key in self.definitions if not self.may_find_by(key)]

    def may_edit(self, key: str) -> bool:
        definition = self.definitions.get(key)
        if definition is None:
            return self.may_name_keys and not self.is_locked(key)
        return self.user.may_edit and self.may_read(key) and self._among(definition.edited_by)

    def is_locked(self, key: str) -> bool:
        """The service's own, and nobody's to change until the catalogue says whose."""
        return of_the_service(key) and key not in self.definitions

    def label(self, key: str) -> str:
        definition = self.definitions.get(key)
        return definition.label if definition else key

    def show(self, key: str, value: str) -> str:
        """A value as this person may see it: dots for most of a masked one, unless it is theirs to edit."""
        definition = self.definitions.get(key)
        if definition is None or not definition.masked or self.may_edit(key) or not value:
            return value
        return masked(value)

    def known(self, attributes: Iterable[str]) -> tuple[list[str], list[str]]:
        """Keys this person may read: those of the catalogue, and the others by name."""
        names = set(attributes)
        ours = [each.key for each in self.readable]
        return ours, sorted(names - self.definitions.keys(), key=str.casefold)

    def _among(self, audience: str) -> bool:
        return _RANK[Role(self.user.role)] >= _NEEDED[Audience(audience)]


@dataclass(frozen=True)
class Everything(Sight):
    """The catalogue as the command line sees it, which acts as the system: nothing is hidden, no key has a label."""

    @classmethod
    def there_is(cls) -> Self:
        return cls(User(role=Role.ADMIN))

    def may_read(self, key: str) -> bool:
        return True

    def may_edit(self, key: str) -> bool:
        return True

    def label(self, key: str) -> str:
        return key


@dataclass(frozen=True)
class Draft(Sight):
    """A catalogue of one attribute that need not be saved: how its field will look to somebody who may edit it."""

    definition: AttributeDefinition

    #: The preview's own name for it: the real key may be empty, or wrong, while somebody is still typing it.
    KEY = "sample"

    @classmethod
    def of(cls, user: User, definition: AttributeDefinition) -> Self:
        draft = copy(definition)
        draft.key = cls.KEY
        draft.label = definition.label or _("Label")
        return cls(user, draft)

    @cached_property
    def definitions(self) -> dict[str, AttributeDefinition]:
        return {self.definition.key: self.definition}

    def may_read(self, key: str) -> bool:
        return key in self.definitions

    def may_edit(self, key: str) -> bool:
        return key in self.definitions


class KeyTaken(Exception):
    """Somebody added the same key in this moment."""


class Stale(Exception):
    """Somebody else changed or removed the entry meanwhile; nothing was saved."""


def definitions() -> QuerySet[AttributeDefinition]:
    """The whole catalogue, in its order."""
    return AttributeDefinition.objects.all()


def newest(definition: AttributeDefinition) -> AttributeDefinition | None:
    """The entry as it stands now; None where it is gone."""
    return definitions().filter(pk=definition.pk).first()


def next_order() -> int:
    """A place after all others, with room in between."""
    last: int = definitions().aggregate(last=Max("order"))["last"] or 0
    return last + 10


def save(definition: AttributeDefinition, *, by: User) -> None:
    """Add an attribute to the catalogue, or change what it says about one, as long as its version is the newest.

    Raises `KeyTaken` and `Stale`.
    """
    try:
        with transaction.atomic():
            if definition.pk is None:
                definition.save()
            else:
                _change(definition)
            scopes.catalogue_changed()
    except IntegrityError as error:
        raise KeyTaken from error
    log.info("attribute definition saved", key=definition.key, by=by.pk)


def _change(definition: AttributeDefinition) -> None:
    fields = [each for each in definition._meta.concrete_fields if not each.primary_key]
    values = {each.attname: getattr(definition, each.attname) for each in fields}
    values["version"] = definition.version + 1
    row = definitions().filter(pk=definition.pk, version=definition.version)
    if not row.update(**values):
        raise Stale
    definition.version += 1


def remove(definition: AttributeDefinition, *, by: User) -> None:
    """Take an attribute out of the catalogue. Its values in Genesys stay as they are. Raises `Stale`."""
    with transaction.atomic():
        removed, _each = definitions().filter(pk=definition.pk, version=definition.version).delete()
        if not removed:
            raise Stale
        scopes.catalogue_changed()
    log.info("attribute definition removed", key=definition.key, by=by.pk)


def wider(one: str, other: str) -> bool:
    """Whether an audience has people the other has not."""
    return _NEEDED[Audience(one)] < _NEEDED[Audience(other)]


def odd_blanks(key: str) -> str:
    """Words for blanks in a key that nobody would see; empty if there are none."""
    found = [
        words
        for pattern, words in (
            (r"^\s", _("starts with a blank")),
            (r"\s$", _("ends with a blank")),
            (r"\S\s{2,}\S", _("has several blanks in a row")),
        )
        if re.search(pattern, key)
    ]
    return ", ".join(found)


def masked(value: str) -> str:
    """Dots, and the last characters where enough others are hidden."""
    kept = value[-MASK_KEEPS:] if len(value) > 2 * MASK_KEEPS else ""
    return "•" * 4 + kept


def plain(key: str) -> str:
    """A key without case, blanks and what cannot be seen (such as a mark of direction, or an accent typed apart): two
    keys of the same plain form are nearly always a slip (API.md 4.3)."""
    seen = (
        each for each in unicodedata.normalize("NFC", key) if unicodedata.category(each) != "Cf"
    )
    return "".join("".join(seen).split()).casefold()


def twin(key: str, known: Iterable[str]) -> str | None:
    """A known key that differs from this one only by case or blanks."""
    names = set(known)
    if key in names:
        return None
    return next((each for each in sorted(names) if plain(each) == plain(key)), None)
