"""The rows of one page of the board: which they are, kept while nothing changes.

So a hundred people who look at the same cost what one costs.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.http import QueryDict

from conversations.models.clock import now
from conversations.models.conversation import ConversationQuerySet

SIZES = (25, 50, 100, 200)
ROWS = 50
#: New ones are counted no further.
MOST_NEW = 99
KEEP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of what a filter finds."""

    ids: list[UUID]
    number: int
    size: int
    total: int
    #: Epoch seconds: what came to the board later is not in it.
    at: float

    @property
    def page(self) -> "Page[UUID]":
        return _Counted([], self.size, self.total).page(self.number)


class _Counted(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """A paginator that was told how many there are."""

    def __init__(self, rows: object, size: int, total: int) -> None:
        super().__init__(rows, size)  # type: ignore[arg-type]
        self.count = total


def find(shared: str, query: QueryDict, chosen: ConversationQuerySet) -> Listing:
    """The page an address asks for; `shared` names what it shows and how new that is."""
    known: Listing | None = cache.get(f"listing:{shared}")
    if known:
        return known
    at = now()
    size = {str(each): each for each in SIZES}.get(query.get("size", ""), ROWS)
    total = chosen.order_by().count()
    page = _Counted(chosen.values_list("pk", flat=True), size, total).get_page(query.get("page"))
    listing = Listing(list(page.object_list), page.number, size, total, at)
    cache.set(f"listing:{shared}", listing, KEEP_SECONDS)
    return listing


def live(seen: str, rows: ConversationQuerySet) -> int:
    """How many are live in all, counted once for all who see the same."""
    known: int | None = cache.get(f"live:{seen}")
    if known is None:
        known = rows.count()
        cache.set(f"live:{seen}", known, KEEP_SECONDS)
    return known


def staying(chosen: ConversationQuerySet, listing: Listing, shown: tuple[UUID, ...]) -> set[UUID]:
    """Of the rows on the screen, those that still belong to what the filter finds, on whatever page."""
    here = set(listing.ids)
    elsewhere = [each for each in shown if each not in here]
    if elsewhere:
        here |= set(chosen.order_by().filter(pk__in=elsewhere).values_list("pk", flat=True))
    return here


def arrived(
    chosen: ConversationQuerySet, listing: Listing, rows: list[UUID], since: float
) -> tuple[int, bool]:
    """How many are new to a page of these rows (at most one more than `MOST_NEW`), and whether any belongs on it."""
    here = len(set(listing.ids) - set(rows))
    known = {*listing.ids, *rows}
    elsewhere = chosen.order_by().filter(appeared_at__gt=since).exclude(pk__in=known)
    return min(here + elsewhere[: MOST_NEW + 1].count(), MOST_NEW + 1), bool(here)
