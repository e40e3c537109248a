"""The patterns of the catalogue: regular expressions an admin typed, run on values anybody types, within bounds.

The engine is the `regex` library: it takes what Python's own takes (look-around and back-references included, which the
engines of linear time do not know), can be given a time limit, and lets other requests go on meanwhile. What it is not
given is a pattern that demands more text than any value has: it spells out such a repetition when it is compiled.
"""

import re

import regex
from django.utils.translation import gettext as _

#: For one value, in seconds. A pattern that needs longer on a short text needs for ever on a longer one.
SECONDS = 0.1
#: No attribute holds more characters (the editor's own limit), so no pattern may ask for more.
LONGEST = 10_000

#: An escape, a set, the beginning and the end of a group, a count, any other character.
_PIECES = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|\((?:\?(?::|P<\w+>|<?[=!]))?|\)|\{(?P<least>\d+)(?:,\d*)?\}|.",
    re.DOTALL,
)


class Unusable(ValueError):
    """The pattern cannot be used at all; the message says why, for an admin."""


class TooSlow(Exception):
    """The pattern took too long on this value, so nobody knows whether it fits."""


def check(pattern: str) -> None:
    """Raise `Unusable` for what is no regular expression, or one that could only be met by more than a value holds."""
    try:
        re.compile(pattern)  # with the better messages of the two
        if _demands(pattern) > LONGEST:
            raise Unusable(_("it asks for more than %(most)s characters") % {"most": LONGEST})
        _compiled(pattern)
    except (re.error, regex.error, OverflowError, RecursionError) as error:
        raise Unusable(str(error)) from error


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value has the form of the pattern. Raises `TooSlow`, and `Unusable` as `check` does."""
    check(pattern)
    try:
        return bool(_compiled(pattern).fullmatch(value, timeout=SECONDS, concurrent=True))
    except TimeoutError as error:
        raise TooSlow from error


def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern, flags=regex.VERSION0)


def _demands(pattern: str) -> int:
    """The most characters that have to be there, every alternative counted: how much the engine spells out."""
    totals, last = [0], [0]
    for piece in _PIECES.finditer(pattern):
        text = piece.group()
        if piece["least"] is not None:
            totals[-1] += last[-1] * (max(int(piece["least"]), 1) - 1)
            last[-1] *= max(int(piece["least"]), 1)
        elif text.startswith("("):
            totals.append(0)
            last.append(0)
        elif text == ")" and len(totals) > 1:
            inside = max(totals.pop(), 1)
            last.pop()
            totals[-1] += inside
            last[-1] = inside
        else:
            totals[-1] += 1
            last[-1] = 1
    return sum(totals)
