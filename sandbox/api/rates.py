"""The rate limit: so many requests a minute and token, in a fixed or a sliding minute (UNKNOWN
12).
"""

import math
import time
from collections import deque
from dataclasses import dataclass, field

from sandbox.switches import Switches

MINUTE = 60.0


@dataclass(slots=True)
class Minute:
    """The calls one holder made in the running minute."""

    began: float = 0.0
    count: int = 0
    calls: deque[float] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a holder stands after a call."""

    count: int
    allowed: int
    reset: int
    is_over: bool

    def headers(self) -> dict[str, str]:
        """The recorded headers: all three on every answer."""
        return {
            "inin-ratelimit-count": str(self.count),
            "inin-ratelimit-allowed": str(self.allowed),
            "inin-ratelimit-reset": str(self.reset),
        }


def untouched(allowed: int) -> Standing:
    """Where somebody stands whose call was not counted: a login, or a call without a good token."""
    return Standing(0, allowed, int(MINUTE), is_over=False)


class Rates:
    """Counts calls by holder: a token, or a client that logs in."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._minutes: dict[str, Minute] = {}

    def count(self, holder: str) -> Standing:
        """Count one more call, or find that there is no room for it."""
        minute = self._minutes.setdefault(holder, Minute())
        slide = self._switches.rate_window == "sliding"
        return self._sliding(minute) if slide else self._fixed(minute)

    def forget(self) -> None:
        """Begin all minutes anew."""
        self._minutes.clear()

    def _fixed(self, minute: Minute) -> Standing:
        now = time.monotonic()
        if now - minute.began >= MINUTE:
            minute.began, minute.count = now, 0
        return self._judge(minute, minute.count, minute.began + MINUTE - now)

    def _sliding(self, minute: Minute) -> Standing:
        now = time.monotonic()
        while minute.calls and now - minute.calls[0] >= MINUTE:
            minute.calls.popleft()
        oldest = minute.calls[0] if minute.calls else now
        standing = self._judge(minute, len(minute.calls), oldest + MINUTE - now)
        if not standing.is_over:
            minute.calls.append(now)
        return standing

    def _judge(self, minute: Minute, count: int, seconds_left: float) -> Standing:
        allowed = int(self._switches.rate_limit)
        if count >= allowed:
            return Standing(count, allowed, math.ceil(seconds_left), is_over=True)
        minute.count = count + 1
        return Standing(count + 1, allowed, int(seconds_left) + 1, is_over=False)
