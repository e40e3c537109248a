"""What the leader keeps in order: the counts of what is known, and rows nobody needs any more."""

import time

from conversations import coverage, housekeeping
from conversations.live.chore import Chore

#: Pages show the counts; they may be this old (seconds).
COUNT_SECONDS = 3.0
#: A batch of old rows is deleted this often, while there are any.
TIDY_SECONDS = 5.0
#: With nothing to delete, it is looked for this often.
TIDY_IDLE_SECONDS = 300.0


class Keeper(Chore):
    def __init__(self) -> None:
        super().__init__("keeper")
        self._tidy_due = time.monotonic() + TIDY_SECONDS

    def work(self) -> float:
        coverage.count()
        if time.monotonic() >= self._tidy_due:
            more = housekeeping.tidy()
            self._tidy_due = time.monotonic() + (TIDY_SECONDS if more else TIDY_IDLE_SECONDS)
        return COUNT_SECONDS
