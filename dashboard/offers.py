"""What the filters of the board offer to choose from, kept for some seconds: finding it out reads all that is live."""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.forms import Select
from django.utils.translation import gettext as _

from conversations import board
from conversations.catalogue import Sight
from conversations.models import User
from dashboard.filters import BoardFilter

KEEP_SECONDS = 10
Choices = list[tuple[str, str]]
T = TypeVar("T")


def fill(filtered: BoardFilter, eyes: str) -> None:
    """Give the filters by queue and division their choices; what an address asks for is always one of them."""
    user = filtered.sight.user
    form = filtered.form
    queues = _kept(f"queues:{eyes}", lambda: board.queues(user))
    divisions = _kept(f"divisions:{eyes}", lambda: _divisions(user))
    for name, choices in (("queue", queues), ("division", divisions)):
        asked = str(filtered.query.get(name) or "")
        missing = [(asked, asked)] if asked and asked not in dict(choices) else []
        form.fields[name].widget = Select(choices=[("", _("All")), *choices, *missing])


def attributes(sight: Sight, eyes: str) -> Choices:
    """Attributes to filter by: of the catalogue by label, then others that are in use."""
    others = _kept(f"keys:{eyes}", lambda: board.keys_in_use(sight.user, sight))
    ours = [(each.key, each.label) for each in sight.readable if sight.may_find_by(each.key)]
    return ours + [(key, key) for key in others if key not in dict(ours)]


def _divisions(user: User) -> Choices:
    """Genesys tells us no names of divisions, so: how an id begins, and how many are live in it."""
    return [
        (pk, _("%(id)s… (%(count)d live)") % {"id": pk[:8], "count": count})
        for pk, count in board.divisions(user)
    ]


def _kept(name: str, found: Callable[[], T]) -> T:
    known: T | None = cache.get(name)
    if known is None:
        known = found()
        cache.set(name, known, KEEP_SECONDS)
    return known
