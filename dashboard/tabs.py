"""The saved views over the board, each with how many it finds now."""

import time
from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations import board, saved_views
from conversations.catalogue import Sight
from conversations.models import SavedView
from dashboard import addresses
from dashboard.counting import LIMIT, REST_SECONDS, Count, Counter
from dashboard.filters import BoardFilter
from dashboard.people import StaffRequest


@dataclass(frozen=True, slots=True)
class Tab:
    """One saved view."""

    view: SavedView
    current: bool
    #: Empty: not counted yet.
    count: str
    #: What the number means, for who points at it or hears it.
    words: str
    broken: bool


def saved(request: StaffRequest, sight: Sight, eyes: str, counter: Counter) -> list[Tab]:
    """All of this person's views."""
    here = addresses.view(request.GET)
    return [_tab(each, here, sight, eyes, counter) for each in saved_views.of(request.user)]


def current(request: StaffRequest) -> SavedView | None:
    """The view this address is, if it is one of this person's."""
    return saved_views.of(request.user).filter(query=addresses.view(request.GET)).first()


def _tab(view: SavedView, here: str, sight: Sight, eyes: str, counter: Counter) -> Tab:
    counted = counter.count(f"view:{eyes}:{view.query}", lambda: _number(view, sight))
    broken = counted is not None and counted.number is None
    return Tab(view, view.query == here, counted.words if counted else "", _words(counted), broken)


def _number(view: SavedView, sight: Sight) -> int | None:
    """No further than one more than the limit; None: one of its filters is not valid any more."""
    found = BoardFilter(addresses.parsed(view.query), board.rows(sight.user), sight)
    if not found.is_valid():
        return None
    return found.find().order_by()[: LIMIT + 1].count()


def _words(counted: Count | None) -> str:
    if counted is None:
        return _("Not counted yet")
    if counted.number is None:
        return _("A filter of this view cannot be used any more")
    age = time.time() - counted.at
    if age > 2 * REST_SECONDS:
        return _("live, counted %(seconds)d s ago") % {"seconds": age}
    return _("live")
