"""The one clock of the engine: the database's.

Leases, due times and the request budget compare moments written by different machines. A worker whose clock is wrong by
minutes must not matter, so every such moment is the database's, as epoch seconds (one arithmetic on both databases).
"""

import time
from datetime import UTC, datetime

from django.db import connection

_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",  # Debian 12's SQLite has no unixepoch('subsec')
    "postgresql": "extract(epoch from clock_timestamp())::double precision",
}


def sql_now() -> str:
    """The SQL expression for now, in epoch seconds."""
    return _NOW[connection.vendor]


def now() -> float:
    """The database's time, in epoch seconds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql_now()}")
        [(moment,)] = cursor.fetchall()
    return float(moment)


class Clock:
    """The database's time within one step: asked once, then carried on by this machine's monotonic clock."""

    def __init__(self, started: float) -> None:
        self._started, self._monotonic = started, time.monotonic()

    def now(self) -> float:
        return self._started + time.monotonic() - self._monotonic

    def at(self, monotonic: float) -> float:
        """The database's time at a moment of this machine's monotonic clock."""
        return self._started + monotonic - self._monotonic


#: The carried clock is set anew this often (seconds), so that it does not drift from the database's.
_CARRY_SECONDS = 30.0
_carried: "tuple[float, Clock] | None" = None


def carried_now() -> float:
    """About the database's time, without asking it each time: for what is shown and for polls, never for leases."""
    global _carried  # noqa: PLW0603 - one clock a process; two threads that set it set the same
    if _carried is None or time.monotonic() - _carried[0] > _CARRY_SECONDS:
        _carried = (time.monotonic(), Clock(now()))
    return _carried[1].now()


def moment(epoch: float) -> datetime:
    """Epoch seconds as the aware time that rows for people hold."""
    return datetime.fromtimestamp(epoch, UTC)
