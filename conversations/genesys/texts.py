"""Text of Genesys Cloud made such that it can be kept, shown and sent on.

JSON may hold half of a surrogate pair (`"caf\\ud83d"`) and NUL characters: neither can be written as UTF-8, to
PostgreSQL, or at all. They become the character that stands for what could not be read.
"""

import re

#: What fits into a column for a name.
NAME = 255
#: What fits where support's id of a call is kept.
IDENTITY = 100

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def text(value: object, most: int | None = None) -> str:
    """A text, cut after `most` characters; the empty one where it is none."""
    return storable(value)[:most] if isinstance(value, str) else ""


def storable(value: str) -> str:
    """The same at full length, with what cannot be stored replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
