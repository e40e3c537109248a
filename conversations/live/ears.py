"""The lines to Genesys, each read by a thread of its own, so that no event waits for what another one causes."""

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from weakref import WeakKeyDictionary

import structlog

from conversations import budget
from conversations.budget import Use
from conversations.genesys import Client
from conversations.genesys.notifications import Drop, Dropped, Line, Notice
from conversations.genesys.shapes import Subscription
from conversations.live import mishap

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: A channel takes this many topics (API.md 7.1).
TOPICS_OF_A_LINE = 1000
#: A channel lives 24 hours (API.md 7.1); before that it is replaced.
LONGEST_LIFE_SECONDS = 20 * 3600.0


@dataclass(frozen=True, slots=True)
class _Gone:
    """The last word of a line."""

    line: Line
    why: Dropped


class Ears:
    """As many lines as the topics need. What they hear is taken in the order in which it arrived."""

    def __init__(self, genesys: Client, topics: Sequence[str]) -> None:
        """Open them all; raises `GenesysError` or `Dropped` when one does not open."""
        self._genesys = genesys
        self._heard = queue.SimpleQueue[Notice | _Gone]()
        self._gone: Dropped | None = None
        #: Lines that have come to their end, known at once: what they heard before may still wait to be taken.
        self._ended = WeakKeyDictionary[Line, Dropped]()
        self._lines: list[Line] = []
        self._open_all(topics)

    def renew(self, topics: Sequence[str]) -> None:
        """Open new lines before the old ones are closed, so that nothing is missed; if they do not open, the old ones
        go on, and the error is raised. `Dropped`, now and from `take`, if an old one ended before the new ones were
        open: that is a gap."""
        old, self._lines = self._lines, []
        try:
            self._open_all(topics)
        except BaseException:
            self._lines = old
            raise
        self._gone = next((self._ended[each] for each in old if each in self._ended), self._gone)
        for line in old:
            line.close()
        self._raise_if_gone()

    def _open_all(self, topics: Sequence[str]) -> None:
        try:
            for first in range(0, len(topics), TOPICS_OF_A_LINE):
                self._open(topics[first : first + TOPICS_OF_A_LINE])
        except BaseException:
            self.close()
            raise
        self.topics, self.opened = frozenset(topics), time.monotonic()

    def _open(self, topics: Sequence[str]) -> None:
        for _ in range(2):
            budget.wait_for(Use.LOOK)  # the two calls that open a line come before the feed's reads
        line = Line(self._genesys, topics)
        self._lines.append(line)
        threading.Thread(target=self._listen, args=(line,), name="ear", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for line in self._lines:
            line.close()

    @property
    def subscriptions(self) -> list[Subscription]:
        return [each for line in self._lines for each in line.subscriptions]

    @property
    def ageing(self) -> bool:
        """Better to open new ones soon: Genesys announced the end, or the channel's life is nearly over."""
        old = time.monotonic() - self.opened > LONGEST_LIFE_SECONDS
        return old or any(line.closing for line in self._lines)

    def take(self, most: int, patience: float) -> list[Notice]:
        """What was heard since, in order; waits so many seconds for the first. Raises `Dropped` when a line is gone,
        after everything that was heard before."""
        heard: list[Notice] = []
        with suppress(queue.Empty):
            while len(heard) < most and not (heard and self._gone):
                self._raise_if_gone()
                each = self._heard.get(timeout=patience) if not heard else self._heard.get_nowait()
                if isinstance(each, Notice):
                    heard.append(each)
                elif each.line in self._lines:  # and not one that was replaced
                    self._gone = each.why
        return heard

    def _raise_if_gone(self) -> None:
        if self._gone is not None:
            raise self._gone

    def _listen(self, line: Line) -> None:
        try:
            for notice in line.notices():
                self._heard.put(notice)
        except Dropped as gone:
            self._say_gone(line, gone)
        except Exception as error:  # noqa: BLE001 - the thread's outermost frame: nobody hears this line any more
            log.error("ear failed", **mishap.facts(error))
            self._say_gone(line, Dropped(Drop.CLOSED))

    def _say_gone(self, line: Line, why: Dropped) -> None:
        self._ended[line] = why
        self._heard.put(_Gone(line, why))
