"""What the listener writes down about the line itself, for pages and for whoever judges what an event may prove."""

import structlog
from django.db import DatabaseError, close_old_connections, transaction

from conversations import budget
from conversations.edits import reasons
from conversations.genesys import GenesysError
from conversations.genesys.notifications import Drop, Dropped, queue_topic
from conversations.live.ears import Ears
from conversations.models import Feed, FeedTopic, Queue, Reason, Says

_DROPPED = {
    Drop.SILENT: Says.LINE_SILENT,
    Drop.CLOSED: Says.LINE_CLOSED,
    Drop.NO_SOCKET: Says.NO_LINE,
    Drop.REVOKED: Says.TOKEN_REVOKED,
    Drop.UNSUBSCRIBED: Says.UNSUBSCRIBED,
    Drop.STOOD_STILL: Says.STOOD_STILL,
}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def opened(ears: Ears, since: float) -> None:
    """Everything is heard from now on, after a gap. Moments are epoch seconds of the database."""
    with transaction.atomic():
        Feed.objects.update_or_create(
            defaults={"opened_at": since, "heard_at": since, "trouble": Reason()}
        )
        FeedTopic.objects.all().delete()
        FeedTopic.objects.bulk_create(_topics(ears, since))
    _say(ears, "feed opened")


def renewed(ears: Ears, since: float) -> None:
    """The line was replaced without a gap: what was followed still is, what is new is from now on."""
    with transaction.atomic():
        followed = dict(FeedTopic.objects.filter(since__gt=0).values_list("queue_id", "since"))
        topics = _topics(ears, since)
        for each in topics:
            each.since = followed.get(each.queue_id, each.since) if each.since else 0
        FeedTopic.objects.all().delete()
        FeedTopic.objects.bulk_create(topics)
    _say(ears, "feed renewed")


def heard(at: float) -> None:
    """The line was alive at `at`. The row may be gone: a database restored under our feet."""
    if not Feed.objects.update(heard_at=at):
        Feed.objects.create(opened_at=at, heard_at=at)


def trouble(error: Exception) -> None:
    """The line is gone; why is for people, and from now on no event proves anything."""
    log.warning("feed broken", error=type(error).__name__)
    try:
        close_old_connections()
        if isinstance(error, GenesysError):
            budget.heed(error)
        Feed.objects.update_or_create(defaults={"opened_at": 0, "trouble": _why(error)})
        FeedTopic.objects.update(since=0)
    except DatabaseError as failure:
        log.warning("feed could not be noted", error=type(failure).__name__)


def _why(trouble: Exception) -> Reason:
    if isinstance(trouble, GenesysError):
        return reasons.because(trouble)
    if isinstance(trouble, Dropped):
        return Reason.of(_DROPPED[trouble.kind])
    return Reason.of(Says.NO_DATABASE if isinstance(trouble, DatabaseError) else Says.LINE_CLOSED)


def _topics(ears: Ears, since: float) -> list[FeedTopic]:
    refused = {each.topic: each.reason for each in ears.subscriptions if not each.permitted}
    followed = [
        pk for pk in Queue.objects.values_list("pk", flat=True) if queue_topic(pk) in ears.topics
    ]
    return [
        FeedTopic(
            queue_id=pk,
            since=0 if queue_topic(pk) in refused else since,
            refusal=refused.get(queue_topic(pk), ""),
        )
        for pk in followed
    ]


def _say(ears: Ears, what: str) -> None:
    refused = sum(not each.permitted for each in ears.subscriptions)
    log.info(what, topics=len(ears.topics), refused=refused)
