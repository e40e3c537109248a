"""Read the conversations of which we do not know enough, the most urgent first, within the request budget."""

import queue
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Semaphore
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections, connection, transaction

from conversations import budget, mirror
from conversations.budget import HeldBack, Use
from conversations.edits import watch
from conversations.genesys import Client, GenesysError, Refused
from conversations.live import mishap
from conversations.live.chore import Chore, asked_to_wait
from conversations.mirror import Reading
from conversations.models.clock import now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: A read that hangs must not hold up the others.
AT_ONCE = 4
#: Wishes of other processes, a page's for instance, are found this soon.
IDLE_SECONDS = 1.0


class Reader(Chore):
    """Takes a call from the budget first, and only then the conversation that matters most by now."""

    def __init__(
        self, genesys: Client, nudge: Callable[[int], None], listing: Callable[[], bool]
    ) -> None:
        """`listing`: whether the first listing is still going on, which comes before reads nobody waits for."""
        super().__init__("reader")
        self._genesys, self._nudge, self._listing = genesys, nudge, listing
        self._waiting: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
        self._free = Semaphore(AT_ONCE)

    def run(self) -> None:
        hands = [
            threading.Thread(target=self._read_on, name=f"read-{number}", daemon=True)
            for number in range(AT_ONCE)
        ]
        for each in hands:
            each.start()
        super().run()
        for _ in hands:
            self._waiting.put(None)

    def work(self) -> float:
        least = Reading.DOUBT if self._listing() else Reading.CHECK
        if not mirror.any_to_read(least):
            return IDLE_SECONDS
        try:
            time.sleep(budget.take(Use.FEED))
        except HeldBack as held:
            return held.seconds
        conversation_id = mirror.take_next(least)
        if conversation_id is None:
            budget.give_back()
            return IDLE_SECONDS
        self._free.acquire()
        self._waiting.put(conversation_id)
        return 0.0

    def _read_on(self) -> None:
        while (conversation_id := self._waiting.get()) is not None:
            try:
                close_old_connections()
                self._read_one(conversation_id)
            except Exception as error:  # noqa: BLE001 - the thread's outermost frame: no answer may cost a hand
                _could_not_record(conversation_id, error)
            finally:
                self._free.release()
        connection.close()

    def _read_one(self, conversation_id: UUID) -> None:
        asked_at = now()
        try:
            answer = self._genesys.conversation(conversation_id)
        except Refused as error:
            _is_refused(conversation_id, error)
            return
        except GenesysError as error:
            _could_not_read(conversation_id, error)
            return
        budget.learn(answer.rates)
        with transaction.atomic():
            news = mirror.record_read(answer.value, asked_at)
            doubted = watch.consider(news)
        for lane_id in doubted:
            self._nudge(lane_id)


def _is_refused(conversation_id: UUID, error: Refused) -> None:
    log.warning(
        "conversation may not be read",
        conversation=str(conversation_id),
        status=error.status,
        correlation_id=error.correlation_id,
    )
    if error.status == HTTPStatus.NOT_FOUND:
        mirror.forget_live(conversation_id, now())
    else:
        mirror.is_refused(conversation_id, error.status or 0)


def _could_not_record(conversation_id: UUID, error: Exception) -> None:
    """The wish stands, and is taken again after a while."""
    log.warning(
        "read could not be recorded",
        conversation=str(conversation_id),
        **mishap.facts(error),
    )
    try:
        close_old_connections()
        mirror.could_not_read(conversation_id, None)
    except DatabaseError as failure:
        log.warning("no database for a reader", error=type(failure).__name__)


def _could_not_read(conversation_id: UUID, error: GenesysError) -> None:
    log.warning("conversation could not be read", status=error.status, code=error.code)
    budget.heed(error)
    mirror.could_not_read(conversation_id, asked_to_wait(error))
