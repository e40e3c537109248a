"""Leadership: several processes may run, one of them does the work, and another takes over when it is gone.

The lease is a row, on the database's clock. A leader that was frozen past its lease finds out before it writes
anything: it asks for the lease again before every batch, and what was heard meanwhile is not believed.
"""

import os
import socket
import threading
import time
import uuid

import structlog
from django.db import DatabaseError, close_old_connections, connection, transaction

from conversations.models import Leadership
from conversations.models.clock import sql_now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: How often the leader renews its lease, and a stand-by tries to take it.
RENEW_SECONDS = 1.0
#: A leader whose work has not come round for so long (it may have to wait for calls) is believed to hang.
STUCK_SECONDS = 90.0


class LeaseLost(Exception):
    """Somebody else leads now."""


class Lease:
    """One process's claim to lead; `seconds`: for how long after its last sign of life nobody else does."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name, self._seconds = name, seconds
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._held = False
        self._renewed = self._progress = 0.0

    def take(self) -> bool:
        """Lead, if nobody does. From then on a thread renews the lease."""
        Leadership.objects.get_or_create(name=self._name)
        now = sql_now()
        self._held = self._update(
            f"SET holder = %s, since = {now}, until = {now} + %s WHERE name = %s AND until < {now}",
            [self.holder, self._seconds, self._name],
        )
        if self._held:
            self._renewed = self._progress = time.monotonic()
            threading.Thread(target=self._keep, name="lease", daemon=True).start()
        return self._held

    def hold(self) -> None:
        """Call before whatever only the leader may do; `LeaseLost` if somebody else leads by now."""
        self._progress = time.monotonic()
        if self._held and self._progress - self._renewed > self._seconds:  # we stood still
            self._renew()
        if not self._held:
            raise LeaseLost

    def make_sure(self) -> None:
        """As `hold`, but ask the database whatever we believe: before what another leader's word would be lost by. A
        machine that was suspended finds nothing odd about its own clock."""
        self._progress = time.monotonic()
        if self._held:
            self._renew()
        if not self._held:
            raise LeaseLost

    def release(self) -> None:
        """Let somebody else lead at once."""
        self._held = False
        self._update(
            "SET holder = '', until = 0 WHERE name = %s AND holder = %s", [self._name, self.holder]
        )

    def _keep(self) -> None:
        """Renew as long as the leader makes progress: one that hangs for ever must not lead for ever."""
        while self._held:
            time.sleep(RENEW_SECONDS)
            if time.monotonic() - self._progress > STUCK_SECONDS:
                continue
            try:
                close_old_connections()
                if self._held:
                    self._renew()
            except DatabaseError as error:
                log.warning("lease could not be renewed", error=type(error).__name__)
        connection.close()

    def _renew(self) -> None:
        self._held = self._update(
            f"SET until = {sql_now()} + %s WHERE name = %s AND holder = %s",
            [self._seconds, self._name, self.holder],
        )
        self._renewed = time.monotonic()

    def _update(self, rest: str, parameters: list[str | float]) -> bool:
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            cursor.execute(f"UPDATE conversations_leadership {rest}", parameters)
            return bool(cursor.rowcount)
