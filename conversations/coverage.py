"""How much of what is live is known, how fresh it is, and what cannot be seen and why.

Counted by the leading listener every few seconds and kept in the row of the feed: no page counts ten thousand rows.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, FloatField, Min, Q, Value, When
from django.db.models.functions import Greatest

from conversations.models import Conversation, Feed, FeedTopic
from conversations.models.clock import moment, now

Reading = Conversation.Reading

#: Divisions named at most; more would be a list nobody reads.
MOST_DIVISIONS = 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts are of live conversations, moments epoch seconds of the database."""

    #: When it was counted; 0: never.
    at: float = 0.0
    live: int = 0
    #: Their attributes are known, and nothing speaks against them.
    known: int = 0
    #: Known once, but something may have changed while nobody listened, or an event put it in doubt.
    doubtful: int = 0
    #: Never seen: no event yet, and not read yet.
    unknown: int = 0
    #: What has told us of them: an event at least; a read, but no event; the listing alone.
    by_events: int = 0
    by_reads: int = 0
    by_listing: int = 0
    #: Since when the one we know least freshly may have changed without our knowing; None: nothing is live.
    oldest_news: float | None = None
    #: Conversations Genesys refuses to show us: division, status of the answer, how many.
    refused: tuple[tuple[str, int, int], ...] = ()

    @property
    def oldest(self) -> datetime | None:
        """The oldest news, as a moment for people."""
        return moment(self.oldest_news) if self.oldest_news else None


def current() -> Coverage:
    """As last counted."""
    feed = Feed.objects.first()
    if feed is None or not feed.coverage:
        return Coverage()
    refused = tuple((str(each[0]), int(each[1]), int(each[2])) for each in feed.coverage["refused"])
    return Coverage(**{**feed.coverage, "refused": refused})


def count() -> Coverage:
    """Count anew, and keep it for the pages. One pass over the live rows: some 20 ms for ten thousand."""
    feed_heard_at = Feed.objects.values_list("heard_at", flat=True).first() or 0.0
    followed = list(FeedTopic.objects.filter(since__gt=0).values_list("queue_id", flat=True))
    rows = Conversation.objects.live().annotate(told_at=Greatest(F("heard_at"), F("asked_at")))
    known = Q(known_since__gt=0)
    found: dict[str, Any] = rows.aggregate(
        live=Count("pk"),
        known=Count("pk", filter=known & Q(reading__lt=Reading.FILL)),
        doubtful=Count("pk", filter=known & Q(reading__gte=Reading.FILL)),
        unknown=Count("pk", filter=Q(known_since=0)),
        by_events=Count("pk", filter=Q(heard_at__gt=0)),
        by_reads=Count("pk", filter=Q(heard_at=0, asked_at__gt=0)),
        by_listing=Count("pk", filter=Q(heard_at=0, asked_at=0)),
        oldest_news=Min(_newest_news(followed, feed_heard_at)),
    )
    coverage = Coverage(at=now(), refused=_refused(), **found)
    Feed.objects.update_or_create(defaults={"coverage": asdict(coverage)})
    return coverage


def _newest_news(followed: Collection[UUID], feed_heard_at: float) -> Case:
    """Of one conversation: where every event is heard, silence means that nothing changed; else what was last told."""
    told = Greatest(F("told_at"), F("listed_at"))
    by_events = When(
        queue_id__in=followed,
        known_since__gt=0,
        reading__lt=Reading.FILL,
        then=Greatest(told, Value(feed_heard_at)),
    )
    return Case(by_events, default=told, output_field=FloatField())


def _refused() -> tuple[tuple[str, int, int], ...]:
    counts: Counter[tuple[str, int]] = Counter()
    rows = Conversation.objects.live().filter(read_refused__isnull=False)
    for divisions, status in rows.values_list("division_ids", "read_refused"):
        for division in divisions or [""]:
            counts[division, status or 0] += 1
    most = counts.most_common(MOST_DIVISIONS)
    return tuple((division, status, number) for (division, status), number in most)
