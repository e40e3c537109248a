"""A reason: sentences stored as codes and facts, worded when they are shown, in the language of whoever looks."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils.translation import gettext, ngettext

from conversations.models.words import Says

#: A number, a word of somebody else's (shown as it is), or names of attributes.
Fact = str | int | Sequence[str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One code of `Says` with what its words speak of."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def words(self, hidden: Collection[str] = (), labels: Mapping[str, str] | None = None) -> str:
        """In the active language. A code of a newer version than this one is shown as it is."""
        try:
            label = Says(self.code).label
        except ValueError:
            return self.code
        shown: dict[str, Fact] = dict(self.facts)
        if "keys" in shown:
            shown |= {"count": len(shown["keys"]), "keys": name_keys(shown["keys"], hidden, labels)}  # type: ignore[arg-type]
        if any(key in str(shown.get("message", "")) for key in hidden):
            shown["message"] = "…"
        return str(label % shown)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is as it is: a few sentences, or none."""

    sentences: tuple[Sentence, ...] = ()

    @classmethod
    def of(cls, code: str, **facts: Fact) -> Self:
        """A reason of one sentence: `Reason.of(Says.CONFLICT, keys=["tier"])`."""
        return cls((Sentence(str(code), facts),))

    @classmethod
    def read(cls, stored: str) -> Self:
        """What `write` wrote, or plain text from before there were codes."""
        if not stored:
            return cls()
        try:
            return cls(tuple(Sentence(code, facts) for code, facts in json.loads(stored)))
        except (ValueError, TypeError):
            return cls.of(Says.AS_WRITTEN, text=stored)

    def write(self) -> str:
        rows = [[each.code, dict(each.facts)] for each in self.sentences]
        return json.dumps(rows, ensure_ascii=False, sort_keys=True) if rows else ""

    def words(self, hidden: Collection[str] = (), labels: Mapping[str, str] | None = None) -> str:
        """In the active language, without the names of the attributes in `hidden`; `labels`: what the others are
        called."""
        return " ".join(each.words(hidden, labels) for each in self.sentences)

    def says(self, code: str) -> bool:
        """Whether one of the sentences is this."""
        return any(each.code == code for each in self.sentences)

    def without(self, codes: Collection[str]) -> Self:
        return type(self)(tuple(each for each in self.sentences if each.code not in codes))

    def __add__(self, other: "Reason") -> Self:
        return type(self)(self.sentences + other.sentences)

    def __bool__(self) -> bool:
        return bool(self.sentences)

    def __contains__(self, words: str) -> bool:
        return words in str(self)

    def __str__(self) -> str:
        return self.words()


if TYPE_CHECKING:
    _Text = models.TextField[Reason, Reason]
else:
    _Text = models.TextField


class ReasonField(_Text):
    """A `Reason`, kept as JSON in a text column; the plain text of older rows is read as it is."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "blank": True, "default": Reason})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["blank"], options["default"]
        return name, path, args, options

    def from_db_value(self, value: str | None, *_: object) -> Reason:
        return Reason.read(value or "")

    def to_python(self, value: object) -> Reason:
        return value if isinstance(value, Reason) else Reason.read(str(value or ""))

    def get_prep_value(self, value: Any) -> str:
        return self.to_python(value).write()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))


def name_keys(
    keys: Collection[str], hidden: Collection[str] = (), labels: Mapping[str, str] | None = None
) -> str:
    """The names of attributes as part of a sentence; those of `hidden` are only counted."""
    names = [
        gettext("“%(name)s”") % {"name": (labels or {}).get(key, key)}
        for key in keys
        if key not in hidden
    ]
    unnamed = len(keys) - len(names)
    if unnamed:
        words = ngettext("a hidden attribute", "%(count)s hidden attributes", unnamed)
        names.append(words % {"count": unnamed})
    if len(names) > 1:
        joined = {"first": ", ".join(names[:-1]), "last": names[-1]}
        return gettext("%(first)s and %(last)s") % joined
    return "".join(names)
