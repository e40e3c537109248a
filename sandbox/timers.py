"""The world's clock: callbacks that come due faster, slower or not at all when its speed is
changed.
"""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

Callback = Callable[[], None]

LONGEST_STRETCH = 0.005
"""Seconds of callbacks in one go: requests must not wait behind ten thousand due conversations."""


class Timers:
    """A heap of callbacks on a clock whose speed can be set; 0 stops it."""

    def __init__(self, speed: float = 1.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Callback]] = []
        self._order = count()
        self._base = (self._loop.time(), 0.0)
        self._alarm: asyncio.TimerHandle | None = None
        self.speed = speed

    def now(self) -> float:
        """Seconds on the world's own clock."""
        real, world = self._base
        return world + (self._loop.time() - real) * self.speed

    def after(self, seconds: float, callback: Callback) -> None:
        """Call back when so many of the world's seconds have passed."""
        due = self.now() + seconds
        heapq.heappush(self._heap, (due, next(self._order), callback))
        if self._heap[0][0] == due:
            self._set_alarm()

    def set_speed(self, speed: float) -> None:
        """Let the clock run at another speed from now on."""
        self._base = (self._loop.time(), self.now())
        self.speed = speed
        self._set_alarm()

    def clear(self) -> None:
        """Forget everything that was planned."""
        self._heap.clear()
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._heap and self.speed > 0:
            wait = max(0.0, (self._heap[0][0] - self.now()) / self.speed)
            self._alarm = self._loop.call_later(wait, self._ring)

    def _ring(self) -> None:
        stop = self._loop.time() + LONGEST_STRETCH
        while self._heap and self._heap[0][0] <= self.now() and self._loop.time() < stop:
            heapq.heappop(self._heap)[2]()
        self._set_alarm()
