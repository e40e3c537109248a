"""Numbers beside the views of the board: kept while nothing changes, counted again at most every few seconds.

Ten thousand conversations change many times a second, and thousands of people look: a count that is a few seconds old
is shown with its age rather than counted for everybody. Kept in each web process.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache

#: A count is not taken again sooner than this (seconds), whatever changes.
REST_SECONDS = 4.0
#: In one answer.
MOST_RECOUNTS = 3
KEEP_SECONDS = 600
#: Views are counted no further: "100+".
LIMIT = 100


@dataclass(frozen=True, slots=True)
class Count:
    """A number, and when it was right."""

    #: None: it cannot be counted.
    number: int | None
    at: float
    version: str

    @property
    def words(self) -> str:
        if self.number is None:
            return "!"
        return f"{LIMIT}+" if self.number > LIMIT else str(self.number)


class Counter:
    """The counts of one answer."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._left = MOST_RECOUNTS
        #: Every count given is the newest: nothing is left to do at the next poll.
        self.settled = True

    def count(self, name: str, counted: Callable[[], int | None]) -> Count | None:
        """The number kept under this name if it is new enough, else a new one; None: not counted yet."""
        known: Count | None = cache.get(f"count:{name}")
        if known and known.version == self._version:
            return known
        if (known and time.time() - known.at < REST_SECONDS) or not self._left:
            self.settled = False
            return known
        self._left -= 1
        fresh = Count(counted(), time.time(), self._version)
        cache.set(f"count:{name}", fresh, KEEP_SECONDS)
        return fresh
