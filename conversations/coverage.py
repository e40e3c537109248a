"""How much of what is live is known, how fresh it is, and what cannot be seen and why.

Of all that is live it is counted by the leading listener every few seconds and kept in the row of the feed: no page
counts ten thousand rows. Whoever sees a part of it has that part counted.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, FloatField, Min, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from conversations.models import Conversation, Feed, FeedTopic, Queue
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


@dataclass(frozen=True, slots=True)
class Unheard:
    """A queue whose events do not reach us: its conversations are only read."""

    id: UUID
    name: str
    #: What Genesys said to it; empty: it is not followed.
    refusal: str


def current() -> Coverage:
    """As last counted."""
    feed = Feed.objects.first()
    if feed is None or not feed.coverage:
        return Coverage()
    refused = tuple((str(each[0]), int(each[1]), int(each[2])) for each in feed.coverage["refused"])
    return Coverage(**{**feed.coverage, "refused": refused})


def count() -> Coverage:
    """Count all that is live anew, and keep it for the pages."""
    coverage = of(Conversation.objects.live())
    Feed.objects.update_or_create(defaults={"coverage": asdict(coverage)})
    return coverage


def of(live: QuerySet[Conversation]) -> Coverage:
    """Count some of what is live. One pass over the rows: some 20 ms for ten thousand."""
    feed_heard_at = Feed.objects.values_list("heard_at", flat=True).first() or 0.0
    followed = list(FeedTopic.objects.filter(since__gt=0).values_list("queue_id", flat=True))
    rows = live.order_by().annotate(told_at=Greatest(F("heard_at"), F("asked_at")))
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
    return Coverage(at=now(), refused=_refused(live), **found)


def unheard(queues: Collection[UUID]) -> list[Unheard]:
    """Those of these queues whose events do not reach us while the line is up, by name."""
    if not Feed.objects.filter(opened_at__gt=0).exists():
        return []  # nothing is heard at all, and every page says so
    topics = FeedTopic.objects.in_bulk(list(queues))
    deaf = [pk for pk in queues if pk not in topics or not topics[pk].since]
    names = dict(Queue.objects.filter(pk__in=deaf).values_list("pk", "name"))
    found = [
        Unheard(pk, names.get(pk) or str(pk), topics[pk].refusal if pk in topics else "")
        for pk in deaf
    ]
    return sorted(found, key=lambda each: each.name)


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


def _refused(live: QuerySet[Conversation]) -> tuple[tuple[str, int, int], ...]:
    counts: Counter[tuple[str, int]] = Counter()
    rows = live.filter(read_refused__isnull=False)
    for divisions, status in rows.values_list("division_ids", "read_refused"):
        for division in divisions or [""]:
            counts[division, status or 0] += 1
    most = counts.most_common(MOST_DIVISIONS)
    return tuple((division, status, number) for (division, status), number in most)
