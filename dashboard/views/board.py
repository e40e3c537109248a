"""The board: what is live, of what this person may see, refreshed by polling."""

from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from conversations import board as rows_of
from conversations import lookups
from conversations.board import Row
from conversations.catalogue import Sight
from conversations.models.conversation import ConversationQuerySet
from dashboard import addresses, columns, holding, listing, offers, polling, scope_seen, tabs
from dashboard.columns import Columns
from dashboard.counting import Counter
from dashboard.filters import BoardFilter
from dashboard.headings import headings
from dashboard.holding import Shown
from dashboard.listing import Listing
from dashboard.people import StaffRequest
from dashboard.polling import Stamp
from dashboard.scope_seen import Known

PAGE = "dashboard/board.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for."""

    request: StaffRequest
    stamp: Stamp
    sight: Sight
    filter: BoardFilter
    chosen: ConversationQuerySet
    columns: Columns

    @property
    def known(self) -> Known:
        return scope_seen.known(self.request.user, self.stamp.eyes)

    @property
    def listing(self) -> Listing:
        return listing.find(self.stamp.shared, self.request.GET, self.chosen)


@require_GET
def board(request: StaffRequest) -> HttpResponse:
    """The page: views, filters, the first rows, and the poller that keeps them fresh."""
    if (address := addresses.added(request.GET)) is not None:
        return redirect(f"{reverse('board')}{'?' if address else ''}{address}")
    asked = _asked(request, polling.stamp(request))
    offers.fill(asked.filter, asked.stamp.eyes)
    built_in, attributes = columns.choices(asked.columns, asked.sight)
    context = {
        **_news(asked, Shown()),
        **_frame(asked),
        "filter": asked.filter,
        "conditions": [
            (each, addresses.without(request.GET, each.name, each.value))
            for each in asked.filter.attributes.conditions
        ],
        "offered": offers.attributes(asked.sight, asked.stamp.eyes),
        "sizes": listing.SIZES,
        "built_in": built_in,
        "attributes": attributes,
        "here": addresses.written(request.GET),
        "view_query": addresses.view(request.GET),
        "own_view": tabs.current(request),
        "heard": polling.heard(asked.known.fresh),
    }
    return render(request, PAGE, context)


@require_GET
def rows(request: StaffRequest) -> HttpResponse:
    """The fragment: rows, counts and the next poller; while it is paused, only how many are new."""
    stamp = polling.stamp(request)
    fresh = scope_seen.known(request.user, stamp.eyes).fresh
    if answer := polling.unchanged(request, stamp.tag, fresh):
        return answer
    asked, shown = _asked(request, stamp), Shown.of(request)
    if shown.mode == holding.PAUSE:
        context = {**_announced(asked, shown, list(shown.ids)), "tag": stamp.tag}
        return polling.fragment(request, f"{PAGE}#paused", context, stamp.tag, fresh=fresh)
    news = _news(asked, shown)
    context, tag = {**news, **_frame(asked)}, str(news["tag"])
    return polling.fragment(request, f"{PAGE}#rows", context, tag, fresh=fresh)


def _asked(request: StaffRequest, stamp: Stamp) -> Asked:
    sight = Sight(request.user)
    filtered = BoardFilter(request.GET, rows_of.rows(request.user), sight)
    return Asked(request, stamp, sight, filtered, filtered.find(), Columns.of(sight))


def _news(asked: Asked, shown: Shown) -> dict[str, object]:
    """What a poll brings: rows, counts, what is new. Without a tag where the next poll has to look again."""
    user = asked.request.user
    found = asked.listing
    staying = listing.staying(asked.chosen, found, shown.ids) if shown.holds else set(found.ids)
    gone = [each for each in shown.ids if each not in staying]
    lingering = rows_of.lingering(user, gone) if gone else set()
    arranged = holding.arrange(found.ids, shown, staying, lingering)
    counter = Counter(asked.stamp.version)
    views = tabs.saved(asked.request, asked.sight, asked.stamp.eyes, counter)
    # Such a row leaves by the clock, and such a count is taken again, without news.
    settled = counter.settled and not lingering
    return {
        **_announced(asked, shown, arranged),
        "rows": _rows(asked, arranged),
        "names": asked.columns.names,
        "page": found.page,
        "live": listing.live(asked.stamp.seen, rows_of.rows(user)),
        "views": views,
        "known": asked.known.coverage,
        "gaps": asked.known.gaps,
        "attention": rows_of.needing_attention(user).count(),
        "tag": asked.stamp.tag if settled else "",
    }


def _announced(asked: Asked, shown: Shown, arranged: list[UUID]) -> dict[str, object]:
    """What is new to a page that shows these rows, and the poller that will ask again."""
    found = asked.listing
    fresh, here, at = 0, False, found.at
    if shown.holds:
        fresh, here = listing.arrived(asked.chosen, found, arranged, shown.at)
        at = shown.at
    query = asked.request.GET
    return {
        "fresh": fresh,
        "fresh_words": f"{listing.MOST_NEW}+" if fresh > listing.MOST_NEW else str(fresh),
        "fresh_here": here,
        "fresh_query": addresses.written(query)
        if here
        else addresses.changed(query, sort="-started"),
        "at": at,
        "query": query.urlencode(),
        "wait": polling.wait(),
    }


def _rows(asked: Asked, ids: list[UUID]) -> list[Row]:
    """The rows, kept by what they show and how new that is."""
    name = f"rows:{asked.stamp.shared}:{hash(tuple(ids))}"
    known: list[Row] | None = cache.get(name)
    if known is None:
        page = rows_of.fetch(asked.request.user, ids)
        lookups.before_eyes(page)
        known = rows_of.fill(page, asked.sight, asked.columns.keys)
        cache.set(name, known, listing.KEEP_SECONDS)
    return known


def _frame(asked: Asked) -> dict[str, object]:
    """What stands around the rows."""
    query = asked.request.GET
    return {
        "columns": headings(query, asked.columns, asked.sight),
        "filtered": bool(addresses.filters(query)),
        "refusals": asked.filter.refusals,
    }
