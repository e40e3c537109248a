"""What a loop says of trouble that lasts: when it begins, once a minute while it goes on, and when it is over."""

import time

import structlog
from django.db import DatabaseError

#: A round every half second would say it seven thousand times an hour.
AGAIN_SECONDS = 60.0


class Outage:
    """The trouble of one loop, which goes on whatever happens."""

    def __init__(self, loop: str, log: structlog.stdlib.BoundLogger) -> None:
        self._loop, self._log = loop, log
        self._kind = ""
        self._since = self._said = 0.0

    def met(self, error: Exception) -> None:
        """A round ended with this."""
        now, kind = time.monotonic(), type(error).__name__
        if not self._kind:
            self._since = now
        if kind != self._kind or now - self._said >= AGAIN_SECONDS:
            self._kind, self._said = kind, now
            self._say(error, kind, round(now - self._since))

    def _say(self, error: Exception, kind: str, seconds: int) -> None:
        if isinstance(error, DatabaseError):
            words = f"{self._loop} could not reach the database"
            self._log.warning(words, error=kind, seconds=seconds)
        else:  # a mistake of ours: somebody has to look
            self._log.error(
                f"{self._loop} met trouble", error=kind, seconds=seconds, exc_info=error
            )

    def over(self) -> None:
        """A round went well."""
        if self._kind:
            seconds = round(time.monotonic() - self._since)
            self._log.info(f"{self._loop} goes on", seconds=seconds)
            self._kind = ""
