"""Take in what was heard: many events in one transaction, and what each proves or puts in doubt."""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction

from conversations import mirror
from conversations.edits import proof, watch
from conversations.genesys.notifications import Notice
from conversations.mirror import Event, News
from conversations.models import EditLane
from conversations.models.clock import Clock, now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_REST_SECONDS = 0.1
#: The state PostgreSQL gives who loses in a deadlock.
DEADLOCK = "40P01"

T = TypeVar("T")


class Intake:
    """Where the listener leaves what it has heard."""

    def __init__(self, nudge: Callable[[int], None], wake_reader: Callable[[], None]) -> None:
        self._nudge, self._wake_reader = nudge, wake_reader

    def take(self, notices: Sequence[Notice]) -> None:
        """Record the events among them. One that cannot be recorded is said and skipped."""
        clock = Clock(now()) if notices else None
        events = [
            (each.conversation, clock.at(each.received))
            for each in notices
            if clock and each.conversation
        ]
        # Two listeners at once must not wait for each other crosswise; one conversation's events keep their order.
        events.sort(key=lambda event: event[0].id)
        started = time.monotonic()
        try:
            self._record(events)
        except mirror.UNRECORDABLE:
            for event in events:
                self._record_alone(event)
        if (
            connection.vendor == "sqlite"
        ):  # has one writer: whoever sends edits needs its turn as well
            time.sleep(min(LONGEST_REST_SECONDS, time.monotonic() - started))

    def _record_alone(self, event: Event) -> None:
        try:
            self._record([event])
        except mirror.UNRECORDABLE as error:
            log.warning(
                "event could not be recorded",
                conversation=str(event[0].id),
                error=type(error).__name__,
            )

    def _record(self, events: Sequence[Event]) -> None:
        if not events:
            return
        lanes = EditLane.objects.filter(conversation_id__in={shown.id for shown, _ in events})
        edited = set(lanes.values_list("conversation_id", flat=True))
        news, doubted = _once_more(lambda: _recorded(events, edited))
        proven = [
            lane
            for each in news
            if each.conversation_id in edited
            for lane in _once_more(partial(proof.prove_by_event, each))
        ]
        for lane_id in {*proven, *doubted}:
            self._nudge(lane_id)
        if any(each.wants_a_read for each in news):
            self._wake_reader()


def _recorded(events: Sequence[Event], edited: Collection[UUID]) -> tuple[list[News], list[int]]:
    """What the events changed, and the lanes of edited conversations that are to look because of it."""
    with transaction.atomic():
        news = mirror.record_events(events)
        doubted = [lane for each in news if each.conversation_id in edited for lane in _doubt(each)]
    return news, doubted


def _once_more(transact: Callable[[], T]) -> T:
    """PostgreSQL resolves a deadlock by ending one of those in it, who may try again: it must not cost the line."""
    try:
        return transact()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
            raise
        log.warning("deadlock, tried again")
        return transact()


def _doubt(news: News) -> list[int]:
    lanes = watch.consider(news)
    if lanes:
        mirror.leave_to_others(news.conversation_id)
    return lanes
