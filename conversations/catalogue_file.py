"""The catalogue as a file: CSV for a spreadsheet, JSON for a program, both read back to the letter."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.translation import gettext as _

from conversations import catalogue
from conversations.catalogue import Stale, definitions
from conversations.cells import MARK, defused, restored
from conversations.models import AttributeDefinition, User

FORMAT = "midcall-catalogue"
VERSION = 1
#: More rows than any catalogue has; each is checked with a form of its own.
MOST_ROWS = 1000
#: An attribute has a dozen; more may be there by mistake, and are then named: so many, and so many letters of each.
MOST_COLUMNS = 100
MOST_NAMES, LONGEST_NAME = 5, 40

_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0", ""}

#: One entry: texts, whole numbers, yes or no, and lists of texts.
Values = dict[str, Any]


class Unreadable(Exception):
    """The file as a whole cannot be taken; its words are for a person."""


@dataclass(frozen=True)
class Line:
    """One entry of a file. Columns the file does not have are not in its values."""

    #: The line of the file it begins in.
    number: int
    values: Values


def columns() -> dict[str, "models.Field[Any, Any]"]:
    """What a file says of an entry: all that an admin may say."""
    fields = AttributeDefinition._meta.concrete_fields
    return {each.name: each for each in fields if each.editable and not each.primary_key}


def as_values(definition: AttributeDefinition) -> Values:
    return {name: each.value_from_object(definition) for name, each in columns().items()}


def fingerprint(entries: Iterable[AttributeDefinition]) -> str:
    """A text that differs as soon as an entry says something else, or is another one."""
    whole = sorted([each.pk, as_values(each)] for each in entries)
    return hashlib.sha256(json.dumps(whole, cls=DjangoJSONEncoder).encode()).hexdigest()


def take_over(
    saved: Iterable[AttributeDefinition],
    removed: Iterable[AttributeDefinition],
    *,
    seen: str,
    by: User,
) -> None:
    """All of it or nothing; `Stale`, and nothing, if the catalogue is not as it was `seen` any more."""
    try:
        with transaction.atomic():
            if fingerprint(definitions().select_for_update()) != seen:
                raise Stale
            for entry in removed:
                catalogue.remove(entry, by=by)
            for entry in saved:
                catalogue.save(entry, by=by)
    except (catalogue.KeyTaken, catalogue.Stale) as error:
        raise Stale from error


def to_json(definitions: Iterable[AttributeDefinition]) -> str:
    """With the version of the format, so that a later Midcall knows what it reads."""
    entries = [as_values(each) for each in definitions]
    whole = {"format": FORMAT, "version": VERSION, "attributes": entries}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def to_csv(definitions: Iterable[AttributeDefinition]) -> str:
    """With a byte order mark, for spreadsheets."""
    out = io.StringIO(newline="")
    out.write(MARK)
    writer = csv.writer(out)
    writer.writerow(columns())
    for each in definitions:
        writer.writerow(defused(_cell(value)) for value in as_values(each).values())
    return out.getvalue()


def read(content: bytes) -> list[Line]:
    """The entries of a file, CSV or JSON whatever its name; `Unreadable` if it is neither."""
    text = _decoded(content)
    entries = _from_json(text) if text.lstrip()[:1] in ("{", "[") else _from_csv(text)
    lines = list(islice(entries, MOST_ROWS + 1))
    if not lines:
        raise Unreadable(_("There is no attribute in this file."))
    if len(lines) > MOST_ROWS:
        raise Unreadable(_("This file has more than %(most)d attributes.") % {"most": MOST_ROWS})
    return lines


def _decoded(content: bytes) -> str:
    # Not all programs mark UTF-16 as such; in UTF-8 the first two letters hold no zero.
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        raise Unreadable(_("This file is UTF-16. Save it as UTF-8 (“CSV UTF-8” in Excel)."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = _("Line %(line)d is not UTF-8. Save the file as UTF-8 (“CSV UTF-8” in Excel).")
        raise Unreadable(words % {"line": line}) from error


# --- JSON ---


def _from_json(text: str) -> Iterator[Line]:
    whole = _parsed(text)
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise Unreadable(
            _("This is JSON, but not a catalogue: “format” has to be “%(name)s”.")
            % {"name": FORMAT}
        )
    if whole.get("version") != VERSION:
        raise Unreadable(
            _("This Midcall reads version %(version)d of the format; the file has another.")
            % {"version": VERSION}
        )
    entries = whole.get("attributes")
    if not isinstance(entries, list):
        raise Unreadable(_("“attributes” has to be a list."))
    for number, entry in zip(_line_numbers(text), entries, strict=True):
        if not isinstance(entry, dict):
            words = _("The attribute in line %(line)d is not an object.")
            raise Unreadable(words % {"line": number})
        _check_names(entry, number)
        yield Line(number, entry)


def _line_numbers(text: str) -> list[int]:
    """The line each attribute begins in; the text is known to be an object with a list of them. A name that comes
    twice counts for the last time, as it does for the reader."""
    decoder, between = json.JSONDecoder(), re.compile(r"[\s:,]*")

    def following(at: int) -> int:
        match = between.match(text, at)
        return match.end() if match else at

    numbers: list[int] = []
    at = following(text.index("{") + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = following(at)
        if name != "attributes" or text[at] != "[":
            at = following(decoder.raw_decode(text, at)[1])
            continue
        at, number, counted = following(at + 1), 1, 0
        numbers = []
        while text[at] != "]":
            number, counted = number + text.count("\n", counted, at), at
            numbers.append(number)
            at = following(decoder.raw_decode(text, at)[1])
        at = following(at + 1)
    return numbers


def _parsed(text: str) -> object:
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(whole, ensure_ascii=False).encode()  # half a character pair cannot be stored
    except json.JSONDecodeError as error:
        words = _("Line %(line)d is not JSON: %(problem)s.")
        raise Unreadable(words % {"line": error.lineno, "problem": error.msg}) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(_("This JSON cannot be read.")) from error
    return whole


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


# --- CSV ---


def _from_csv(text: str) -> Iterator[Line]:
    head = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=max(",;\t", key=head.count),
        strict=True,
    )
    names: list[str] = []
    begins = 1
    try:
        for cells in reader:
            begins, number = reader.line_num + 1, begins
            if not any(cells):
                continue
            if not names:
                names = _without_empty_end([each.strip().lower() for each in cells])
                _check_names(names, number)
                continue
            yield Line(number, _values(names, cells, number))
    except csv.Error as error:
        words = _("Line %(line)d is not CSV: %(problem)s.")
        raise Unreadable(words % {"line": reader.line_num, "problem": error}) from error


def _without_empty_end(names: list[str]) -> list[str]:
    """Some spreadsheets add columns that hold nothing."""
    width = max((place for place, each in enumerate(names, start=1) if each), default=0)
    return names[:width]


def _values(names: list[str], cells: list[str], number: int) -> Values:
    width = len(names)
    if len(cells) < width or any(cells[width:]):
        words = _("Line %(line)d has %(cells)d cells; the first line has %(width)d.")
        raise Unreadable(words % {"line": number, "cells": len(cells), "width": width})
    known = columns()
    row = zip(names, cells, strict=False)
    return {name: _value(known[name], restored(cell)) for name, cell in row}


def _check_names(names: Iterable[str], number: int) -> None:
    given = Counter(iter(names))
    if given.total() > MOST_COLUMNS:
        words = _("Line %(line)d names more than %(most)d columns.")
        raise Unreadable(words % {"line": number, "most": MOST_COLUMNS})
    unknown = sorted(given.keys() - columns().keys())
    twice = sorted(each for each, times in given.items() if times > 1)
    if unknown or twice:
        problem = (
            _("Line %(line)d names what an attribute does not have: %(names)s. It has: %(known)s.")
            if unknown
            else _("Line %(line)d names a column twice: %(names)s.")
        )
        facts = {"names": _few(unknown or twice), "known": ", ".join(columns())}
        raise Unreadable(problem % {"line": number, **facts})
    if "key" not in given:
        raise Unreadable(_("Line %(line)d has no “key”.") % {"line": number})


def _few(names: list[str]) -> str:
    """So many names, and so much of each, as a person reads."""
    shown = [each if len(each) <= LONGEST_NAME else f"{each[:LONGEST_NAME]}…" for each in names]
    return ", ".join([*shown[:MOST_NAMES], *(["…"] if len(shown) > MOST_NAMES else [])])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(str(each) for each in value)
    return str(value)


def _value(column: "models.Field[Any, Any]", cell: str) -> object:
    """What cannot be what the column holds stays text, for the form to complain about."""
    if isinstance(column, models.BooleanField):
        word = cell.strip().lower()
        return word in _YES if word in _YES | _NO else cell
    if isinstance(column, models.JSONField):
        return [each for each in re.split("\r\n|\r|\n", cell) if each]
    if isinstance(column, models.IntegerField):
        return int(cell) if re.fullmatch("[0-9]{1,9}", cell.strip()) else cell
    return cell
