"""The rounds of a worker: lanes woken on time, lanes nobody was nudged for, a sign of life.

A step that ends with "due in 0.25 s" is set as an alarm here and woken on time; without it the sweep's spacing would
make looks within a second impossible. The rows stay the truth: what is lost with this process, the sweep of any other
finds. Every worker sweeps; the statement that takes lanes gives each to one of them.
"""

import heapq
import os
import socket
import threading
import time
from collections.abc import Callable

import structlog
from django.db import close_old_connections

from conversations.edits import watch
from conversations.models import Heartbeat, tally
from conversations.models import lane as lanes
from conversations.models.clock import now as database_now
from conversations.outage import Outage
from conversations.setback import Comparison

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: Lanes due later than this are left to the sweep.
SOON_SECONDS = 5.0
SWEEP_SECONDS = 0.5
SWEEP_LIMIT = 200
HEARTBEAT_SECONDS = 5.0
#: A lane that has been due for longer than this (seconds) was forgotten by nudge and alarm: the sweep rescued it.
RESCUE_SECONDS = 1.0
#: How often a worker counts what has happened, for metrics.
TALLY_SECONDS = 30.0

#: How a worker has a lane worked on, without waiting for it.
Attend = Callable[[int], None]


class Alarms(threading.Thread):
    """Wakes lanes at the moment they are due. Never touches the database: a busy one must not make it late."""

    def __init__(self, attend: Attend) -> None:
        super().__init__(name="alarms", daemon=True)
        self._attend = attend
        self._heap: list[tuple[float, int]] = []
        self._changed = threading.Condition()

    def set(self, lane_id: int, due_in: float | None) -> None:
        """Have a lane worked on in so many seconds, if that is soon."""
        if due_in is None or due_in > SOON_SECONDS:
            return
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + due_in, lane_id))
            self._changed.notify()

    def run(self) -> None:
        while True:
            self._attend(self._next())

    def _next(self) -> int:
        """Sleep until the first alarm goes off."""
        with self._changed:
            while not self._heap or self._heap[0][0] > time.monotonic():
                self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
            return heapq.heappop(self._heap)[1]


class Sweep(threading.Thread):
    """Finds lanes that are due and that nobody has: the net under nudges and alarms. Also the worker's sign of life."""

    def __init__(self, attend: Attend, also: Callable[[], None]) -> None:
        """`also`: what else is due in every round, once the lanes are seen to."""
        super().__init__(name="sweep", daemon=True)
        self._attend, self._also = attend, also
        self._beaten = self._tallied = 0.0
        self._comparison = Comparison()

    def run(self) -> None:
        """Until the process ends. The outermost loop: whatever happens is logged and tried again."""
        outage = Outage("sweep", log)
        while True:
            started = time.monotonic()
            try:
                close_old_connections()
                self._round(started)
            except Exception as error:  # noqa: BLE001
                outage.met(error)
            else:
                outage.over()
            time.sleep(max(0.0, started + SWEEP_SECONDS - time.monotonic()))

    def _round(self, now: float) -> None:
        self._comparison.round()
        if now - self._beaten >= HEARTBEAT_SECONDS:
            beat("worker")
            self._beaten = now
        overdue = lanes.take_overdue(SWEEP_LIMIT)
        for lane_id, _ in overdue:
            self._attend(lane_id)
        rescued = sum(late > RESCUE_SECONDS for _, late in overdue)
        if rescued:
            tally.add(tally.RESCUED, rescued)
        for lane_id in watch.look_late(SWEEP_LIMIT):
            self._attend(lane_id)
        self._also()
        if now - self._tallied >= TALLY_SECONDS:
            tally.catch_up()
            self._tallied = now


def beat(kind: str) -> None:
    """Write this process's sign of life."""
    now = database_now()
    name = f"{kind}:{socket.gethostname()}:{os.getpid()}"
    if not Heartbeat.objects.filter(pk=name).update(at=now):
        Heartbeat.objects.create(name=name, kind=kind, started_at=now, at=now)
        Heartbeat.objects.filter(at__lt=now - 3600).delete()
