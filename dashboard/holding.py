"""What a board holds on to while somebody reads it: rows stay where they are, and what is new is announced.

Each poll says what is on the screen, in a header: how to answer (`hold` what is shown, `follow` the order of now, or
only count while it is `pause`d), since when, and which rows.
"""

import base64
import math
from binascii import Error as NotBase64
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.http import HttpRequest

HEADER = "Midcall-Shown"
HOLD, FOLLOW, PAUSE = "hold", "follow", "pause"
MOST = 200
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows, by its own account."""

    mode: str = FOLLOW
    #: Epoch seconds: what came to the board later is new to it.
    at: float = 0.0
    ids: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """As the header says; a page that says nothing of the kind shows nothing yet."""
        mode, _, rest = request.headers.get(HEADER, "").partition(" ")
        at, _, ids = rest.partition(" ")
        try:
            shown = cls(mode, float(at), tuple(_ids(ids)))
        except (ValueError, NotBase64):
            return cls()
        usable = mode in (HOLD, FOLLOW, PAUSE) and math.isfinite(shown.at) and shown.at >= 0
        return shown if usable else cls()

    @property
    def holds(self) -> bool:
        return self.mode != FOLLOW and bool(self.ids)


def arrange(
    page: list[UUID], shown: Shown, staying: Collection[UUID], lingering: Collection[UUID]
) -> list[UUID]:
    """The rows to show, in order. `staying`: shown ones that still belong here; `lingering`: that ended just now."""
    if shown.holds:
        held = [each for each in shown.ids if each in staying or each in lingering]
        if held:
            return held
    return _with_lingering(page, shown.ids, lingering)


def _with_lingering(
    page: list[UUID], shown: Iterable[UUID], lingering: Collection[UUID]
) -> list[UUID]:
    """Each after the row it stood behind."""
    rows, place = list(page), 0
    for each in shown:
        if each in lingering and each not in rows:
            rows.insert(place, each)
        place = rows.index(each) + 1 if each in rows else place
    return rows


def _ids(packed: str) -> Iterable[UUID]:
    raw = base64.b64decode(packed, validate=True)
    if len(raw) % _ID_BYTES or len(raw) > MOST * _ID_BYTES:
        raise ValueError("not a list of ids")
    for start in range(0, len(raw), _ID_BYTES):
        yield UUID(bytes=raw[start : start + _ID_BYTES])
