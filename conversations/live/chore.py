"""What the leader does beside listening, each in a thread of its own that ends when it leads no more."""

import threading
from abc import ABC, abstractmethod

import structlog
from django.db import DatabaseError, close_old_connections, connection

from conversations import budget
from conversations.genesys import GenesysError, Refused
from conversations.live import mishap

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: After trouble with the database or with Genesys the next try is made this much later.
AFTER_TROUBLE_SECONDS = 2.0
#: What Genesys refuses it will go on refusing until somebody gives us a permission.
REFUSED_SECONDS = 60.0


def asked_to_wait(error: GenesysError) -> float | None:
    """For how long Genesys wants to be left alone, as far as we do so: nobody here has a deadline that would end it."""
    asked = error.retry_after
    return None if asked is None else min(asked, budget.MAX_BLOCK_SECONDS)


class Chore(threading.Thread, ABC):
    """Works until it is stopped. Whatever goes wrong is logged and tried again."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._stopping = False
        self._woken = False
        self._changed = threading.Condition()

    @abstractmethod
    def work(self) -> float:
        """Do one thing; returns how long (seconds) to rest before the next."""

    def wake(self) -> None:
        """There may be something to do now."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def stop(self) -> None:
        """Finish what is being done, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    @property
    def stopping(self) -> bool:
        return self._stopping

    def run(self) -> None:
        while not self._stopping:
            self._rest(self._try())
        connection.close()

    def _try(self) -> float:
        try:
            close_old_connections()
            try:
                return self.work()
            except GenesysError as error:
                return self._without_answer(error)
        except DatabaseError as error:
            log.warning("no database for a chore", chore=self.name, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the thread's outermost frame: nobody else does this
            log.error("chore failed", chore=self.name, **mishap.facts(error))
        return AFTER_TROUBLE_SECONDS

    def _without_answer(self, error: GenesysError) -> float:
        log.warning("no answer for a chore", chore=self.name, status=error.status, code=error.code)
        budget.heed(error)
        usual = REFUSED_SECONDS if isinstance(error, Refused) else AFTER_TROUBLE_SECONDS
        return asked_to_wait(error) or usual

    def _rest(self, seconds: float) -> None:
        with self._changed:
            if not self._stopping and not self._woken and seconds > 0:
                self._changed.wait(seconds)
            self._woken = False
