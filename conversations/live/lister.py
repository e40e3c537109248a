"""List what is live: the only way to hear of what no event tells, and to notice that something is over.

A listing of ten thousand conversations costs a hundred calls. So all of it is listed seldom, spread so that it takes a
small part of the calls; in between only the newest pages are, until one brings nothing new.

Pages move while they are read: what ends makes all that comes after it move up, and what has just moved onto a page
read before would be missed. So all of it is listed oldest first and read from the last page to the first: what moves up
comes twice, and what begins meanwhile is told by its event and found among the newest.
"""

import math
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F
from django.db.models.functions import Greatest

from conversations import budget, mirror
from conversations.budget import Use
from conversations.genesys import Client
from conversations.genesys.shapes import Conversation as Shown
from conversations.genesys.shapes import ListedPage
from conversations.live.chore import Chore
from conversations.mirror import LAG_SECONDS, Reading
from conversations.models import Conversation, Feed
from conversations.models.clock import now
from conversations.models.conversation import ConversationQuerySet

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: The newest are listed this often (seconds), all of them at most this often, and with at most this part of the calls.
NEWEST_SECONDS = 60.0
ALL_SECONDS = 300.0
SHARE_OF_CALLS = 0.1
#: The first listing waits so long (seconds) for the line to be open.
WITHOUT_A_LINE_SECONDS = 15.0
#: Conversations on a page, the most there may be (API.md 6.1).
PAGE = 100
#: Whatever an answer says, no more pages than these are believed to exist before one of them was seen.
MOST_PAGES = 1000
#: How far back the oldest live conversation may have started. A conversation matches if it started on a day the
#: interval touches; 31 days is the reported maximum of the interval (API.md 6.1).
REACH_DAYS = 2
#: The end of the interval lies in the future: a scan that ends "now" misses what starts meanwhile.
AHEAD_DAYS = 1
#: With more queues than this a filter would be too long; everything is listed then.
MOST_QUEUES_TO_NAME = 100

Interval = tuple[datetime, datetime]


class Lister(Chore):
    """Keeps the rows of live conversations complete."""

    def __init__(self, genesys: Client) -> None:
        super().__init__("lister")
        self._genesys = genesys
        # Better after the line is open: what begins while it opens would be missing.
        self._all_due = self._newest_due = time.monotonic() + WITHOUT_A_LINE_SECONDS
        #: The first listing since nobody listened is still going on; reads that can wait come after it.
        self.behind = True
        #: None was complete since nobody listened.
        self._after_a_gap = True
        self._queue_ids: Collection[UUID] = ()
        #: How often a gap was to be healed.
        self._asked = 0

    def heal_gap(self, queue_ids: Collection[UUID]) -> None:
        """List everything now: nobody told us what happened meanwhile. Only these queues, if any are named."""
        self._queue_ids = queue_ids if len(queue_ids) <= MOST_QUEUES_TO_NAME else ()
        self._asked += 1  # first: a listing that ends just now must know
        self._all_due, self.behind, self._after_a_gap = time.monotonic(), True, True
        self.wake()

    def work(self) -> float:
        moment = time.monotonic()
        if moment >= self._all_due:
            self._all_due = self._list_all_in_time()
            self._newest_due = time.monotonic() + NEWEST_SECONDS
        elif moment >= self._newest_due:
            self._list_newest()
            self._newest_due = time.monotonic() + NEWEST_SECONDS
        return max(0.0, min(self._all_due, self._newest_due) - time.monotonic())

    def _list_all_in_time(self) -> float:
        """List all; says when to do so again. After a gap that is soon: a listing lags, so what ended shortly before
        the gap was healed is listed still, and no event will ever tell."""
        asked, after_a_gap = self._asked, self._after_a_gap
        try:
            calls = self._list_all()
        finally:
            # Complete or not: it may fail for ever, and what was missed in the gap must be read all the same.
            self.behind = asked != self._asked
        if self.behind:  # a gap came in the middle, and what began in it may be missing
            return time.monotonic()
        self._after_a_gap = False
        return time.monotonic() + (LAG_SECONDS if after_a_gap else _pause_for(calls))

    def _list_all(self) -> int:
        """Every page; what is on none of them any more is to be looked at. Returns the calls made."""
        started, interval = now(), _interval()
        newest = self._page(interval, 1)
        self._record(newest.conversations)
        beyond = last = min(MOST_PAGES, math.ceil(newest.total / PAGE))
        while beyond and self._list_page(interval, beyond):
            beyond += 1
        for page in range(last - 1, 0, -1):
            self._list_page(interval, page)
        calls = beyond + 1
        if not self.stopping:
            ghosts = _not_mentioned_since(started)
            mirror.want(ghosts, Reading.DOUBT)
            Feed.objects.update_or_create(defaults={"listed_at": started})
            log.info("everything live listed", calls=calls, unmentioned=ghosts.count())
        return calls

    def _list_page(self, interval: Interval, page: int) -> bool:
        """One page of the oldest; says whether anything is on it."""
        if self.stopping:
            return False
        listed = self._page(interval, page, oldest_first=True).conversations
        self._record(listed)
        return bool(listed)

    def _list_newest(self) -> None:
        """Pages from the newest on, until one has nothing new."""
        interval, page = _interval(), 1
        while self._record(self._page(interval, page).conversations) and not self.stopping:
            page += 1

    def _record(self, listed: Collection[Shown]) -> bool:
        """Says whether any was new. One that cannot be recorded is said and skipped."""
        live = [each for each in listed if each.ended_at is None]
        try:
            return bool(mirror.record_listed(live))
        except mirror.UNRECORDABLE:
            return sum(map(_record_alone, live)) > 0

    def _page(self, interval: Interval, page: int, *, oldest_first: bool = False) -> ListedPage:
        budget.wait_for(Use.FEED)
        answer = self._genesys.live_conversations(
            *interval,
            page,
            page_size=PAGE,
            oldest_first=oldest_first,
            queue_ids=self._queue_ids,
        )
        budget.learn(answer.rates)
        return answer.value


def _record_alone(shown: Shown) -> bool:
    try:
        return bool(mirror.record_listed([shown]))
    except mirror.UNRECORDABLE as error:
        log.warning(
            "listed conversation could not be recorded",
            conversation=str(shown.id),
            error=type(error).__name__,
        )
        return False


def _interval() -> Interval:
    today = datetime.now(UTC)
    return today - timedelta(days=REACH_DAYS), today + timedelta(days=AHEAD_DAYS)


def _pause_for(pages: int) -> float:
    """Seconds until everything may be listed again."""
    standing = budget.standing()
    calls_a_second = 0.9 * standing.row.allowed / 60 if standing else 1.0
    return max(ALL_SECONDS, pages / (SHARE_OF_CALLS * calls_a_second))


def _not_mentioned_since(started: float) -> ConversationQuerySet:
    """Live as far as we know, but neither listed in the scan that began then nor heard or read of lately, as it once
    was."""
    return (
        Conversation.objects.live()
        .annotate(told_at=Greatest(F("heard_at"), F("asked_at")))
        .filter(listed_at__lt=started, told_at__lt=started - LAG_SECONDS)
        .exclude(listed_at=0, told_at=0)
    )
