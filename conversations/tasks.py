"""Celery's doors: have a look at this lane, look for this conversation. The rooms are elsewhere."""

import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import close_old_connections, transaction
from kombu.exceptions import OperationalError

from conversations import connection_test, lookups
from conversations.census import CensusTaker
from conversations.connection import genesys
from conversations.diagnosis import run as diagnosing
from conversations.edits import step
from conversations.edits.rounds import Alarms, Sweep
from conversations.models import diagnosis as diagnoses

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: After a failure the broker is left alone for so long: a page must not pay for a dead one at every click.
BROKER_PAUSE_SECONDS = 5.0
#: How long a busy thread of a worker may keep the others waiting, instead of Python's 5 ms: one that has an answer to
#: write down runs a dozen statements, and waits anew after each.
SWITCH_SECONDS = 0.0005
#: How many diagnoses one round of the sweep (half a second) begins.
DIAGNOSES_A_ROUND = 4


class _Broker:
    """Whether this process may try the broker now."""

    avoided_until = 0.0


_alarms: Alarms | None = None


@shared_task(name="midcall.look_at")
def look_at(lane_id: int) -> None:
    """Do what is due for one participant's edits."""
    close_old_connections()
    due_in = step.work(lane_id, genesys())
    if _alarms is not None:
        _alarms.set(lane_id, due_in)


@shared_task(name="midcall.look_up")
def look_up(conversation_id: str) -> None:
    """Read a conversation somebody asked for."""
    close_old_connections()
    for lane_id in lookups.carry_out(UUID(conversation_id), genesys()):
        nudge(lane_id)


@shared_task(name="midcall.test_connection")
def try_connection(_: str = "") -> None:
    """Try the connection to Genesys, because an admin asked."""
    close_old_connections()
    connection_test.carry_out()


@shared_task(name="midcall.diagnose")
def diagnose(edit_id: str) -> None:
    """Find out why an edit did not stick."""
    close_old_connections()
    for lane_id in diagnosing.carry_out(UUID(edit_id), genesys()):
        nudge(lane_id)


def nudge(lane_id: int) -> None:
    """Have the lane looked at soon, once the transaction is committed; if the broker is away, the sweep will do it."""
    transaction.on_commit(partial(_publish, look_at, lane_id), robust=True)


def ask_for(conversation_id: UUID) -> None:
    """Have a conversation looked up soon; if the broker is away, the page asks again."""
    transaction.on_commit(partial(_publish, look_up, str(conversation_id)), robust=True)


def test_connection() -> None:
    """Have the connection tested soon; if the broker is away, the page asks again."""
    transaction.on_commit(partial(_publish, try_connection, ""), robust=True)


def _publish(task: Any, argument: int | str) -> None:
    if time.monotonic() < _Broker.avoided_until:
        return
    try:
        task.delay(argument)
    except (OperationalError, OSError) as error:
        _Broker.avoided_until = time.monotonic() + BROKER_PAUSE_SECONDS
        log.warning("broker could not be reached", error=type(error).__name__)


@worker_ready.connect
def start_rounds(sender: Any, **_: Any) -> None:
    """In every worker: lanes due soon, and lanes nobody was nudged for, go straight to this worker's own threads.

    Not through the broker: what keeps edits moving while the broker is away must not need it.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    global _alarms  # noqa: PLW0603 - one per process, made when the worker is ready
    room = WaitingRoom(sender.pool, _look_at_and_log)
    _alarms = Alarms(room.attend)
    _alarms.start()
    Sweep(room.attend, partial(_look_for_causes, sender.pool)).start()
    CensusTaker().start()


class WaitingRoom:
    """The lanes that wait for a thread of this worker, each once.

    While all threads are busy the sweep finds the same lanes every few seconds. Let in each time, thousands would wait
    before long, and a new edit behind all of them.
    """

    def __init__(self, pool: Any, work: Callable[[int], None]) -> None:
        self._pool, self._work = pool, work
        self._waiting: set[int] = set()
        self._lock = threading.Lock()

    def attend(self, lane_id: int) -> None:
        """Have the lane worked on, without waiting for it."""
        with self._lock:
            if lane_id in self._waiting:
                return
            self._waiting.add(lane_id)
        try:
            self._pool.apply_async(self._take_turn, (lane_id,))
        except BaseException:
            self._leave(lane_id)
            raise

    def _take_turn(self, lane_id: int) -> None:
        # Before the work: it may be too far already to see why somebody asks from now on.
        self._leave(lane_id)
        self._work(lane_id)

    def _leave(self, lane_id: int) -> None:
        with self._lock:
            self._waiting.discard(lane_id)


def _look_for_causes(pool: Any) -> None:
    """Few at a time: the threads of the pool are there for edits."""
    for edit_id in diagnoses.take_due(DIAGNOSES_A_ROUND):
        pool.apply_async(_diagnose_and_log, (edit_id,))


def _diagnose_and_log(edit_id: UUID) -> None:
    """As `_look_at_and_log`."""
    try:
        diagnose.run(str(edit_id))
    except Exception:
        log.exception("cause could not be looked for", edit=str(edit_id))


def _look_at_and_log(lane_id: int) -> None:
    """The outermost frame of such a call: without a task around it an error would vanish with the thread's future."""
    try:
        look_at.run(lane_id)
    except Exception:
        log.exception("lane could not be worked on", lane=lane_id)
